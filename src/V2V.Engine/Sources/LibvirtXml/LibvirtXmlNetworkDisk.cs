using System.Xml.Linq;

namespace V2V.Engine.Sources.LibvirtXml;

/// <summary>Disks that QEMU reaches over the network (https://libvirt.org/formatdomain.html#hard-drives-floppy-disks-cdroms), as URIs.</summary>
internal static class LibvirtXmlNetworkDisk
{
    /// <summary>The URI of a disk's source; null for protocols that V2V does not read.</summary>
    public static string? UriOf(XElement source)
    {
        var name = source.AttributeText("name") ?? "";
        return source.AttributeText("protocol") switch
        {
            "nbd" => Build(source.AttributeText("tls") == "yes" ? "nbds" : "nbd", source, name),
            ("http" or "https" or "ssh") and var protocol => Build(protocol, source, name),
            _ => null,
        };
    }

    private static string? Build(string scheme, XElement source, string name)
    {
        // A socket of the host that the domain is from is none of this host's, or not for a description to choose.
        if (source.Child("host") is not { } host || host.AttributeText("name") is not { } hostName || host.AttributeText("transport") is not (null or "tcp"))
        {
            return null;
        }

        var user = scheme == "ssh" && source.Child("identity")?.AttributeText("username") is { } given ? $"{Uri.EscapeDataString(given)}@" : "";
        var address = hostName.Contains(':', StringComparison.Ordinal) ? $"[{hostName.Trim('[', ']')}]" : hostName;
        var port = host.AttributeText("port") is { } number ? $":{number}" : "";
        // libvirt keeps what follows the question mark as it was, and the path without its first slash.
        var query = source.AttributeText("query") is { } text ? $"?{text}" : "";
        return $"{scheme}://{user}{address}{port}/{Escape(name.TrimStart('/'))}{query}";
    }

    private static string Escape(string path) => string.Join('/', path.Split('/').Select(Uri.EscapeDataString));
}
