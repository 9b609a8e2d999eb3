namespace V2V.Engine.Conversion;

/// <summary>The steps in the order in which they run.</summary>
public static class ConversionSteps
{
    public static IReadOnlyList<ConversionStep> All { get; } = [];
}
