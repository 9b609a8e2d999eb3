using System.Buffers.Binary;
using V2V.Engine.Disks;
using V2V.Engine.FileSystems.Fat;
using V2V.Engine.Volumes;
using V2V.Engine.Volumes.Gpt;
using V2V.Engine.Volumes.Lvm;

namespace V2V.Engine.Inspection;

/// <summary>What the first sectors of a volume say that it holds, in blkid's words, whether or not V2V can open it.</summary>
/// <param name="Kind">"swap", "swsuspend", "crypto_LUKS", "LVM2_member", "linux_raid_member", "ext4", "xfs", "btrfs", "ntfs", "vfat", ...</param>
/// <param name="Uuid">As blkid prints it; null when the format has none.</param>
/// <param name="Label">Null when it has none.</param>
internal sealed record VolumeContent(string Kind, string? Uuid = null, string? Label = null)
{
    /// <summary>A Windows dynamic disk (Logical Disk Manager), which its partition table tells.</summary>
    public const string DynamicDisk = "LDM";

    /// <summary>A member of a pool of Storage Spaces, which its partition table tells.</summary>
    public const string StorageSpaces = "StorageSpaces";

    /// <summary>Enough for every signature that stands at the start; the farthest is btrfs' at 64 KiB.</summary>
    private const int HeadLength = 68 * 1024;

    /// <summary>The type of every partition of a dynamic disk with an MBR.</summary>
    private const byte MbrDynamicDisk = 0x42;

    private delegate VolumeContent? Probe(ReadOnlySpan<byte> head, BlockDevice device);

    /// <summary>
    /// Containers come before file systems, because the first member of a mirror begins with the file system that is mirrored
    /// (md metadata 0.90 and 1.0 stand at the end of the volume).
    /// </summary>
    private static readonly Probe[] Probes =
    [
        Luks, Lvm2, LinuxRaid, Swap, Xfs, Ext, Btrfs, Ntfs, BitLocker, Refs, ExFat, Fat, Iso9660, Squashfs, ReiserFs, Jfs,
    ];

    /// <summary>What a volume's type in the partition table, and else its first sectors say; null when nothing is recognised.</summary>
    public static VolumeContent? Identify(Volume volume)
    {
        // The partitions of a dynamic disk may begin with a file system that goes on elsewhere, or has a mirror.
        if (volume.MbrType == MbrDynamicDisk || volume.GptType == GptPartitionTypes.LdmData || volume.GptType == GptPartitionTypes.LdmMetadata)
        {
            return new VolumeContent(DynamicDisk);
        }

        return volume.GptType == GptPartitionTypes.StorageSpaces ? new VolumeContent(StorageSpaces) : Identify(volume.Device);
    }

    /// <summary>Null when nothing is recognised.</summary>
    public static VolumeContent? Identify(BlockDevice device)
    {
        var head = new byte[(int)Math.Min(device.Length, HeadLength)];
        device.Read(0, head);
        if (head.Length < 512)
        {
            return null;
        }

        foreach (var probe in Probes)
        {
            if (probe(head, device) is { } content)
            {
                return content;
            }
        }

        return null;
    }

    /// <summary>LUKS1 and LUKS2 on-disk format, section "header": both keep the UUID as text at 168; the label is LUKS2's.</summary>
    private static VolumeContent? Luks(ReadOnlySpan<byte> head, BlockDevice device) =>
        Has(head, 0, [0x4C, 0x55, 0x4B, 0x53, 0xBA, 0xBE])
            ? new VolumeContent("crypto_LUKS", Text(head, 168, 40), Version(head, 6) == 2 ? Text(head, 24, 48) : null)
            : null;

    private static VolumeContent? Lvm2(ReadOnlySpan<byte> head, BlockDevice device) =>
        LvmLabel.TryFind(head) is { } label ? new VolumeContent("LVM2_member", label.PhysicalVolumeId?.ToString()) : null;

    private static VolumeContent? LinuxRaid(ReadOnlySpan<byte> head, BlockDevice device) => LinuxRaidSuperblock.TryRead(device) switch
    {
        null => null,
        { MajorVersion: 1, Bytes: var bytes } => new VolumeContent("linux_raid_member", Guid(bytes, 16), Text(bytes, 32, 32)),
        _ => new VolumeContent("linux_raid_member"),
    };

    /// <summary>The signature ends the first page, whatever the page size of the machine that made it (include/linux/swap.h).</summary>
    private static VolumeContent? Swap(ReadOnlySpan<byte> head, BlockDevice device)
    {
        foreach (var page in (ReadOnlySpan<int>)[4096, 8192, 16384, 32768, 65536])
        {
            if (Has(head, page - 10, "SWAPSPACE2"u8))
            {
                return new VolumeContent("swap", Guid(head, 1036), Text(head, 1052, 16));
            }

            if (Has(head, page - 10, "SWAP-SPACE"u8))
            {
                return new VolumeContent("swap");
            }

            // A hibernated system has put its own signature there (kernel/power/swap.c; TuxOnIce and uswsusp likewise).
            if (Has(head, page - 10, "S1SUSPEND"u8) || Has(head, page - 10, "S2SUSPEND"u8) || Has(head, page - 10, "ULSUSPEND"u8))
            {
                return new VolumeContent("swsuspend", Guid(head, 1036), Text(head, 1052, 16));
            }
        }

        return null;
    }

    private static VolumeContent? Xfs(ReadOnlySpan<byte> head, BlockDevice device) =>
        Has(head, 0, "XFSB"u8) ? new VolumeContent("xfs", Guid(head, 32), Text(head, 108, 12)) : null;

    private static VolumeContent? Ext(ReadOnlySpan<byte> head, BlockDevice device)
    {
        const int superblock = 1024;
        if (!Has(head, superblock + 56, [0x53, 0xEF]) || head.Length < superblock + 1024)
        {
            return null;
        }

        var compatible = BinaryPrimitives.ReadUInt32LittleEndian(head[(superblock + 92)..]);
        var incompatible = BinaryPrimitives.ReadUInt32LittleEndian(head[(superblock + 96)..]);
        const uint hasJournal = 0x4, isJournalDevice = 0x8, extentsOr64Bit = 0x40 | 0x80 | 0x200;
        var kind = (incompatible & isJournalDevice) != 0 ? "jbd"
            : (incompatible & extentsOr64Bit) != 0 ? "ext4"
            : (compatible & hasJournal) != 0 ? "ext3" : "ext2";
        return new VolumeContent(kind, Guid(head, superblock + 104), Text(head, superblock + 120, 16));
    }

    private static VolumeContent? Btrfs(ReadOnlySpan<byte> head, BlockDevice device) =>
        Has(head, 65536 + 64, "_BHRfS_M"u8) ? new VolumeContent("btrfs", Guid(head, 65536 + 32), Text(head, 65536 + 299, 256)) : null;

    private static VolumeContent? Ntfs(ReadOnlySpan<byte> head, BlockDevice device) =>
        Has(head, 3, "NTFS    "u8)
            ? new VolumeContent("ntfs", BinaryPrimitives.ReadUInt64LittleEndian(head[72..]).ToString("X16", null))
            : null;

    /// <summary>The name in the boot sector; on FAT (BitLocker To Go) it is FAT's own, and the GUID of BitLocker's metadata tells (libbde, "Volume header").</summary>
    private static VolumeContent? BitLocker(ReadOnlySpan<byte> head, BlockDevice device) =>
        Has(head, 3, "-FVE-FS-"u8)
        || (Has(head, 3, "MSWIN4.1"u8) && Has(head, 424, [0x3B, 0xD6, 0x67, 0x49, 0x29, 0x2E, 0xD8, 0x4A, 0x83, 0x99, 0xF6, 0xA3, 0x39, 0xE3, 0xD0, 0x01]))
            ? new VolumeContent("BitLocker")
            : null;

    /// <summary>The boot sector of ReFS: its name where NTFS has its own, and the signature of a file system recognition structure.</summary>
    private static VolumeContent? Refs(ReadOnlySpan<byte> head, BlockDevice device) =>
        Has(head, 3, "ReFS\0\0\0\0"u8) && Has(head, 16, "FSRS"u8) && head.Length >= 64
            ? new VolumeContent("refs", BinaryPrimitives.ReadUInt64LittleEndian(head[56..]).ToString("X16", null))
            : null;

    private static VolumeContent? ExFat(ReadOnlySpan<byte> head, BlockDevice device) =>
        Has(head, 3, "EXFAT   "u8) && head.Length >= 104 ? new VolumeContent("exfat", SerialNumber(head, 100)) : null;

    private static VolumeContent? Fat(ReadOnlySpan<byte> head, BlockDevice device)
    {
        if (!FatProbe.Recognises(device))
        {
            return null;
        }

        var (uuid, label) = FatBootSector.Identity(head);
        return new VolumeContent("vfat", uuid, label);
    }

    private static VolumeContent? Iso9660(ReadOnlySpan<byte> head, BlockDevice device) =>
        Has(head, 32769, "CD001"u8) ? new VolumeContent("iso9660", Label: Text(head, 32808, 32)?.TrimEnd()) : null;

    private static VolumeContent? Squashfs(ReadOnlySpan<byte> head, BlockDevice device) =>
        Has(head, 0, "hsqs"u8) ? new VolumeContent("squashfs") : null;

    private static VolumeContent? ReiserFs(ReadOnlySpan<byte> head, BlockDevice device) =>
        Has(head, 65536 + 52, "ReIsEr"u8) ? new VolumeContent("reiserfs", Guid(head, 65536 + 84), Text(head, 65536 + 100, 16)) : null;

    private static VolumeContent? Jfs(ReadOnlySpan<byte> head, BlockDevice device) =>
        Has(head, 32768, "JFS1"u8) ? new VolumeContent("jfs", Guid(head, 32768 + 136), Text(head, 32768 + 152, 16)) : null;

    private static bool Has(ReadOnlySpan<byte> head, int offset, ReadOnlySpan<byte> signature) =>
        head.Length >= offset + signature.Length && head.Slice(offset, signature.Length).SequenceEqual(signature);

    private static int Version(ReadOnlySpan<byte> head, int offset) => BinaryPrimitives.ReadUInt16BigEndian(head[offset..]);

    private static string? Text(ReadOnlySpan<byte> head, int offset, int length)
    {
        if (head.Length < offset + length)
        {
            return null;
        }

        var field = head.Slice(offset, length);
        var end = field.IndexOf((byte)0);
        field = end < 0 ? field : field[..end];
        return field.IsEmpty ? null : FileSystems.GuestText.Decode(field);
    }

    /// <summary>The bytes in the order in which they stand, and no UUID at all when they are zero.</summary>
    private static string? Guid(ReadOnlySpan<byte> head, int offset)
    {
        if (head.Length < offset + 16)
        {
            return null;
        }

        var guid = new Guid(head.Slice(offset, 16), bigEndian: true);
        return guid == System.Guid.Empty ? null : guid.ToString();
    }

    private static string SerialNumber(ReadOnlySpan<byte> head, int offset)
    {
        var serial = BinaryPrimitives.ReadUInt32LittleEndian(head[offset..]);
        return $"{serial >> 16:X4}-{serial & 0xFFFF:X4}";
    }
}
