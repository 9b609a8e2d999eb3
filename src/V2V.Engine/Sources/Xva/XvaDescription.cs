using System.Globalization;
using System.Xml.Linq;

namespace V2V.Engine.Sources.Xva;

/// <summary>
/// The objects of XenServer's database that an export holds: ova.xml, which writes them as XML-RPC values, each with its class, its
/// reference within the file, and its fields.
/// </summary>
internal sealed class XvaDescription
{
    private readonly List<XvaObject> _objects;

    private XvaDescription(List<XvaObject> objects) => _objects = objects;

    public static XvaDescription Parse(string path, byte[] content)
    {
        var root = DescriptorXml.Load(path, content, XvaSource.Format);
        var objects = Members(root).GetValueOrDefault("objects")?.Child("array")?.Child("data")?.Children("value")
            ?? throw new SourceException(V2VError.SourceInvalid, $"{path} lists no objects.") { Path = path, Format = XvaSource.Format };
        var found = new List<XvaObject>();
        foreach (var value in objects)
        {
            var members = Members(value);
            if (Text(members.GetValueOrDefault("class")) is { } kind && Text(members.GetValueOrDefault("id")) is { } reference && members.TryGetValue("snapshot", out var fields))
            {
                found.Add(new XvaObject(kind, reference, Members(fields)));
            }
        }

        return new XvaDescription(found);
    }

    public IEnumerable<XvaObject> OfClass(string kind) => _objects.Where(o => o.Class == kind);

    public XvaObject? Find(string? reference) => reference is null ? null : _objects.FirstOrDefault(o => o.Reference == reference);

    /// <summary>The members of a struct. A value that is no struct has none.</summary>
    internal static Dictionary<string, XElement> Members(XElement value)
    {
        var members = new Dictionary<string, XElement>(StringComparer.Ordinal);
        foreach (var member in value.Child("struct")?.Children("member") ?? [])
        {
            if (member.ChildText("name") is { } name && member.Child("value") is { } content)
            {
                members[name] = content;
            }
        }

        return members;
    }

    /// <summary>The text of a value, with or without the element that tells its type; null when it is empty.</summary>
    internal static string? Text(XElement? value) => string.IsNullOrWhiteSpace(value?.Value) ? null : value.Value.Trim();
}

/// <param name="Class">"VM", "VBD", "VDI", "VIF", "network", ...</param>
/// <param name="Reference">"Ref:7": how other objects, and the members of the archive, name it.</param>
/// <param name="Fields">Its fields as they stand in the export.</param>
internal sealed record XvaObject(string Class, string Reference, IReadOnlyDictionary<string, XElement> Fields)
{
    public string? Text(string field) => XvaDescription.Text(Fields.GetValueOrDefault(field));

    /// <summary>A field of one of the maps, such as platform or HVM_boot_params.</summary>
    public string? Text(string map, string key) =>
        Fields.TryGetValue(map, out var value) ? XvaDescription.Text(XvaDescription.Members(value).GetValueOrDefault(key)) : null;

    public bool IsTrue(string field) => Text(field) is "1" or "true";

    public long? Number(string field) => long.TryParse(Text(field), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
