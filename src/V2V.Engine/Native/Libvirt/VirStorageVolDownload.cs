using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirStorageVolDownload
{
    // VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM: holes are told, not sent.
    private const uint SparseStream = 1;

    /// <summary>Connects a stream to the bytes of a volume's file, whatever format they are in.</summary>
    public static void Call(StorageVolHandle volume, StreamHandle stream, long offset, long length, bool sparse, string path) => LibvirtError.Check(
        virStorageVolDownload(volume, stream, (ulong)offset, (ulong)length, sparse ? SparseStream : 0), $"The volume {path} cannot be read", path);

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virStorageVolDownload(StorageVolHandle volume, StreamHandle stream, ulong offset, ulong length, uint flags);
}
