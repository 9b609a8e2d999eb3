using System.Xml.Linq;

namespace V2V.Engine.Profiles.VirtV2VConf;

/// <summary>The apps and capabilities of one configuration file. Of elements with the same attributes the first counts.</summary>
internal sealed class SoftwareFile
{
    private SoftwareFile(string path, XElement root)
    {
        Path = path;
        PathRoot = ConfigXml.Text(root.Element("path-root")) is { } folder && System.IO.Path.IsPathRooted(folder) ? folder : null;
        Apps = Index(root.Elements("app"), SoftwareApp.Read);
        Capabilities = Index(root.Elements("capability"), SoftwareCapability.Read);
    }

    public string Path { get; }

    /// <summary>Folder that relative paths of apps start from; null when the file does not say, or says something that is no full path.</summary>
    public string? PathRoot { get; }

    public IReadOnlyDictionary<SoftwareSelector, SoftwareApp> Apps { get; }

    public IReadOnlyDictionary<SoftwareSelector, SoftwareCapability> Capabilities { get; }

    public int Count => Apps.Count + Capabilities.Count;

    public static SoftwareFile Read(string path, XElement root) => new(path, root);

    private static Dictionary<SoftwareSelector, T> Index<T>(IEnumerable<XElement> elements, Func<XElement, T> read)
    {
        Dictionary<SoftwareSelector, T> index = [];
        foreach (var element in elements)
        {
            index.TryAdd(SoftwareSelector.Of(element), read(element));
        }

        return index;
    }
}

/// <summary>A locally stored package, or directory of drivers.</summary>
/// <param name="Path">Absolute, or from the file's root; null when the element has none.</param>
/// <param name="Dependencies">Names of apps that it needs.</param>
/// <param name="Text">The element as it is written, for messages.</param>
internal sealed record SoftwareApp(string? Path, IReadOnlyList<string> Dependencies, string Text)
{
    public static SoftwareApp Read(XElement element) => new(
        ConfigXml.Text(element.Element("path")),
        [.. element.Elements("dep").Select(ConfigXml.Text).OfType<string>()],
        ConfigXml.Quote(element));
}

/// <summary>What a goal needs, such as that a guest drives virtio.</summary>
internal sealed record SoftwareCapability(IReadOnlyList<SoftwareDependency> Dependencies, string Text)
{
    public static SoftwareCapability Read(XElement element) => new(
        [.. element.Elements("dep").Select(dep => new SoftwareDependency(
            ConfigXml.Attribute(dep, "name"),
            ConfigXml.Attribute(dep, "minversion"),
            ConfigXml.Attribute(dep, "ifinstalled") is "yes" or "1"))],
        ConfigXml.Quote(element));
}

/// <param name="Name">The package; null when the element has none.</param>
/// <param name="MinimumVersion">[epoch:]version[-release]; null when any will do.</param>
/// <param name="IfInstalled">It has to be new enough, but need not be there.</param>
internal sealed record SoftwareDependency(string? Name, string? MinimumVersion, bool IfInstalled);
