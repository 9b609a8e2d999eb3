using System.Xml.Linq;
using V2V.Engine.Native.Libvirt;
using V2V.Engine.Sources.LibvirtXml;

namespace V2V.Engine.Sources.Libvirt;

/// <summary>The guests that a libvirt connection manages (https://libvirt.org/uri.html): of this host or of another one.</summary>
public static class LibvirtSource
{
    /// <summary>
    /// Reads the guests of a connection, in the order of their names. A guest that cannot be described does not hide the others: it is
    /// returned with a concern that stands against its conversion. The connection is open while the guests are enumerated, and again
    /// whenever a disk of one is.
    /// </summary>
    /// <param name="uri">The connection: "qemu:///system", "qemu+ssh://root@host/system", "xen+ssh://root@host", "esx://root@host/".</param>
    /// <param name="names">Names with the wildcards *, ? and [a-z], or UUIDs; empty for every guest.</param>
    /// <param name="options">How to read them; its <see cref="SourceOptions.Connection"/> is not used.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="LibvirtException">libvirt is missing, cannot be reached, or does not let this user in.</exception>
    /// <exception cref="SourceException">There is no guest of a name without wildcards.</exception>
    public static IEnumerable<SourceGuest> Find(string uri, IReadOnlyList<string> names, SourceOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(names);
        ArgumentNullException.ThrowIfNull(options);
        return Enumerate(new LibvirtConnection(LibvirtUri.Parse(uri), options.Remote), [.. names.Select(n => new NamePattern(n))], options, cancellation);
    }

    /// <summary>The names of a connection's guests, in their order, without anything else about them.</summary>
    /// <exception cref="LibvirtException">libvirt is missing, cannot be reached, or does not let this user in.</exception>
    public static IReadOnlyList<string> Names(string uri, SourceOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var connection = new LibvirtConnection(LibvirtUri.Parse(uri), options.Remote);
        using var hold = connection.Hold();
        return [.. connection.Call(connect => List(connect, connection.Uri.Text), cancellation).Select(d => d.Name)];
    }

    private static IEnumerable<SourceGuest> Enumerate(
        LibvirtConnection connection, IReadOnlyList<NamePattern> patterns, SourceOptions options, CancellationToken cancellation)
    {
        using var hold = connection.Hold();
        var domains = connection.Call(connect => List(connect, connection.Uri.Text), cancellation);
        foreach (var pattern in patterns)
        {
            if (!pattern.HasWildcards && !domains.Any(d => pattern.Matches(d.Name, d.Uuid)))
            {
                throw new SourceException(V2VError.SourceNotFound, $"There is no guest {pattern.Text} at {connection.Uri.Text}.")
                {
                    Path = connection.Uri.Text,
                    Advice = "Leave the name out to see all guests there.",
                };
            }
        }

        var pools = new LibvirtPools(connection, cancellation);
        var datastores = connection.Uri.IsVMwareHost ? new VMwareDatastores(connection.Uri, connection.Access) : null;
        LibvirtXmlStorage StorageOf(string path, XElement domain) => datastores is null
            ? new LibvirtStorage(connection, pools, path, options, cancellation)
            : new VMwareStorage(datastores, path, domain);
        foreach (var (name, uuid) in domains.Where(d => patterns.Count == 0 || patterns.Any(p => p.Matches(d.Name, d.Uuid))))
        {
            cancellation.ThrowIfCancellationRequested();
            if (new LibvirtDomain(connection, StorageOf, name, uuid, cancellation).Read() is { } guest)
            {
                yield return guest;
            }
        }
    }

    private static IReadOnlyList<(string Name, Guid Uuid)> List(ConnectHandle connect, string uri)
    {
        List<(string Name, Guid Uuid)> found = [];
        foreach (var handle in VirConnectListAllDomains.Call(connect, uri))
        {
            using var domain = handle;
            var name = VirDomainGetName.Call(domain);
            found.Add((name, VirDomainGetUUIDString.Call(domain, name)));
        }

        return [.. found.OrderBy(d => d.Name, StringComparer.OrdinalIgnoreCase).ThenBy(d => d.Name, StringComparer.Ordinal)];
    }
}
