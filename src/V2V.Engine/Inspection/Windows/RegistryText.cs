using V2V.Engine.Registry;

namespace V2V.Engine.Inspection.Windows;

/// <summary>Values of the registry as inspection wants them.</summary>
internal static class RegistryText
{
    /// <summary>Longer than any name, version or path that is shown; what a hive claims beyond that is cut.</summary>
    private const int MaxLength = 1024;

    /// <summary>The text without blanks around it, or null when it is missing, empty or of another kind.</summary>
    public static string? Text(this RegistryKey key, string name) =>
        key.GetString(name)?.Trim() is { Length: > 0 } text ? text[..Math.Min(text.Length, MaxLength)] : null;

    /// <summary>Numbers are kept as text in several places.</summary>
    public static int? Number(this RegistryKey key, string name) =>
        key.GetUInt32(name) is { } number and <= int.MaxValue ? (int)number
        : int.TryParse(key.Text(name), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var parsed) ? parsed
        : null;

    /// <summary>A list of texts, also where old versions wrote one text; without empty ones.</summary>
    public static IReadOnlyList<string> Texts(this RegistryKey key, string name) =>
        [.. (key.GetStrings(name) ?? key.GetString(name)?.Split(',', ' ', ';') ?? []).Select(t => t.Trim()).Where(t => t.Length > 0)];
}
