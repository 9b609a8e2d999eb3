using System.Xml;
using System.Xml.Linq;

namespace V2V.Engine.Sources;

/// <summary>
/// Descriptors as XML, which may come from strangers. Elements and attributes are found by their local names: writers of OVF get prefixes
/// wrong, and libvirt's XML has none.
/// </summary>
internal static class DescriptorXml
{
    private static readonly XmlReaderSettings HeadSettings = new() { DtdProcessing = DtdProcessing.Ignore, XmlResolver = null };

    /// <summary>Nesting of real descriptors stays below ten.</summary>
    private const int MaximumDepth = 64;

    /// <exception cref="SourceException">It is no well-formed XML, or uses what only attackers need.</exception>
    public static XElement Load(string path, byte[] content, string format)
    {
        try
        {
            return BoundedXml.Load(content, SourceFile.MaximumDescriptorLength, MaximumDepth);
        }
        catch (XmlException e)
        {
            // UTF-16 is told as what it looks like to the parser, which refuses it all the same.
            throw content.AsSpan().IndexOf("<!DOCTYPE"u8) >= 0
                ? new SourceException(
                    V2VError.SourceInvalid, $"{path} has a document type (DTD) in it, which no {format} needs: entities defined there multiply, or read files of this host.", e)
                {
                    Path = path,
                    Format = format,
                    Advice = "Do not trust it. If it comes from where it should, remove everything from <!DOCTYPE to ]> and look at what is left.",
                }
                : new SourceException(V2VError.SourceInvalid, $"{path} is no well-formed XML: {e.Message}", e)
                {
                    Path = path,
                    Format = format,
                    Advice = "Copy or export it again: it is not as the program wrote it that made it.",
                };
        }
    }

    /// <summary>Name and namespace of the root element; null when the text does not begin as XML does.</summary>
    /// <param name="head">The first bytes of a file, which may end anywhere.</param>
    public static XName? RootName(byte[] head)
    {
        try
        {
            // A document type is passed over unread here, so that it can be refused by name.
            using var reader = XmlReader.Create(new MemoryStream(head), HeadSettings);
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

    private static string? NonEmpty(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
