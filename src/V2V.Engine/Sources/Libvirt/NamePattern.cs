using System.Text;
using System.Text.RegularExpressions;

namespace V2V.Engine.Sources.Libvirt;

/// <summary>
/// A name of a domain as PowerShell users write it: with the wildcards *, ? and [a-z], of which a backtick takes the meaning, in any case
/// of letters; or a UUID.
/// </summary>
internal sealed class NamePattern
{
    private readonly Regex _expression;
    private readonly Guid? _uuid;

    public NamePattern(string text)
    {
        Text = text;
        _uuid = Guid.TryParse(text, out var uuid) ? uuid : null;
        // This kind of expression takes a time that grows with the name's length only.
        _expression = new Regex(Translate(text, out var hasWildcards), RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.Singleline);
        HasWildcards = hasWildcards;
    }

    public string Text { get; }

    /// <summary>Whether it is no error that nothing matches.</summary>
    public bool HasWildcards { get; }

    public bool Matches(string name, Guid uuid) => name == Text || uuid == _uuid || _expression.IsMatch(name);

    private static string Translate(string text, out bool hasWildcards)
    {
        hasWildcards = false;
        var expression = new StringBuilder(@"\A");
        for (var i = 0; i < text.Length; i++)
        {
            var end = text[i] == '[' ? text.IndexOf(']', Math.Min(i + 2, text.Length)) : -1;
            switch (text[i])
            {
                case '*':
                    expression.Append(".*");
                    break;
                case '?':
                    expression.Append('.');
                    break;
                case '[' when end > 0:
                    expression.Append('[').Append(Class(text[(i + 1)..end])).Append(']');
                    i = end;
                    break;
                case '`' when i + 1 < text.Length:
                    expression.Append(Regex.Escape(text[++i].ToString()));
                    continue;
                default:
                    expression.Append(Regex.Escape(text[i].ToString()));
                    continue;
            }

            hasWildcards = true;
        }

        return expression.Append(@"\z").ToString();
    }

    /// <summary>Characters and ranges; one that is upside down has nothing in it.</summary>
    private static string Class(string characters)
    {
        var expression = new StringBuilder();
        for (var i = 0; i < characters.Length; i++)
        {
            if (i + 2 < characters.Length && characters[i + 1] == '-')
            {
                if (characters[i] <= characters[i + 2])
                {
                    expression.Append(Escape(characters[i])).Append('-').Append(Escape(characters[i + 2]));
                }

                i += 2;
            }
            else
            {
                expression.Append(Escape(characters[i]));
            }
        }

        return expression.Length == 0 ? @"^\s\S" : expression.ToString();
    }

    private static string Escape(char character) => $@"\u{(int)character:X4}";
}
