using System.Buffers.Binary;
using System.Text;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vhd;

internal enum VhdType : uint
{
    Fixed = 2,
    Dynamic = 3,
    Differencing = 4,
}

/// <summary>
/// The footer of a VHD, which is the last sector of the file; dynamic and differencing disks have a copy of it at the start
/// (Virtual Hard Disk Image Format Specification 1.0, "Hard Disk Footer Format"). Numbers are big-endian.
/// </summary>
internal sealed record VhdFooter
{
    public const int Size = 512;

    /// <summary>What Virtual PC wrote before 2004: the last byte is missing.</summary>
    private const int OldSize = 511;

    private const int SectorSize = 512;

    // The most that the geometry can tell: a disk of this many sectors or more has its size elsewhere.
    private const long MaximumGeometry = 65535L * 16 * 255;

    // The specification's own limit is 2,040 GiB: sector offsets have 32 bits.
    private const long MaximumDiskSize = 2040L << 30;

    private static class Field
    {
        public const int Version = 12;
        public const int DataOffset = 16;
        public const int CreatorApplication = 28;
        public const int CurrentSize = 48;
        public const int Cylinders = 56;
        public const int Heads = 58;
        public const int SectorsPerTrack = 59;
        public const int DiskType = 60;
        public const int Checksum = 64;
        public const int UniqueId = 68;
        public const int SavedState = 84;
    }

    public required VhdType Type { get; init; }

    /// <summary>Size of the disk as its guest saw it, in bytes.</summary>
    public required long DiskSize { get; init; }

    /// <summary>Where the dynamic disk header stands; of no meaning in a fixed disk.</summary>
    public required long DataOffset { get; init; }

    public required Guid UniqueId { get; init; }

    /// <summary>The machine was suspended, not shut down.</summary>
    public required bool IsSavedState { get; init; }

    public static bool HasCookie(ReadOnlySpan<byte> footer) => footer.StartsWith("conectix"u8);

    /// <summary>One's complement of the sum of all bytes, the checksum's own left out.</summary>
    public static uint Checksum(ReadOnlySpan<byte> structure, int field)
    {
        uint sum = 0;
        for (int i = 0; i < structure.Length; i++)
        {
            sum += i >= field && i < field + sizeof(uint) ? 0u : structure[i];
        }

        return ~sum;
    }

    /// <summary>The footer at the end of a file, or where that is damaged the copy at the start; null when there is neither.</summary>
    public static VhdFooter? Find(DiskFile file)
    {
        Span<byte> footer = stackalloc byte[Size];
        foreach (long position in (ReadOnlySpan<long>)[file.Length - Size, file.Length - OldSize, 0])
        {
            if (position < 0)
            {
                continue;
            }

            int length = (int)Math.Min(Size, file.Length - position);
            footer.Clear();
            file.Read(position, footer[..length]);
            if (IsFooter(footer))
            {
                return Parse(file, position, footer);
            }
        }

        return null;
    }

    private static bool IsFooter(ReadOnlySpan<byte> footer) =>
        HasCookie(footer) && BinaryPrimitives.ReadUInt32BigEndian(footer[Field.Checksum..]) == Checksum(footer, Field.Checksum);

    private static VhdFooter Parse(DiskFile file, long position, ReadOnlySpan<byte> footer)
    {
        uint version = BinaryPrimitives.ReadUInt32BigEndian(footer[Field.Version..]);
        if (version >> 16 != 1)
        {
            throw ImageFault.Unsupported(file, VhdDisk.Format, $"has version {version >> 16}.{version & 0xFFFF}; version 1.0 can be read.", VhdDisk.ConvertAdvice);
        }

        var type = (VhdType)BinaryPrimitives.ReadUInt32BigEndian(footer[Field.DiskType..]);
        if (!Enum.IsDefined(type))
        {
            throw ImageFault.Unsupported(
                file, VhdDisk.Format, $"is of the type {(uint)type}; fixed (2), dynamic (3) and differencing (4) disks can be read.", VhdDisk.ConvertAdvice);
        }

        long size = DiskSizeOf(footer);
        return size is > 0 and <= MaximumDiskSize && size % SectorSize == 0
            ? new VhdFooter
            {
                Type = type,
                DiskSize = size,
                DataOffset = BinaryPrimitives.ReadInt64BigEndian(footer[Field.DataOffset..]),
                UniqueId = new Guid(footer.Slice(Field.UniqueId, 16), bigEndian: true),
                IsSavedState = footer[Field.SavedState] == 1,
            }
            : throw ImageFault.Corrupt(file, VhdDisk.Format, position + Field.CurrentSize, $"a disk of {size} bytes is not possible.");
    }

    /// <summary>
    /// Virtual PC, Virtual Server and old QEMU showed their guests a disk of the footer's geometry, which is a little smaller than the size that
    /// stands beside it; everybody else shows that size (QEMU's block/vpc.c makes the same distinction).
    /// </summary>
    private static long DiskSizeOf(ReadOnlySpan<byte> footer)
    {
        long geometry = (long)BinaryPrimitives.ReadUInt16BigEndian(footer[Field.Cylinders..]) * footer[Field.Heads] * footer[Field.SectorsPerTrack];
        string creator = Encoding.Latin1.GetString(footer.Slice(Field.CreatorApplication, 4));
        return creator is "vpc " or "vs  " or "qemu" && geometry is > 0 and < MaximumGeometry
            ? geometry * SectorSize
            : BinaryPrimitives.ReadInt64BigEndian(footer[Field.CurrentSize..]);
    }
}
