using Markdig.Syntax;

namespace V2V.Help;

/// <summary>An about_ topic as text of 80 columns: what Get-Help shows of it.</summary>
internal static class AboutTopic
{
    public const int Width = 80;

    private const string Indent = "    ";

    /// <param name="page">The page, with the topic's name as its heading of the second level (platyPS' layout).</param>
    public static string Write(string page)
    {
        var lines = new List<string>();
        List<Block> blocks = [];
        void EndBlocks()
        {
            lines.AddRange(PlainText.Lines(blocks, Width - Indent.Length).Select(line => line.Length == 0 ? "" : Indent + line));
            blocks = [];
        }

        foreach (var block in HelpPage.Read(page))
        {
            if (block is not HeadingBlock heading)
            {
                blocks.Add(block);
                continue;
            }

            EndBlocks();
            var title = PlainText.Of(heading);
            switch (heading.Level)
            {
                case 1 when lines.Count == 0:
                    lines.Add("TOPIC");
                    break;
                case 2 when title.StartsWith("about_", StringComparison.Ordinal):
                    lines.Add(Indent + title);
                    break;
                case 1:
                    lines.AddRange(["", title.ToUpperInvariant()]);
                    break;
                default:
                    lines.AddRange(["", "  " + title, ""]);
                    break;
            }
        }

        EndBlocks();
        return string.Join('\n', lines) + "\n";
    }
}
