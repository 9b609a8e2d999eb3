namespace V2V.Engine;

/// <summary>How much a concern matters to the person who decides about a migration.</summary>
public enum ConcernSeverity
{
    /// <summary>Worth knowing; nothing to do.</summary>
    Information,
    /// <summary>The guest will run, but something will differ or needs a look.</summary>
    Warning,
    /// <summary>The conversion is refused because of this.</summary>
    Critical,
}

/// <summary>Something found about a guest, its source or its target that the user should know.</summary>
/// <param name="Severity">How much it matters.</param>
/// <param name="Id">A stable word for scripts: "StaticAddressLost", "NoKvm".</param>
/// <param name="Message">What was found and where.</param>
/// <param name="Advice">What to do about it.</param>
public sealed record Concern(ConcernSeverity Severity, string Id, string Message, string? Advice = null)
{
    /// <summary>The error that a conversion ends in for the sake of a critical one whose <see cref="Id"/> is no error's name.</summary>
    internal V2VError? Error { get; init; }

    public override string ToString() => Advice is null ? Message : $"{Message} {Advice}";
}
