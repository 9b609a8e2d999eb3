using System.Text;

namespace V2V.Engine.Conversion.Windows.Drivers;

/// <summary>Takes the text of an INF file apart: lines that go on, comments, quotation marks, commas.</summary>
internal static class InfText
{
    /// <summary>SetupAPI's own limit on a line is 4096 characters after everything is put in.</summary>
    private const int MaxLineLength = 1 << 16;

    /// <summary>The lines that hold something, without comments; one that ends in a backslash goes on in the next.</summary>
    public static IEnumerable<string> LogicalLines(string text)
    {
        var pending = new StringBuilder();
        foreach (var part in text.Split('\n'))
        {
            var line = WithoutComment(part);
            var goesOn = line.EndsWith('\\');
            pending.Append(goesOn ? line[..^1] : line);
            if (goesOn && pending.Length < MaxLineLength)
            {
                continue;
            }

            var whole = pending.ToString().Trim();
            pending.Clear();
            if (whole.Length > 0)
            {
                yield return whole;
            }
        }

        if (pending.Length > 0)
        {
            yield return pending.ToString().Trim();
        }
    }

    public static InfLine ParseLine(string line)
    {
        var equals = Find(line, '=', 0);
        var values = new List<string>();
        for (var start = equals + 1; ;)
        {
            var comma = Find(line, ',', start);
            values.Add(Unquote(line.AsSpan(start, (comma < 0 ? line.Length : comma) - start)));
            if (comma < 0)
            {
                return new InfLine(equals < 0 ? null : Unquote(line.AsSpan(0, equals)), values);
            }

            start = comma + 1;
        }
    }

    private static string WithoutComment(string line)
    {
        var end = Find(line, ';', 0);
        return (end < 0 ? line : line[..end]).Trim();
    }

    /// <summary>The first place of a character that does not stand between quotation marks, or -1.</summary>
    private static int Find(ReadOnlySpan<char> line, char what, int start)
    {
        var isQuoted = false;
        for (var i = start; i < line.Length; i++)
        {
            if (line[i] == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (!isQuoted && line[i] == what)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Within quotation marks two of them stand for one.</summary>
    private static string Unquote(ReadOnlySpan<char> value)
    {
        value = value.Trim();
        return value.IndexOf('"') < 0
            ? value.ToString()
            : value is ['"', .., '"'] && value.Length > 1
                ? value[1..^1].ToString().Replace("\"\"", "\"", StringComparison.Ordinal)
                : value.ToString().Replace("\"", "", StringComparison.Ordinal);
    }
}
