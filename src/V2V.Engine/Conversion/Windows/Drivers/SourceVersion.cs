using System.Text.Json;

namespace V2V.Engine.Conversion.Windows.Drivers;

/// <summary>The version of a whole source: what its data/info.json says, else the label of the image ("virtio-win-0.1.248").</summary>
internal static class SourceVersion
{
    private const string InfoPath = "data/info.json";
    private const string LabelPrefix = "virtio-win-";
    private const int MaxInfoLength = 8 << 20;
    private const int MaxVersionLength = 64;

    public static string? Read(DriverSource source) =>
        (source.Find(InfoPath) is { Length: > 0 and <= MaxInfoLength } info ? FromInfo(source.Read(info)) : null)
        ?? (source.Label is { } label && label.StartsWith(LabelPrefix, StringComparison.OrdinalIgnoreCase) ? label[LabelPrefix.Length..] : null);

    private static string? FromInfo(byte[] content)
    {
        try
        {
            using var document = JsonDocument.Parse(content);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("version", out var version)
                && version.ValueKind == JsonValueKind.String
                && version.GetString() is { Length: > 0 and <= MaxVersionLength } text
                ? text
                : null;
        }
        catch (JsonException)
        {
            // It only informs.
            return null;
        }
    }
}
