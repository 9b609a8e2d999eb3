using System.Xml;
using System.Xml.Linq;

namespace V2V.Engine.Sources.Ovf;

/// <summary>
/// OVF descriptors as XML. OVF 1.x and 2.0 differ in namespaces more than in anything that is read here, and some writers get prefixes wrong,
/// so below the envelope elements and attributes are found by their local names.
/// </summary>
internal static class OvfXml
{
    public const string Envelope1 = "http://schemas.dmtf.org/ovf/envelope/1";
    public const string Envelope2 = "http://schemas.dmtf.org/ovf/envelope/2";

    private static readonly XmlReaderSettings Settings = new()
    {
        // No DTD: neither external entities nor entities that multiply.
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        MaxCharactersInDocument = DescriptorFile.MaximumLength,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
    };

    /// <summary>Nesting of real descriptors stays below ten.</summary>
    private const int MaximumDepth = 64;

    public static XElement Load(string path, byte[] content)
    {
        try
        {
            using (var reader = XmlReader.Create(new MemoryStream(content), Settings))
            {
                while (reader.Read())
                {
                    if (reader.Depth > MaximumDepth)
                    {
                        throw new XmlException($"Elements are nested deeper than {MaximumDepth}.");
                    }
                }
            }

            using var again = XmlReader.Create(new MemoryStream(content), Settings);
            return XElement.Load(again);
        }
        catch (XmlException e)
        {
            throw new SourceException(V2VError.SourceInvalid, $"{path} is no well-formed XML: {e.Message}", e) { Path = path, Format = "OVF" };
        }
    }

    /// <summary>Name and namespace of the root element; null when the text does not begin as XML does.</summary>
    /// <param name="head">The first bytes of a file, which may end anywhere.</param>
    public static XName? RootName(byte[] head)
    {
        try
        {
            using var reader = XmlReader.Create(new MemoryStream(head), Settings);
            while (reader.Read())
            {
                if (reader.NodeType == XmlNodeType.Element)
                {
                    return XName.Get(reader.LocalName, reader.NamespaceURI);
                }
            }
        }
        catch (XmlException)
        {
            // No XML, or the head ends before the root element does.
        }

        return null;
    }

    public static XElement? Child(this XElement element, string name) => element.Elements().FirstOrDefault(e => e.Name.LocalName == name);

    public static IEnumerable<XElement> Children(this XElement element, string name) => element.Elements().Where(e => e.Name.LocalName == name);

    /// <summary>Text of a child element without the blanks around it; null when it is missing or empty.</summary>
    public static string? ChildText(this XElement element, string name) => NonEmpty(element.Child(name)?.Value);

    public static string? AttributeText(this XElement element, string name) =>
        NonEmpty(element.Attributes().FirstOrDefault(a => a.Name.LocalName == name && !a.IsNamespaceDeclaration)?.Value);

    /// <summary>The value of VMware's Config or ExtraConfig element with this key.</summary>
    public static string? Setting(this XElement element, string key) =>
        element.Elements()
            .Where(e => e.Name.LocalName is "Config" or "ExtraConfig")
            .FirstOrDefault(e => string.Equals(e.AttributeText("key"), key, StringComparison.OrdinalIgnoreCase))?
            .AttributeText("value");

    public static bool IsTrue(string? value) => value is "1" || string.Equals(value, "true", StringComparison.OrdinalIgnoreCase);

    private static string? NonEmpty(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
