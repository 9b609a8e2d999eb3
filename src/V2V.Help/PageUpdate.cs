using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace V2V.Help;

/// <summary>
/// What a page repeats of its cmdlet: the syntax, and each parameter's properties. Compares both with the cmdlet and puts them right. What a
/// parameter does, and its default value, is for a person to write.
/// </summary>
internal static partial class PageUpdate
{
    public const string ToWrite = "{{ Write what it does. }}";

    private const int Width = 110;

    /// <summary>Where the page says something else than the cmdlet; each in words that tell what to do.</summary>
    public static IEnumerable<string> Findings(string text, Cmdlet cmdlet)
    {
        var page = HelpPage.Parse(text);
        const string Way = "run: dotnet run --project src/V2V.Help -- update docs/en-US";
        if (!SameWords(Section(text, "SYNTAX").Value, Syntax(cmdlet)))
        {
            yield return $"{cmdlet.Name}.md: the syntax is not the cmdlet's ({Way}). It is:\n{Syntax(cmdlet)}";
        }

        foreach (var parameter in cmdlet.Parameters)
        {
            if (page.Parameter(parameter.Name) is not { } entry)
            {
                yield return $"{cmdlet.Name}.md: add a section '### -{parameter.Name}' with what it does and this ({Way}):\n{Properties(cmdlet, parameter.Name, "None")}";
            }
            else if (entry.Text.Count == 0 || entry.Text.Any(block => text.Substring(block.Span.Start, block.Span.Length).Contains(ToWrite, StringComparison.Ordinal)))
            {
                yield return $"{cmdlet.Name}.md: write below '### -{parameter.Name}' what it does.";
            }
            else if (!SameWords(entry.Properties, Properties(cmdlet, parameter.Name, DefaultValue(page, parameter.Name))))
            {
                yield return $"{cmdlet.Name}.md: the properties of -{parameter.Name} are ({Way}):\n{Properties(cmdlet, parameter.Name, DefaultValue(page, parameter.Name))}";
            }
        }

        foreach (var entry in page.Entries("PARAMETERS").Where(entry => entry.Title.StartsWith('-')))
        {
            if (!cmdlet.Parameters.Any(parameter => "-" + parameter.Name == entry.Title))
            {
                yield return $"{cmdlet.Name}.md: take out the section '### {entry.Title}', for the cmdlet has no such parameter.";
            }
        }
    }

    /// <summary>The page with everything put right that needs nobody's words. What is right is left as it stands.</summary>
    public static string Apply(string text, Cmdlet cmdlet)
    {
        var page = HelpPage.Parse(text);
        if (Section(text, "SYNTAX") is { Success: true } syntax && !SameWords(syntax.Value, Syntax(cmdlet)))
        {
            text = text.Replace(syntax.Value, Syntax(cmdlet), StringComparison.Ordinal);
        }

        foreach (var parameter in cmdlet.Parameters)
        {
            var properties = Properties(cmdlet, parameter.Name, DefaultValue(page, parameter.Name));
            var section = Parameter(text, parameter.Name);
            if (!section.Success)
            {
                text = text.Insert(PlaceFor(text, parameter.Name), $"### -{parameter.Name}\n{ToWrite}\n\n{properties}\n\n");
            }
            else if (!SameWords(page.Parameter(parameter.Name)?.Properties ?? "", properties))
            {
                var words = Fence().Replace(section.Value, "").TrimEnd();
                text = text.Replace(section.Value, $"{words}\n\n{properties}\n\n", StringComparison.Ordinal);
            }
        }

        return text;
    }

    /// <summary>The skeleton of a page.</summary>
    public static string NewPage(Cmdlet cmdlet) => $"""
        ---
        external help file: V2V.PowerShell.dll-Help.xml
        Module Name: V2V
        online version:
        schema: 2.0.0
        ---

        # {cmdlet.Name}

        ## SYNOPSIS
        {ToWrite}

        ## SYNTAX

        ## DESCRIPTION
        {ToWrite}

        ## EXAMPLES

        ## PARAMETERS

        ### CommonParameters
        This cmdlet supports the common parameters: -Debug, -ErrorAction, -ErrorVariable, -InformationAction, -InformationVariable, -OutBuffer,
        -OutVariable, -PipelineVariable, -ProgressAction, -Verbose, -WarningAction, and -WarningVariable. For more information, see
        [about_CommonParameters](https://go.microsoft.com/fwlink/?LinkID=113216).

        ## INPUTS

        ## OUTPUTS

        ## NOTES

        ## RELATED LINKS

        """.ReplaceLineEndings("\n");

    public static string DefaultValue(HelpPage page, string parameter) =>
        DefaultValueLine().Match(page.Parameter(parameter)?.Properties ?? "") is { Success: true } match ? match.Groups[1].Value : "None";

    private static string Syntax(Cmdlet cmdlet)
    {
        var text = new StringBuilder("## SYNTAX\n\n");
        foreach (var set in cmdlet.ParameterSets)
        {
            if (cmdlet.ParameterSets.Count > 1)
            {
                text.Append(CultureInfo.InvariantCulture, $"### {set.Name}{(set.IsDefault ? " (Default)" : "")}\n");
            }

            var usage = Cmdlet.InSyntax(set).Select(parameter => Cmdlet.Usage(parameter).Replace(' ', '\u00a0')).Prepend(cmdlet.Name).Append("[<CommonParameters>]");
            var lines = PlainText.Wrap(string.Join(' ', usage), Width).Select(line => line.Replace('\u00a0', ' '));
            text.Append(CultureInfo.InvariantCulture, $"```\n{string.Join("\n ", lines)}\n```\n\n");
        }

        return text.ToString();
    }

    /// <summary>One block for all sets in which the parameter is the same.</summary>
    private static string Properties(Cmdlet cmdlet, string name, string defaultValue)
    {
        var sets = cmdlet.ParameterSets.Select(set => (Set: set.Name, Parameter: set.Parameters.FirstOrDefault(parameter => parameter.Name == name)))
            .Where(found => found.Parameter is not null).ToList();
        var alike = sets.GroupBy(found => (found.Parameter!.IsMandatory, found.Parameter.Position, Cmdlet.PipelineInput(found.Parameter))).ToList();
        return string.Join("\n\n", alike.Select(group =>
        {
            var parameter = group.First().Parameter!;
            var values = Cmdlet.AcceptedValues(parameter);
            var aliases = string.Join(", ", parameter.Aliases);
            return string.Join('\n', new[]
            {
                "```yaml",
                $"Type: {Cmdlet.TypeName(parameter.ParameterType)}",
                $"Parameter Sets: {(group.Count() == cmdlet.ParameterSets.Count ? "(All)" : string.Join(", ", group.Select(found => found.Set)))}",
                $"Aliases: {aliases}".TrimEnd(),
                values.Count > 0 ? $"Accepted values: {string.Join(", ", values)}" : null,
                "",
                $"Required: {parameter.IsMandatory}",
                $"Position: {(parameter.Position < 0 ? "Named" : parameter.Position)}",
                $"Default value: {defaultValue}",
                $"Accept pipeline input: {Cmdlet.PipelineInput(parameter)}",
                $"Accept wildcard characters: {Cmdlet.AcceptsWildcards(parameter)}",
                "```",
            }.OfType<string>());
        }));
    }

    /// <summary>Layout, order and case do not matter: people write them.</summary>
    private static bool SameWords(string one, string other) =>
        Words(one).SequenceEqual(Words(other), StringComparer.OrdinalIgnoreCase);

    private static IEnumerable<string> Words(string text) =>
        text.Replace("```yaml", "", StringComparison.Ordinal).Replace("```", "", StringComparison.Ordinal)
            .Split([' ', '\n', ',', '\r'], StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.OrdinalIgnoreCase);

    private static Match Section(string text, string title) => Regex.Match(text, $@"^## {title}\n.*?(?=^## )", RegexOptions.Multiline | RegexOptions.Singleline);

    private static Match Parameter(string text, string name) =>
        Regex.Match(text, $@"^### -{name}\n.*?(?=^##)", RegexOptions.Multiline | RegexOptions.Singleline);

    /// <summary>Before the first parameter whose name comes later, or the common ones.</summary>
    private static int PlaceFor(string text, string name)
    {
        var next = ParameterHeading().Matches(text)
            .FirstOrDefault(heading => Cmdlet.IsOfShouldProcess(heading.Groups[1].Value)
                || heading.Groups[1].Value == "CommonParameters" || string.CompareOrdinal(heading.Groups[1].Value, name) > 0);
        return next?.Index ?? text.Length;
    }

    [GeneratedRegex(@"^### -?(\w+)\n", RegexOptions.Multiline)]
    private static partial Regex ParameterHeading();

    [GeneratedRegex(@"^Default value: (.*)$", RegexOptions.Multiline)]
    private static partial Regex DefaultValueLine();

    [GeneratedRegex("^```yaml\n.*?^```\n?", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();
}
