using System.Xml;
using System.Xml.Linq;

namespace V2V.Engine;

/// <summary>Reads XML that may come from strangers, with everything bounded that it could overdo.</summary>
internal static class BoundedXml
{
    /// <param name="content">The document.</param>
    /// <param name="maximumLength">Characters that it may have.</param>
    /// <param name="maximumDepth">How deep elements may be nested.</param>
    /// <param name="options">What else is to be known of the elements.</param>
    /// <exception cref="XmlException">It is no well-formed XML, too long or too deep, or has a document type.</exception>
    public static XElement Load(byte[] content, long maximumLength, int maximumDepth, LoadOptions options = LoadOptions.None)
    {
        var settings = new XmlReaderSettings
        {
            // No DTD: neither external entities nor entities that multiply.
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            MaxCharactersInDocument = maximumLength,
            IgnoreComments = true,
            IgnoreProcessingInstructions = true,
        };
        using (var reader = XmlReader.Create(new MemoryStream(content), settings))
        {
            while (reader.Read())
            {
                if (reader.Depth > maximumDepth)
                {
                    throw new XmlException($"Elements are nested deeper than {maximumDepth}.");
                }
            }
        }

        using var again = XmlReader.Create(new MemoryStream(content), settings);
        return XElement.Load(again, options);
    }
}
