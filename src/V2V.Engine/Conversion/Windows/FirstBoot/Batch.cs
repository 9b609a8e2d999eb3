using System.Text;

namespace V2V.Engine.Conversion.Windows.FirstBoot;

/// <summary>
/// Text of batch files. It is ASCII throughout: cmd.exe reads batch files in the console's code page, which depends on the guest's language.
/// Delayed expansion is off, as it is by default, so '!' means nothing.
/// </summary>
internal static class Batch
{
    /// <summary>
    /// Waits this many seconds. timeout.exe needs a console to read from, and XP has none; ping waits a second between two of its packets.
    /// </summary>
    public static string Sleep(int seconds) => $"ping -n {seconds + 1} 127.0.0.1 >nul";

    /// <summary>A whole batch file of these lines, which may be several lines each.</summary>
    public static string File(params IEnumerable<string> lines)
    {
        var text = new StringBuilder("@echo off\r\n");
        foreach (var line in lines.SelectMany(l => l.ReplaceLineEndings("\n").Split('\n')))
        {
            text.Append(line).Append("\r\n");
        }

        return text.ToString();
    }

    /// <summary>True for text that can stand between double quotes in a batch file and mean itself, once its percent signs are doubled.</summary>
    public static bool CanQuote(string text) => text.All(c => c is >= ' ' and <= '~' and not '"');

    /// <summary>The text in double quotes, as one argument that means itself: between quotes, only '%' is special.</summary>
    /// <exception cref="ArgumentException">It has characters that cannot be written so.</exception>
    public static string Quote(string text) => CanQuote(text)
        ? $"\"{text.Replace("%", "%%", StringComparison.Ordinal)}\""
        : throw new ArgumentException("The text has characters that a batch file cannot hold.", nameof(text));

    /// <summary>A file name that stands between double quotes with other text.</summary>
    public static string Name(string name) => Quote(name)[1..^1];

    /// <summary>A comment or a message that cannot end its line or start a command, whatever a guest's registry has put into it.</summary>
    public static string Plain(string text) =>
        string.Concat(text.Select(c => c is >= ' ' and <= '~' and not ('%' or '&' or '|' or '<' or '>' or '^' or '"' or '(' or ')') ? c : '_'));
}
