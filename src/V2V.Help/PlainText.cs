using System.Text;
using Markdig.Extensions.Tables;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace V2V.Help;

/// <summary>Markdown as text for a console.</summary>
internal static class PlainText
{
    public const int NoWrapping = int.MaxValue;

    private const int CodeIndent = 4;

    /// <summary>The lines of a text, no empty one at its ends, an empty one between blocks.</summary>
    /// <param name="blocks">Paragraphs, lists, tables, code.</param>
    /// <param name="width">Columns that there are; code is not wrapped.</param>
    public static List<string> Lines(IEnumerable<Block> blocks, int width)
    {
        var lines = new List<string>();
        foreach (var block in blocks)
        {
            if (lines.Count > 0)
            {
                lines.Add("");
            }

            lines.AddRange(block switch
            {
                ParagraphBlock paragraph => Wrap(Of(paragraph), width),
                ListBlock list => ListLines(list, width),
                Table table => TableLines(table, width),
                CodeBlock code => CodeOf(code).Split('\n').Select(line => line.Length == 0 ? "" : new string(' ', CodeIndent) + line),
                ContainerBlock container => Lines(container, width),
                _ => throw new NotSupportedException($"Line {block.Line + 1}: help has no counterpart of a {block.GetType().Name}."),
            });
        }

        return lines;
    }

    public static string Of(LeafBlock block) => block.Inline is { } inline ? Of(inline).Trim() : "";

    public static string CodeOf(CodeBlock code) => code.Lines.ToString().ReplaceLineEndings("\n").TrimEnd('\n');

    public static List<string> Wrap(string text, int width)
    {
        var lines = new List<string>();
        var line = new StringBuilder();
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                lines.Add(line.ToString());
                line.Clear();
            }

            line.Append(line.Length > 0 ? " " : "").Append(word);
        }

        lines.Add(line.ToString());
        return lines;
    }

    public static string Of(ContainerInline inlines)
    {
        var text = new StringBuilder();
        foreach (var inline in inlines)
        {
            text.Append(inline switch
            {
                LiteralInline literal => literal.Content.ToString(),
                CodeInline code => code.Content,
                LineBreakInline => " ",
                AutolinkInline link => link.Url,
                HtmlEntityInline entity => entity.Transcoded.ToString(),
                HtmlInline html => html.Tag,
                // A page of this module is known by its name; everything else by where it is.
                LinkInline { Url: { } url } link when url.Contains("://", StringComparison.Ordinal) => $"{Of(link)} ({url})",
                ContainerInline container => Of(container),
                _ => throw new NotSupportedException($"Help has no counterpart of a {inline.GetType().Name}."),
            });
        }

        return text.ToString();
    }

    private static IEnumerable<string> ListLines(ListBlock list, int width)
    {
        var number = 0;
        foreach (var item in list.Cast<ListItemBlock>())
        {
            var bullet = list.IsOrdered ? $"{++number}. " : "- ";
            var lines = Lines(item, width == NoWrapping ? width : width - bullet.Length);
            for (var i = 0; i < lines.Count; i++)
            {
                yield return lines[i].Length == 0 ? "" : (i == 0 ? bullet : new string(' ', bullet.Length)) + lines[i];
            }
        }
    }

    /// <summary>Columns as wide as their content; the last one is wrapped within what is left.</summary>
    private static IEnumerable<string> TableLines(Table table, int width)
    {
        var rows = table.Cast<TableRow>().Select(row => row.Cast<TableCell>().Select(cell => string.Join(' ', Lines(cell, NoWrapping))).ToArray()).ToArray();
        var columns = rows.Max(row => row.Length);
        var widths = Enumerable.Range(0, columns).Select(i => rows.Max(row => i < row.Length ? row[i].Length : 0)).ToArray();
        var before = widths[..^1].Sum(w => w + 2);
        var last = width == NoWrapping ? widths[^1] : Math.Max(width - before, 20);
        for (var i = 0; i < rows.Length; i++)
        {
            var start = string.Concat(rows[i].Take(columns - 1).Select((cell, column) => cell.PadRight(widths[column] + 2)));
            var end = Wrap(rows[i].Length == columns ? rows[i][^1] : "", last);
            foreach (var (line, first) in end.Select((line, index) => (line, index == 0)))
            {
                yield return ((first ? start : new string(' ', before)) + line).TrimEnd();
            }

            if (i == 0)
            {
                yield return string.Join("  ", widths[..^1].Append(Math.Min(widths[^1], last)).Select(w => new string('-', w)));
            }
        }
    }
}
