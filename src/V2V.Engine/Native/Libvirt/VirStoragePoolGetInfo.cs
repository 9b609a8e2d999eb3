using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

/// <summary>virStoragePoolState: the one in which volumes can be made.</summary>
internal static class VirStoragePoolState
{
    public const int Running = 2;
}

/// <summary>virStoragePoolInfo.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VirStoragePoolInfo
{
    public int State;
    public ulong Capacity;
    public ulong Allocation;
    public ulong Available;
}

internal static partial class VirStoragePoolGetInfo
{
    public static VirStoragePoolInfo Call(StoragePoolHandle pool, string name)
    {
        LibvirtError.Check(virStoragePoolGetInfo(pool, out var info), $"The state of the storage pool {name} cannot be read", name);
        return info;
    }

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virStoragePoolGetInfo(StoragePoolHandle pool, out VirStoragePoolInfo info);
}
