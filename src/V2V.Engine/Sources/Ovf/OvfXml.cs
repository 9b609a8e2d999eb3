using System.Xml.Linq;

namespace V2V.Engine.Sources.Ovf;

/// <summary>What is special to OVF as XML. OVF 1.x and 2.0 differ in namespaces more than in anything that is read here.</summary>
internal static class OvfXml
{
    public const string Envelope1 = "http://schemas.dmtf.org/ovf/envelope/1";
    public const string Envelope2 = "http://schemas.dmtf.org/ovf/envelope/2";

    /// <summary>The value of VMware's Config or ExtraConfig element with this key.</summary>
    public static string? Setting(this XElement element, string key) =>
        element.Elements()
            .Where(e => e.Name.LocalName is "Config" or "ExtraConfig")
            .FirstOrDefault(e => string.Equals(e.AttributeText("key"), key, StringComparison.OrdinalIgnoreCase))?
            .AttributeText("value");

    public static bool IsTrue(string? value) => value is "1" || string.Equals(value, "true", StringComparison.OrdinalIgnoreCase);
}
