using System.Text;

namespace V2V.Engine.Inspection;

/// <summary>
/// Files of shell assignments: os-release, lsb-release, /etc/default/grub. Nothing is expanded; a value that would need a shell to know
/// (command substitution, other variables) is given as it is written.
/// </summary>
internal static class ShellVariables
{
    /// <summary>The last assignment of each variable.</summary>
    public static Dictionary<string, string> Parse(string text)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in TextLines.Split(text))
        {
            var assignment = line.Trim();
            if (assignment.StartsWith("export ", StringComparison.Ordinal))
            {
                assignment = assignment["export ".Length..].TrimStart();
            }

            var equals = assignment.IndexOf('=');
            if (equals > 0 && assignment.AsSpan(0, equals).IndexOfAnyExcept(NameCharacters) < 0)
            {
                values[assignment[..equals]] = Unquote(assignment[(equals + 1)..]);
            }
        }

        return values;
    }

    private static readonly System.Buffers.SearchValues<char> NameCharacters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

    private static string Unquote(string value)
    {
        var text = new StringBuilder(value.Length);
        var quote = '\0';
        for (var i = 0; i < value.Length; i++)
        {
            var c = value[i];
            if (quote == '\0' && (char.IsWhiteSpace(c) || c == ';'))
            {
                break;
            }

            if (c == quote)
            {
                quote = '\0';
            }
            else if (quote == '\0' && c is ('"' or '\''))
            {
                quote = c;
            }
            else if (c == '\\' && quote != '\'' && i + 1 < value.Length && (quote == '\0' || value[i + 1] is '"' or '\\' or '$' or '`'))
            {
                text.Append(value[++i]);
            }
            else
            {
                text.Append(c);
            }
        }

        return text.ToString();
    }
}
