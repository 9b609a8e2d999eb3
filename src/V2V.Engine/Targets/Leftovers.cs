namespace V2V.Engine.Targets;

/// <summary>What a target could not take back.</summary>
internal static class Leftovers
{
    /// <summary>Does a part of the cleaning up. What fails there does not keep the rest from being cleaned up: it is a concern.</summary>
    /// <param name="removal">The part.</param>
    /// <param name="path">What it is about, for the message.</param>
    /// <param name="concerns">Takes the concern.</param>
    public static void Attempt(Action removal, string path, List<Concern> concerns)
    {
        try
        {
            removal();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or V2VException)
        {
            concerns.Add(new Concern(ConcernSeverity.Warning, "LeftBehind", $"{path} could not be cleaned up: {e.Message}", "The next conversion tries it again; or look at it and delete it by hand."));
        }
    }
}
