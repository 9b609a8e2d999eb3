namespace V2V.Benchmarks;

/// <summary>A command that is measured.</summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="Program">The program.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="Output">File or folder that it makes; removed before and after each run.</param>
internal sealed record Contender(string Name, string Program, IReadOnlyList<string> Arguments, string Output)
{
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary><see cref="Output"/> must be there, as an empty folder.</summary>
    public bool OutputIsFolder { get; init; }

    /// <summary>A peer that is left out where it fails, since it is not installed, or not completely.</summary>
    public bool IsOptional { get; init; }

    /// <summary><see cref="Output"/> stays, for those that come later.</summary>
    public bool KeepsOutput { get; init; }

    /// <summary>It prints the phases of its work (see <see cref="Worker"/>).</summary>
    public bool PrintsPhases { get; init; }

    /// <summary>What the others are compared with.</summary>
    public bool IsYardstick { get; init; }

    /// <summary>What its output has to compare equal with (qemu-img's name of it); null when the guest's free space is left out.</summary>
    public string? EqualTo { get; init; }
}
