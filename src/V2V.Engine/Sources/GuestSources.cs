namespace V2V.Engine.Sources;

/// <summary>Every kind of source, in the order in which they are asked whether a file is theirs.</summary>
public static class GuestSources
{
    public static IReadOnlyList<GuestSource> All { get; } = [];
}
