using System.Xml.Linq;

namespace V2V.Engine.Sources.Ovf;

/// <summary>What is special to OVF as XML. Its versions differ in namespaces more than in anything that is read here.</summary>
internal static class OvfXml
{
    private static readonly XName XsiType = XName.Get("type", "http://www.w3.org/2001/XMLSchema-instance");

    /// <summary>OVF 1.x (oVirt writes a slash behind it), 2.0, and the draft 0.9 that VMware's and VirtualBox' first products wrote.</summary>
    private static readonly string[] Envelopes =
    [
        "http://schemas.dmtf.org/ovf/envelope/1",
        "http://schemas.dmtf.org/ovf/envelope/1/",
        "http://schemas.dmtf.org/ovf/envelope/2",
        "http://schemas.dmtf.org/ovf/1/envelope",
        "http://www.vmware.com/schema/ovf/1/envelope",
    ];

    public static bool IsEnvelope(XName? root) => root?.LocalName == "Envelope" && Envelopes.Contains(root.NamespaceName);

    /// <summary>
    /// Makes of <c>Section xsi:type="ovf:DiskSection_Type"</c>, as OVF 0.9 and oVirt write it, the <c>DiskSection</c> of later versions; likewise of
    /// Content.
    /// </summary>
    public static void NameSections(XElement envelope)
    {
        const string Suffix = "_Type";
        foreach (var element in envelope.Descendants().Where(e => e.Name.LocalName is "Section" or "Content"))
        {
            if (element.Attribute(XsiType)?.Value is { } type && type.EndsWith(Suffix, StringComparison.Ordinal))
            {
                var name = type[(type.IndexOf(':') + 1)..^Suffix.Length];
                if (name.Length > 0 && name.All(char.IsAsciiLetter))
                {
                    element.Name = element.Name.Namespace + name;
                }
            }
        }
    }

    /// <summary>The value of VMware's Config or ExtraConfig element with this key.</summary>
    public static string? Setting(this XElement element, string key) =>
        element.Elements()
            .Where(e => e.Name.LocalName is "Config" or "ExtraConfig")
            .FirstOrDefault(e => string.Equals(e.AttributeText("key"), key, StringComparison.OrdinalIgnoreCase))?
            .AttributeText("value");

    public static bool IsTrue(string? value) => value is "1" || string.Equals(value, "true", StringComparison.OrdinalIgnoreCase);
}
