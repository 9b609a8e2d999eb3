using System.IO.Enumeration;

namespace V2V.Engine;

/// <summary>Critical concerns that the user takes upon himself, by their ids; patterns may have * and ?.</summary>
internal sealed class IgnoredConcerns(IReadOnlyList<string> patterns)
{
    /// <summary>The same concerns: those that are to be ignored and can be have become warnings, with a note.</summary>
    public IReadOnlyList<Concern> Apply(IReadOnlyList<Concern> concerns) => patterns.Count == 0 ? concerns : [.. concerns.Select(Apply)];

    /// <summary>An id is among them as it is, not only by a pattern.</summary>
    public bool Names(string id) => patterns.Contains(id, StringComparer.OrdinalIgnoreCase);

    /// <summary>Tells with a concern that it cannot be ignored, when it was named to be.</summary>
    public Concern Explain(Concern concern) =>
        concern.Severity == ConcernSeverity.Critical && Names(concern.Id)
            ? concern with { Message = $"{concern.Message} {concern.Id} cannot be ignored." }
            : concern;

    private Concern Apply(Concern concern) =>
        concern.Severity != ConcernSeverity.Critical || !patterns.Any(p => FileSystemName.MatchesSimpleExpression(p, concern.Id)) ? concern
        : ConcernCatalogue.Find(concern.Id) is { CanBeIgnored: true }
            ? concern with { Severity = ConcernSeverity.Warning, Message = $"{concern.Message} This would refuse the guest, and is ignored as told." }
        : Explain(concern);
}
