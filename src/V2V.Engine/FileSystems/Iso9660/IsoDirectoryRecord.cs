using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Iso9660;

/// <summary>One entry of a directory (ECMA-119, 9.1): a file, or one extent of a file that has several.</summary>
/// <param name="Position">Where the record stands, in bytes.</param>
/// <param name="Block">First logical block of the extent, its extended attribute record included.</param>
/// <param name="AttributeBlocks">Logical blocks of the extended attribute record.</param>
/// <param name="DataLength">Bytes of data in the extent.</param>
/// <param name="Recorded">When it was recorded.</param>
/// <param name="Flags">What it is.</param>
/// <param name="IsInterleaved">Its blocks are mixed with another file's.</param>
/// <param name="Name">The file identifier as stored; one byte 0 or 1 stands for "." or "..".</param>
/// <param name="SystemUse">What follows the identifier: SUSP entries.</param>
internal sealed record IsoDirectoryRecord(
    long Position, uint Block, byte AttributeBlocks, uint DataLength, DateTimeOffset Recorded, IsoFileFlags Flags, bool IsInterleaved, byte[] Name, byte[] SystemUse)
{
    /// <summary>A record whose identifier has one byte.</summary>
    public const int MinimumLength = 34;

    public bool IsDirectory => Flags.HasFlag(IsoFileFlags.Directory);

    public bool IsSelf => Name is [0];

    public bool IsParent => Name is [1];

    /// <summary>First block of the data.</summary>
    public uint DataBlock => unchecked(Block + AttributeBlocks);

    /// <param name="raw">The record, as long as its first byte says.</param>
    /// <param name="position">Where it stands.</param>
    /// <exception cref="GuestFileSystemException">The identifier does not fit in the record.</exception>
    public static IsoDirectoryRecord Parse(ReadOnlySpan<byte> raw, long position)
    {
        int nameLength = raw[Offsets.NameLength];
        if (nameLength == 0 || Offsets.Name + nameLength > raw.Length)
        {
            throw IsoErrors.Corrupt($"a directory record of {raw.Length} bytes claims a name of {nameLength} bytes.", position + Offsets.NameLength);
        }

        // A byte of padding makes the length even.
        var systemUse = Math.Min((Offsets.Name + nameLength + 1) & ~1, raw.Length);
        return new IsoDirectoryRecord(
            position,
            BinaryPrimitives.ReadUInt32LittleEndian(raw[Offsets.Block..]),
            raw[Offsets.AttributeBlocks],
            BinaryPrimitives.ReadUInt32LittleEndian(raw[Offsets.DataLength..]),
            IsoTimestamp.Parse(raw.Slice(Offsets.Recorded, IsoTimestamp.ShortLength)),
            (IsoFileFlags)raw[Offsets.Flags],
            raw[Offsets.UnitSize] != 0 || raw[Offsets.GapSize] != 0,
            raw.Slice(Offsets.Name, nameLength).ToArray(),
            raw[systemUse..].ToArray());
    }

    private static class Offsets
    {
        public const int AttributeBlocks = 1;
        public const int Block = 2;
        public const int DataLength = 10;
        public const int Recorded = 18;
        public const int Flags = 25;
        public const int UnitSize = 26;
        public const int GapSize = 27;
        public const int NameLength = 32;
        public const int Name = 33;
    }
}

/// <summary>ECMA-119, 9.1.6.</summary>
[Flags]
internal enum IsoFileFlags : byte
{
    None = 0,
    Hidden = 1,
    Directory = 2,

    /// <summary>A companion of the file of the same name, as Apple's resource forks are.</summary>
    Associated = 4,
    Record = 8,
    Protection = 16,

    /// <summary>The next record holds the file's next extent.</summary>
    MultiExtent = 128,
}
