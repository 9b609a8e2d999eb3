using System.Buffers.Binary;
using System.Text;
using V2V.Engine.Volumes.Lvm;

namespace V2V.Engine.Tests.Inspection;

/// <summary>The identifying sectors of volumes, laid out by their formats' own documents.</summary>
internal static class VolumeImages
{
    public static byte[] Swap(string uuid, string signature = "SWAPSPACE2", int page = 4096)
    {
        var image = new byte[Math.Max(page * 2, 8192)];
        BinaryPrimitives.WriteInt32LittleEndian(image.AsSpan(1024), 1);
        new Guid(uuid).TryWriteBytes(image.AsSpan(1036), bigEndian: true, out _);
        Encoding.ASCII.GetBytes("swap1").CopyTo(image, 1052);
        Encoding.ASCII.GetBytes(signature).CopyTo(image, page - 10);
        return image;
    }

    /// <summary>A physical volume of LVM: its label in the second sector, with no metadata area.</summary>
    /// <param name="id">32 letters and digits.</param>
    public static byte[] PhysicalVolume(string id)
    {
        var image = With(8192, (512, "LABELONE"u8.ToArray()), (520, [1]), (532, [32]), (536, "LVM2 001"u8.ToArray()), (544, Encoding.ASCII.GetBytes(id)));
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(528), LvmChecksum.Of(image.AsSpan(532, 1024 - 532)));
        return image;
    }

    /// <summary>A disk that a BIOS can start, as far as can be seen: code, GRUB's name, the signature.</summary>
    public static byte[] GrubSector() => With(4096, (0, [0xEB, 0x63, 0x90]), (0x180, "GRUB "u8.ToArray()), (510, [0x55, 0xAA]));

    public static byte[] With(int length, params (int Offset, byte[] Bytes)[] parts)
    {
        var image = new byte[length];
        foreach (var (offset, bytes) in parts)
        {
            bytes.CopyTo(image, offset);
        }

        return image;
    }
}
