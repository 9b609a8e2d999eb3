using System.Xml.Linq;

namespace V2V.Engine.Profiles.VirtV2VConf;

/// <summary>One configuration file of virt-v2v 0.9, read: virt-v2v.conf, or virt-v2v.db, which has the same grammar.</summary>
internal sealed class ConfigFile
{
    private static readonly string[] Known = ["profile", "network", "capability", "app", "path-root"];

    private ConfigFile(string path, XElement root)
    {
        Path = path;
        Profiles = [.. root.Elements("profile").Select(ConfigProfile.Read)];
        Networks = [.. root.Elements("network").Select(ConfigNetwork.Read)];
        Software = SoftwareFile.Read(path, root);
        Warnings =
        [
            .. root.Elements().Where(e => !Known.Contains(e.Name.LocalName)).Select(e => $"{path}, line {ConfigXml.Line(e)}: the element '{e.Name.LocalName}' is not known and not used."),
            .. root.Elements("profile").Where(e => ConfigXml.Attribute(e, "name") is null).Select(e => $"{path}, line {ConfigXml.Line(e)}: a profile without a name is not used."),
            .. Software.PathRoot is null ? root.Elements("path-root").Take(1).Select(e => $"{path}, line {ConfigXml.Line(e)}: the path-root is no full path and not used.") : [],
        ];
    }

    public string Path { get; }

    public IReadOnlyList<ConfigProfile> Profiles { get; }

    /// <summary>The mappings at the top level.</summary>
    public IReadOnlyList<ConfigNetwork> Networks { get; }

    public SoftwareFile Software { get; }

    /// <summary>What of the file is not used, a sentence each.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <exception cref="ProfileException">The file is missing, unreadable or malformed.</exception>
    public static ConfigFile Load(string path) => new(path, ConfigXml.Load(path));
}
