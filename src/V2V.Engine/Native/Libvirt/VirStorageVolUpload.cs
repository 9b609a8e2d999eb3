using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirStorageVolUpload
{
    // VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM: holes are told, not sent.
    private const uint SparseStream = 1;

    /// <summary>Connects a stream to the bytes of a volume's file, whatever format they are in. A length of 0 sets no end.</summary>
    public static void Call(StorageVolHandle volume, StreamHandle stream, long offset, long length, string path) => LibvirtError.Check(
        virStorageVolUpload(volume, stream, (ulong)offset, (ulong)length, SparseStream), $"The volume {path} cannot be written", path);

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virStorageVolUpload(StorageVolHandle volume, StreamHandle stream, ulong offset, ulong length, uint flags);
}
