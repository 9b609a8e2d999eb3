using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

/// <summary>A counted reference to one of libvirt's objects.</summary>
internal abstract class LibvirtHandle() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;
}

/// <summary>virConnectPtr.</summary>
internal sealed class ConnectHandle : LibvirtHandle
{
    protected override bool ReleaseHandle() => VirConnectClose.Call(handle);
}

/// <summary>virDomainPtr.</summary>
internal sealed class DomainHandle : LibvirtHandle
{
    protected override bool ReleaseHandle() => VirDomainFree.Call(handle);
}

/// <summary>virStoragePoolPtr.</summary>
internal sealed class StoragePoolHandle : LibvirtHandle
{
    protected override bool ReleaseHandle() => VirStoragePoolFree.Call(handle);
}

/// <summary>virStorageVolPtr.</summary>
internal sealed class StorageVolHandle : LibvirtHandle
{
    protected override bool ReleaseHandle() => VirStorageVolFree.Call(handle);
}

/// <summary>virNetworkPtr.</summary>
internal sealed class NetworkHandle : LibvirtHandle
{
    protected override bool ReleaseHandle() => VirNetworkFree.Call(handle);
}

/// <summary>virInterfacePtr.</summary>
internal sealed class InterfaceHandle : LibvirtHandle
{
    protected override bool ReleaseHandle() => VirInterfaceFree.Call(handle);
}

/// <summary>virStreamPtr.</summary>
internal sealed class StreamHandle : LibvirtHandle
{
    protected override bool ReleaseHandle() => VirStreamFree.Call(handle);
}
