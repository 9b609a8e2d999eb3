using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirConnectOpenReadOnly
{
    /// <summary>A connection that changes nothing, which libvirt gives to every user of the host.</summary>
    /// <exception cref="LibvirtException">Nothing answers at the URI, or it does not let this user in.</exception>
    public static ConnectHandle Call(string uri)
    {
        LibvirtLibrary.EnsureLoaded();
        return LibvirtError.CheckOpened(virConnectOpenReadOnly(uri), $"libvirt cannot be reached at {uri}", uri);
    }

    [LibraryImport(LibvirtLibrary.Name, StringMarshalling = StringMarshalling.Utf8)]
    private static partial ConnectHandle virConnectOpenReadOnly(string uri);
}
