using System.Text.RegularExpressions;
using V2V.Engine;
using V2V.Help;

namespace V2V.PowerShell.Tests;

/// <summary>The pages in docs/en-US, which are the source of all help, and what Get-Help makes of them.</summary>
[Collection(ProfilesCollection.Name)]
public sealed class HelpTests : IDisposable
{
    private readonly Session _session = new();

    public static TheoryData<string> CmdletNames => [.. Help.Cmdlet.All.Select(cmdlet => cmdlet.Name)];

    public static TheoryData<string> Topics => [.. TopicNames];

    internal static IEnumerable<string> TopicNames => Directory.GetFiles(Pages, "about_*.md").Select(path => Path.GetFileNameWithoutExtension(path)!).Order();

    private static string Pages => Path.Combine(Repository.Root, "docs", "en-US");

    public void Dispose() => _session.Dispose();

    [Theory]
    [MemberData(nameof(CmdletNames))]
    public void A_page_says_of_each_parameter_what_the_cmdlet_does(string name)
    {
        var path = Path.Combine(Pages, name + ".md");
        Assert.True(File.Exists(path), $"Write docs/en-US/{name}.md. For its skeleton run: dotnet run --project src/V2V.Help -- update docs/en-US");
        var findings = PageUpdate.Findings(File.ReadAllText(path), Cmdlet(name)).ToList();
        Assert.True(findings.Count == 0, string.Join("\n\n", findings));
    }

    [Theory]
    [MemberData(nameof(CmdletNames))]
    public void A_page_has_all_that_help_shows(string name)
    {
        var text = File.ReadAllText(Path.Combine(Pages, name + ".md"));
        Assert.DoesNotContain(PageUpdate.ToWrite, text, StringComparison.Ordinal);
        var page = HelpPage.Parse(text);
        Assert.NotEmpty(page.Text("SYNOPSIS"));
        Assert.NotEmpty(page.Text("DESCRIPTION"));
        Assert.NotEmpty(page.Entries("INPUTS"));
        Assert.NotEmpty(page.Entries("OUTPUTS"));
        var examples = page.Entries("EXAMPLES").ToList();
        Assert.True(examples.Count >= 3, $"{name}.md has {examples.Count} examples; three are the least.");
        Assert.All(examples, example => Assert.True(example.Code.Count > 0 && example.Text.Count > 0, $"{name}.md: {example.Title} needs code and a sentence."));
    }

    [Theory]
    [MemberData(nameof(CmdletNames))]
    public void Get_Help_has_the_text_of_the_page(string name)
    {
        var page = HelpPage.Parse(File.ReadAllText(Path.Combine(Pages, name + ".md")));
        Assert.EndsWith("V2V.PowerShell.dll-Help.xml", _session.Run("param($n) (Get-Command $n).HelpFile", name).Only<string>(), StringComparison.Ordinal);
        Assert.Equal(Text(page.Text("SYNOPSIS")), Shown("param($n) (Get-Help $n).Synopsis", name));
        Assert.Equal(Text(page.Text("DESCRIPTION")), Shown("param($n) (Get-Help $n).description.Text", name));
        Assert.Equal(Cmdlet(name).ParameterSets.Count, _session.Run("param($n) (Get-Help $n).syntax.syntaxItem.name", name).Output.Count);
        var shown = _session.Run("param($n) foreach ($p in (Get-Help $n -Parameter *)) { \"$($p.name)|$($p.pipelineInput)|$($p.description.Text -join ' ')\" }", name).All<string>();
        Assert.Equal(Cmdlet(name).Parameters.Select(p => $"{p.Name}|{Help.Cmdlet.PipelineInput(p)}|{Text(page.Parameter(p.Name)!.Text)}").Order(), shown.Order());
    }

    /// <summary>What a person reads: all sections, and a syntax for each parameter set.</summary>
    [Theory]
    [MemberData(nameof(CmdletNames))]
    public void Get_Help_is_shown_whole(string name)
    {
        _session.Run("param($n) Get-Help $n -Full | Out-Default; Get-Help $n -Examples | Out-Default", name);
        var text = _session.Host.Text;
        Assert.All(["NAME", "SYNOPSIS", "SYNTAX", "DESCRIPTION", "PARAMETERS", "INPUTS", "OUTPUTS"], section => Assert.Contains(section + "\n", text, StringComparison.Ordinal));
        Assert.True(Regex.Count(text, $@"^ +{name} .*<CommonParameters>", RegexOptions.Multiline | RegexOptions.Singleline) >= 1, text);
        var page = HelpPage.Parse(File.ReadAllText(Path.Combine(Pages, name + ".md")));
        Assert.All(page.Entries("EXAMPLES"), example => Assert.Equal(2, Regex.Count(text, Regex.Escape(example.Title) + " -----")));
        Assert.All(page.Entries("EXAMPLES"), example => Assert.Contains(example.Code[0].Split(' ')[0], text, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Topics))]
    public void A_topic_fits_a_console(string name)
    {
        var topic = AboutTopic.Write(File.ReadAllText(Path.Combine(Pages, name + ".md")));
        var lines = topic.Split('\n');
        Assert.Equal(["TOPIC", "    " + name, "", "SHORT DESCRIPTION"], lines[..4]);
        Assert.Contains("LONG DESCRIPTION", lines);
        Assert.All(lines, line => Assert.True(line.Length <= AboutTopic.Width, $"{name} is {line.Length} columns wide: {line}"));
        Assert.All(["**", "`", ".md)", "&lt;"], mark => Assert.DoesNotContain(mark, topic, StringComparison.Ordinal));
    }

    /// <summary>Also from a clone that was built, as README.md has it.</summary>
    [Fact]
    public void Get_Help_finds_the_topics() => Assert.Equal(
        TopicNames.Order(StringComparer.Ordinal), _session.Run("Get-Help about_V2V* | ForEach-Object Name").All<string>().Order(StringComparer.Ordinal));

    /// <summary>The engine's errors, and the ids that the table of the module's own error records has in its source.</summary>
    [Fact]
    public void Every_error_is_explained()
    {
        var topic = File.ReadAllText(Path.Combine(Pages, "about_V2V_Troubleshooting.md"));
        var source = File.ReadAllText(Path.Combine(Repository.Root, "src", "V2V.PowerShell", "ErrorRecords.cs"));
        var own = Regex.Matches(source, @"(?:""(\w+)""|nameof\((\w+)\)),\s+ErrorCategory\.(\w+)").Select(m => (Id: m.Groups[1].Value + m.Groups[2].Value, Category: m.Groups[3].Value));
        var known = Enum.GetValues<V2VError>().Select(error => ErrorRecords.From(new V2VException(error, ""), target: null))
            .Select(record => (Id: record.FullyQualifiedErrorId, Category: record.CategoryInfo.Category.ToString())).Concat(own).Distinct().ToList();
        Assert.Contains("ParametersConflict", known.Select(error => error.Id));
        Assert.All(known, error => Assert.True(
            Regex.IsMatch(topic, $@"^- {error.Id} \({error.Category}\): \S", RegexOptions.Multiline),
            $"Add to docs/en-US/about_V2V_Troubleshooting.md: '- {error.Id} ({error.Category}): what it means. What to do.'"));
        var explained = Regex.Matches(topic, @"^- (\w+) \(\w+\): ", RegexOptions.Multiline).Select(m => m.Groups[1].Value).ToList();
        Assert.Equal(known.Select(error => error.Id).Distinct().Order(), explained.Order());
    }

    [Fact]
    public void Markdown_becomes_text()
    {
        const string Page = """
            # T
            ## about_T
            # SHORT DESCRIPTION
            Some `code` and a [page](Page.md), a [site](https://example.org/x), <https://example.org>, **bold** &amp; <name>.

            - one
              more
            - two

            | Id | What |
            |---|---|
            | A | first |
            | Longer | second |

            ```
            code  as it is
            ```
            """;
        Assert.Equal("""
            TOPIC
                about_T

            SHORT DESCRIPTION
                Some code and a page, a site (https://example.org/x), https://example.org,
                bold & <name>.

                - one more
                - two

                Id      What
                ------  ------
                A       first
                Longer  second

                    code  as it is

            """.ReplaceLineEndings("\n"), AboutTopic.Write(Page.ReplaceLineEndings("\n")));
    }

    [Fact]
    public void What_a_page_lacks_or_has_wrong_is_told_and_put_right()
    {
        var cmdlet = Cmdlet("Get-V2VProfile");
        var page = File.ReadAllText(Path.Combine(Pages, "Get-V2VProfile.md"));
        Assert.Equal(page, PageUpdate.Apply(page, cmdlet));

        var section = Regex.Match(page, "^### -Scope\n.*?(?=^### )", RegexOptions.Multiline | RegexOptions.Singleline).Value;
        var without = page.Replace(section, "", StringComparison.Ordinal);
        Assert.Contains("### -Scope", Assert.Single(PageUpdate.Findings(without, cmdlet)), StringComparison.Ordinal);
        Assert.Contains("write below '### -Scope'", Assert.Single(PageUpdate.Findings(PageUpdate.Apply(without, cmdlet), cmdlet)), StringComparison.Ordinal);

        var wrong = page.Replace("[-Scope <ProfileScope>]", "", StringComparison.Ordinal).Replace("Type: ProfileScope", "Type: String", StringComparison.Ordinal)
            .Replace("### -Scope\n", "### -Scop\nWhat.\n\n### -Scope\n", StringComparison.Ordinal);
        Assert.Equal(3, PageUpdate.Findings(wrong, cmdlet).Count());
        Assert.Contains("'### -Scop'", Assert.Single(PageUpdate.Findings(PageUpdate.Apply(wrong, cmdlet), cmdlet)), StringComparison.Ordinal);
    }

    private static Help.Cmdlet Cmdlet(string name) => Help.Cmdlet.All.Single(cmdlet => cmdlet.Name == name);

    private static string Text(IEnumerable<Markdig.Syntax.Block> blocks) => string.Join(' ', PlainText.Lines(blocks, PlainText.NoWrapping).Where(line => line.Length > 0));

    private string Shown(string script, params IReadOnlyList<object?> arguments) =>
        string.Join(' ', _session.Run(script, arguments).All<object>().Select(paragraph => paragraph.ToString()!.Trim()));
}
