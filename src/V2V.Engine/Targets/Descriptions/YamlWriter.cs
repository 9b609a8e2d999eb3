using System.Globalization;
using System.Text;

namespace V2V.Engine.Targets.Descriptions;

/// <summary>
/// Writes YAML in block style, two blanks a level. Texts are in double quotes, escaped as in JSON, which YAML 1.2 takes as they are (section 7.3.1);
/// numbers and Booleans are plain.
/// </summary>
internal sealed class YamlWriter
{
    private const string Dash = "- ";

    private readonly StringBuilder _text = new();
    private int _level;
    private string _dash = "";

    public void Document() => _text.Append("---\n");

    public void Comment(string text) => Indent().Append("# ").Append(ShellText.Comment(text)).Append('\n');

    public void Text(string key, string value) => Line(key, Quote(value));

    public void Number(string key, long value) => Line(key, value.ToString(CultureInfo.InvariantCulture));

    public void Boolean(string key, bool value) => Line(key, value ? "true" : "false");

    /// <summary>A mapping without entries, which is how Kubernetes' objects say that something is there.</summary>
    public void Empty(string key) => Line(key, "{}");

    public void Mapping(string key, Action content)
    {
        Line(key, null);
        Nested(content);
    }

    /// <summary>A list with a mapping for each of <paramref name="items"/>; nothing without items.</summary>
    public void List<T>(string key, IEnumerable<T> items, Action<T> content)
    {
        var all = items.ToArray();
        if (all.Length == 0)
        {
            return;
        }

        Line(key, null);
        foreach (var item in all)
        {
            _dash = Dash;
            Nested(() => content(item));
        }
    }

    public void Texts(string key, params string[] values)
    {
        Line(key, null);
        foreach (var value in values)
        {
            Indent().Append(Dash).Append(Quote(value)).Append('\n');
        }
    }

    public override string ToString() => _text.ToString();

    private static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            _ = c is '"' or '\\' ? quoted.Append('\\').Append(c)
                : c is < ' ' or > '~' ? quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}")
                : quoted.Append(c);
        }

        return quoted.Append('"').ToString();
    }

    private void Line(string key, string? value)
    {
        Indent().Append(key).Append(':').Append(value is null ? "" : " ").Append(value).Append('\n');
    }

    private void Nested(Action content)
    {
        _level++;
        content();
        _level--;
    }

    /// <summary>The first entry of an item stands behind its dash.</summary>
    private StringBuilder Indent()
    {
        _text.Append(' ', (2 * _level) - _dash.Length).Append(_dash);
        _dash = "";
        return _text;
    }
}
