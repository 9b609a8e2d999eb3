using System.Management.Automation;
using System.Xml;
using System.Xml.Linq;
using Markdig.Syntax;

namespace V2V.Help;

/// <summary>
/// Writes MAML, the XML that Get-Help reads. Texts are the pages'; syntax, types and positions are the cmdlets' own.
/// </summary>
internal static class Maml
{
    private static readonly XNamespace Help = "http://msh";
    private static readonly XNamespace Text = "http://schemas.microsoft.com/maml/2004/10";
    private static readonly XNamespace Command = "http://schemas.microsoft.com/maml/dev/command/2004/10";
    private static readonly XNamespace Dev = "http://schemas.microsoft.com/maml/dev/2004/10";

    public static void Write(string path, IEnumerable<(Cmdlet Cmdlet, HelpPage Page)> commands)
    {
        var root = new XElement(
            Help + "helpItems", new XAttribute("schema", "maml"),
            commands.Select(command => Describe(command.Cmdlet, command.Page)));
        using var writer = XmlWriter.Create(path, new XmlWriterSettings { Indent = true });
        root.Save(writer);
    }

    private static XElement Describe(Cmdlet cmdlet, HelpPage page)
    {
        var name = cmdlet.Name.Split('-', 2);
        return new XElement(
            Command + "command",
            new XAttribute(XNamespace.Xmlns + "maml", Text), new XAttribute(XNamespace.Xmlns + "command", Command), new XAttribute(XNamespace.Xmlns + "dev", Dev),
            new XElement(
                Command + "details",
                new XElement(Command + "name", cmdlet.Name), new XElement(Command + "verb", name[0]), new XElement(Command + "noun", name[1]),
                new XElement(Text + "description", Paragraphs(page.Text("SYNOPSIS")))),
            new XElement(Text + "description", Paragraphs(page.Text("DESCRIPTION"))),
            new XElement(Command + "syntax", cmdlet.ParameterSets.Select(set => new XElement(
                Command + "syntaxItem", new XElement(Text + "name", cmdlet.Name), Cmdlet.InSyntax(set).Select(parameter => Parameter(parameter, page))))),
            new XElement(Command + "parameters", cmdlet.Parameters.Select(parameter => Parameter(parameter, page))),
            new XElement(Command + "inputTypes", page.Entries("INPUTS").Select(entry => Typed(Command + "inputType", entry))),
            new XElement(Command + "returnValues", page.Entries("OUTPUTS").Select(entry => Typed(Command + "returnValue", entry))),
            new XElement(Text + "alertSet", new XElement(Text + "alert", Paragraphs(page.Text("NOTES")))),
            new XElement(Command + "examples", page.Entries("EXAMPLES").Select(Example)),
            new XElement(Command + "relatedLinks", Links(page).Select(link => new XElement(
                Text + "navigationLink", new XElement(Text + "linkText", link), new XElement(Text + "uri")))));
    }

    private static XElement Parameter(CommandParameterInfo parameter, HelpPage page)
    {
        var isSwitch = parameter.ParameterType == typeof(SwitchParameter);
        var type = Cmdlet.TypeName(parameter.ParameterType);
        var values = Cmdlet.AcceptedValues(parameter);
        return new XElement(
            Command + "parameter",
            new XAttribute("required", parameter.IsMandatory), new XAttribute("variableLength", parameter.ParameterType.IsArray),
            new XAttribute("globbing", Cmdlet.AcceptsWildcards(parameter)), new XAttribute("pipelineInput", Cmdlet.PipelineInput(parameter)),
            new XAttribute("position", parameter.Position < 0 ? "named" : parameter.Position),
            new XAttribute("aliases", parameter.Aliases.Count > 0 ? string.Join(", ", parameter.Aliases) : "none"),
            new XElement(Text + "name", parameter.Name),
            new XElement(Text + "description", Paragraphs(page.Parameter(parameter.Name)?.Text ?? [])),
            values.Count > 0 ? new XElement(Command + "parameterValueGroup", values.Select(value => ParameterValue(value, required: false))) : null,
            isSwitch ? null : ParameterValue(type, required: true),
            new XElement(Dev + "type", new XElement(Text + "name", type), new XElement(Text + "uri")),
            new XElement(Dev + "defaultValue", PageUpdate.DefaultValue(page, parameter.Name)));
    }

    private static XElement ParameterValue(string value, bool required) =>
        new(Command + "parameterValue", new XAttribute("required", required), new XAttribute("variableLength", "false"), value);

    private static XElement Typed(XName element, HelpPage.Entry entry) =>
        new(element, new XElement(Dev + "type", new XElement(Text + "name", entry.Title)), new XElement(Text + "description", Paragraphs(entry.Text)));

    private static XElement Example(HelpPage.Entry entry)
    {
        var rule = new string('-', 10);
        return new XElement(
            Command + "example",
            new XElement(Text + "title", $"{rule} {entry.Title} {rule}"),
            new XElement(Dev + "code", string.Join("\n\n", entry.Code)),
            new XElement(Dev + "remarks", Paragraphs(entry.Text)));
    }

    private static IEnumerable<string> Links(HelpPage page) =>
        page.Text("RELATED LINKS").SelectMany(block => block.Descendants<Markdig.Syntax.Inlines.LinkInline>()).Select(PlainText.Of);

    private static IEnumerable<XElement> Paragraphs(IEnumerable<Block> blocks) =>
        PlainText.Lines(blocks, PlainText.NoWrapping).Where(line => line.Length > 0).Select(line => new XElement(Text + "para", line));
}
