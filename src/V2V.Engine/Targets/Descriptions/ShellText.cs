using System.Text;

namespace V2V.Engine.Targets.Descriptions;

/// <summary>Puts text of foreign origin into POSIX shell scripts so that it stays text.</summary>
internal static class ShellText
{
    private const string Plain = "+-./:=@_%";

    /// <summary>One word, whatever is in it: in single quotes, where nothing is special (POSIX.1-2017, XCU 2.2.2).</summary>
    public static string Quote(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || Plain.Contains(c))
            ? text
            : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>Text for a comment, which ends with its line.</summary>
    public static string Comment(string text)
    {
        var line = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            line.Append(char.IsControl(c) || c is '\u2028' or '\u2029' ? ' ' : c);
        }

        return line.ToString();
    }

    /// <summary>A command over several lines, one word or option with its value a line.</summary>
    public static string Command(IEnumerable<string> parts) => string.Join(" \\\n\t", parts) + "\n";
}
