namespace V2V.Benchmarks;

/// <summary>Contenders that are compared with each other, in alternating runs; a table of the result.</summary>
/// <param name="Title">The table's heading.</param>
/// <param name="Contenders">The rows.</param>
internal sealed record Section(string Title, IReadOnlyList<Contender> Contenders)
{
    /// <summary>A sentence below the heading.</summary>
    public string Note { get; init; } = "";
}
