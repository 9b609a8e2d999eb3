namespace V2V.Engine.Inspection;

/// <summary>Splits a configuration file into lines that keep their ends, so that joining them gives the file back byte for byte.</summary>
internal static class TextLines
{
    public static List<string> Split(string text)
    {
        var lines = new List<string>();
        for (var start = 0; start < text.Length;)
        {
            var end = text.IndexOf('\n', start);
            end = end < 0 ? text.Length : end + 1;
            lines.Add(text[start..end]);
            start = end;
        }

        return lines;
    }

    /// <summary>Applies <paramref name="edit"/> to each line, given without its end.</summary>
    public static string Edit(string text, Func<string, string> edit)
    {
        var lines = Split(text);
        for (var i = 0; i < lines.Count; i++)
        {
            var content = lines[i].TrimEnd('\n').TrimEnd('\r');
            lines[i] = edit(content) + lines[i][content.Length..];
        }

        return string.Concat(lines);
    }
}
