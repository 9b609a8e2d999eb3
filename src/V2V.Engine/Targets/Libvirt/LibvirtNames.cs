using System.Xml.Linq;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Native.Libvirt;
using V2V.Engine.Sources.Libvirt;

namespace V2V.Engine.Targets.Libvirt;

/// <summary>The names that a connection has for where guests can go. It is opened for reading only, and asked nothing on the console.</summary>
public static class LibvirtNames
{
    /// <summary>The active storage pools.</summary>
    /// <exception cref="LibvirtException">libvirt is missing, cannot be reached, or does not let this user in.</exception>
    public static IReadOnlyList<string> StoragePools(string uri)
    {
        using var connect = Open(uri);
        return [.. Names(VirConnectListAllStoragePools.Call(connect, uri), VirStoragePoolGetName.Call)];
    }

    /// <summary>The virtual networks, active or not.</summary>
    /// <inheritdoc cref="StoragePools"/>
    public static IReadOnlyList<string> Networks(string uri)
    {
        using var connect = Open(uri);
        return [.. Names(VirConnectListAllNetworks.Call(connect, uri), VirNetworkGetName.Call)];
    }

    /// <summary>The host's bridges, those of its virtual networks left out.</summary>
    /// <inheritdoc cref="StoragePools"/>
    public static IReadOnlyList<string> Bridges(string uri)
    {
        using var connect = Open(uri);
        return [.. Names(VirConnectListAllInterfaces.Call(connect, uri), BridgeName).Where(name => !name.StartsWith("virbr", StringComparison.Ordinal))];
    }

    private static ConnectHandle Open(string uri) => VirConnectOpenReadOnly.Call(LibvirtUri.Parse(uri).ForOpening(new RemoteAccess()));

    private static string? BridgeName(InterfaceHandle device)
    {
        var name = VirInterfaceGetName.Call(device);
        return (string?)XElement.Parse(VirInterfaceGetXMLDesc.Call(device, name)).Attribute("type") == "bridge" ? name : null;
    }

    private static IOrderedEnumerable<string> Names<THandle>(IReadOnlyList<THandle> handles, Func<THandle, string?> nameOf)
        where THandle : LibvirtHandle
    {
        try
        {
            return handles.Select(nameOf).OfType<string>().ToList().Order(StringComparer.OrdinalIgnoreCase);
        }
        finally
        {
            foreach (var handle in handles)
            {
                handle.Dispose();
            }
        }
    }
}
