using Markdig;
using Markdig.Syntax;

namespace V2V.Help;

/// <summary>A cmdlet's page in docs/en-US, in the layout of platyPS: sections of the second level, entries of the third.</summary>
internal sealed class HelpPage
{
    private static readonly MarkdownPipeline Markdown = new MarkdownPipelineBuilder().UsePipeTables().UseYamlFrontMatter().Build();

    private readonly Dictionary<string, List<Entry>> _sections = [];

    /// <summary>A heading of the third level and what is below it. The first of a section has no title: it is what comes before any.</summary>
    /// <param name="Title">"-Path", "Example 1: List guests"; empty for the section's own text.</param>
    /// <param name="Text">Paragraphs, lists and tables.</param>
    /// <param name="Code">Contents of the fenced blocks.</param>
    /// <param name="Properties">Of a parameter, in YAML.</param>
    public sealed record Entry(string Title, IReadOnlyList<Block> Text, IReadOnlyList<string> Code, string Properties);

    public static MarkdownDocument Read(string text) => Markdig.Markdown.Parse(text, Markdown);

    public static HelpPage Parse(string text)
    {
        var page = new HelpPage();
        List<Entry> entries = [];
        List<Block> blocks = [];
        List<string> code = [];
        List<string> properties = [];
        var title = "";
        void EndEntry()
        {
            entries.Add(new Entry(title, blocks, code, string.Join('\n', properties)));
            (blocks, code, properties) = ([], [], []);
        }

        foreach (var block in Read(text))
        {
            switch (block)
            {
                case HeadingBlock { Level: <= 2 } heading:
                    EndEntry();
                    (entries, title) = ([], "");
                    page._sections[PlainText.Of(heading)] = entries;
                    break;
                case HeadingBlock heading:
                    EndEntry();
                    title = PlainText.Of(heading);
                    break;
                case FencedCodeBlock fence:
                    (fence.Info == "yaml" ? properties : code).Add(PlainText.CodeOf(fence));
                    break;
                case Markdig.Extensions.Yaml.YamlFrontMatterBlock:
                    break;
                default:
                    blocks.Add(block);
                    break;
            }
        }

        EndEntry();
        return page;
    }

    /// <summary>The text of a section before its first entry.</summary>
    public IReadOnlyList<Block> Text(string section) => _sections.GetValueOrDefault(section) is [{ Title: "" } text, ..] ? text.Text : [];

    /// <summary>A section's entries, its own text left out.</summary>
    public IEnumerable<Entry> Entries(string section) => _sections.GetValueOrDefault(section, []).Where(entry => entry.Title.Length > 0);

    public Entry? Parameter(string name) => Entries("PARAMETERS").FirstOrDefault(entry => entry.Title == "-" + name);
}
