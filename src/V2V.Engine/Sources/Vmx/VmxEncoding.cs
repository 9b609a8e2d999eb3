using System.Text;

namespace V2V.Engine.Sources.Vmx;

/// <summary>A .vmx file names its own encoding in the line <c>.encoding = "..."</c>, which is plain ASCII; without one it is UTF-8.</summary>
internal static class VmxEncoding
{
    /// <summary>The line is among the first; products put nothing but a shebang before it.</summary>
    private const int SearchedBytes = 4096;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static string Decode(ReadOnlySpan<byte> content)
    {
        var encoding = FindName(content) is { } name ? Find(name) : StrictUtf8;
        try
        {
            return encoding.GetString(content);
        }
        catch (DecoderFallbackException)
        {
            // Hosts of before UTF-8 wrote the local code page without saying so. Latin-1 decodes any byte and keeps the ASCII keys right.
            return Encoding.Latin1.GetString(content);
        }
    }

    private static string? FindName(ReadOnlySpan<byte> content)
    {
        var head = Encoding.Latin1.GetString(content[..Math.Min(content.Length, SearchedBytes)]);
        foreach (var line in head.AsSpan().EnumerateLines())
        {
            var text = line.Trim();
            if (text.StartsWith(".encoding", StringComparison.OrdinalIgnoreCase) && text.IndexOf('=') is > 0 and var equals)
            {
                return text[(equals + 1)..].Trim().Trim('"').ToString();
            }
        }

        return null;
    }

    private static Encoding Find(string name)
    {
        try
        {
            return name.Equals("UTF-8", StringComparison.OrdinalIgnoreCase)
                ? StrictUtf8
                : CodePagesEncodingProvider.Instance.GetEncoding(name) ?? Encoding.GetEncoding(name);
        }
        catch (ArgumentException)
        {
            return StrictUtf8;
        }
    }
}
