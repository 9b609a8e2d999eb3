namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// An inode (XFS Algorithms &amp; Data Structures, "On-disk Inode"). It keeps its raw bytes, so that fields it does not know survive; a setter
/// marks it changed, and <see cref="XfsInodeTable"/> writes it when the operation ends.
/// </summary>
internal sealed class XfsInode
{
    public const int PermissionMask = 0x0FFF;

    public const int ChecksumOffset = 100;

    /// <summary>The core of versions 1 and 2, and of version 3.</summary>
    private const int CoreSize2 = 100;

    private const int CoreSize3 = 176;

    /// <summary>di_forkoff counts these.</summary>
    public const int ForkOffsetUnit = 8;

    private const ushort Magic = 0x494E; // "IN"

    private static class Offsets
    {
        public const int Mode = 2;
        public const int Version = 4;
        public const int DataFormat = 5;
        public const int LinksCountV1 = 6;
        public const int UserId = 8;
        public const int GroupId = 12;
        public const int LinksCount = 16;
        public const int ProjectIdLow = 20;
        public const int ProjectIdHigh = 22;
        public const int LargeExtentCount = 24;
        public const int AccessTime = 32;
        public const int ModificationTime = 40;
        public const int ChangeTime = 48;
        public const int Size = 56;
        public const int Blocks = 64;
        public const int ExtentSizeHint = 72;
        public const int ExtentCount = 76;
        public const int AttributeExtentCount = 80;
        public const int ForkOffset = 82;
        public const int AttributeFormat = 83;
        public const int Flags = 90;
        public const int Generation = 92;
        public const int NextUnlinked = 96;
        public const int ChangeCount = 104;
        public const int Flags2 = 120;
        public const int CopyExtentSizeHint = 128;
        public const int CreationTime = 144;
        public const int Number = 152;
        public const int Uuid = 160;
    }

    private readonly byte[] _raw;
    private readonly List<XfsInode> _changed;
    private bool _isChanged;

    public XfsInode(XfsVolume volume, ulong number, byte[] raw, List<XfsInode> changed)
    {
        Volume = volume;
        Number = number;
        _raw = raw;
        _changed = changed;
        DataFork = new XfsInodeFork(this, isAttributeFork: false);
        AttributeFork = new XfsInodeFork(this, isAttributeFork: true);
    }

    public XfsVolume Volume { get; }

    public ulong Number { get; }

    public XfsInodeFork DataFork { get; }

    /// <summary>The fork of extended attributes; it <see cref="XfsInodeFork.Exists"/> only when the inode has some.</summary>
    public XfsInodeFork AttributeFork { get; }

    public ushort Mode
    {
        get => Raw.U16(Offsets.Mode);
        set => Change().Put16(Offsets.Mode, value);
    }

    public int Version => _raw[Offsets.Version];

    public GuestFileType? Type => LinuxFileTypes.FromMode(Mode);

    public bool IsDirectory => Type == GuestFileType.Directory;

    public bool IsRegular => Type == GuestFileType.Regular;

    public bool IsSymbolicLink => Type == GuestFileType.SymbolicLink;

    public uint UserId
    {
        get => Raw.U32(Offsets.UserId);
        set => Change().Put32(Offsets.UserId, value);
    }

    public uint GroupId
    {
        get => Raw.U32(Offsets.GroupId);
        set => Change().Put32(Offsets.GroupId, value);
    }

    public uint LinksCount
    {
        get => Version == 1 ? Raw.U16(Offsets.LinksCountV1) : Raw.U32(Offsets.LinksCount);
        set => Change().Put32(Offsets.LinksCount, value);
    }

    public uint ProjectId
    {
        get => Raw.U16(Offsets.ProjectIdLow) | (uint)Raw.U16(Offsets.ProjectIdHigh) << 16;
        set
        {
            Change().Put16(Offsets.ProjectIdLow, (ushort)value);
            Change().Put16(Offsets.ProjectIdHigh, (ushort)(value >> 16));
        }
    }

    public DateTimeOffset Accessed { set => PutTime(Offsets.AccessTime, value); }

    public DateTimeOffset Modified
    {
        get => XfsTimestamp.Decode(Raw.U64(Offsets.ModificationTime), HasBigTime);
        set => PutTime(Offsets.ModificationTime, value);
    }

    public DateTimeOffset Changed { set => PutTime(Offsets.ChangeTime, value); }

    public DateTimeOffset Created
    {
        set
        {
            if (Version >= 3)
            {
                PutTime(Offsets.CreationTime, value);
            }
        }
    }

    public long Size
    {
        get => (long)Raw.U64(Offsets.Size);
        set => Change().Put64(Offsets.Size, (ulong)value);
    }

    /// <summary>Blocks of data, attributes and extent B-trees.</summary>
    public ulong Blocks
    {
        get => Raw.U64(Offsets.Blocks);
        set => Change().Put64(Offsets.Blocks, value);
    }

    public uint ExtentSizeHint
    {
        get => Raw.U32(Offsets.ExtentSizeHint);
        set => Change().Put32(Offsets.ExtentSizeHint, value);
    }

    public uint CopyExtentSizeHint
    {
        get => Raw.U32(Offsets.CopyExtentSizeHint);
        set => Change().Put32(Offsets.CopyExtentSizeHint, value);
    }

    public XfsInodeFlags Flags
    {
        get => (XfsInodeFlags)Raw.U16(Offsets.Flags);
        set => Change().Put16(Offsets.Flags, (ushort)value);
    }

    public XfsInodeFlags2 Flags2
    {
        get => Version >= 3 ? (XfsInodeFlags2)Raw.U64(Offsets.Flags2) : XfsInodeFlags2.None;
        set => Change().Put64(Offsets.Flags2, (ulong)value);
    }

    public uint Generation
    {
        get => Raw.U32(Offsets.Generation);
        set => Change().Put32(Offsets.Generation, value);
    }

    /// <summary>The next in a list of inodes without a name.</summary>
    public uint NextUnlinked => Raw.U32(Offsets.NextUnlinked);

    /// <summary>Bytes from the core's end to the attribute fork; 0 without one.</summary>
    public int ForkOffset
    {
        get => _raw[Offsets.ForkOffset] * ForkOffsetUnit;
        set
        {
            Change();
            _raw[Offsets.ForkOffset] = (byte)(value / ForkOffsetUnit);
        }
    }

    /// <summary>Bytes of both forks together.</summary>
    public int ForkAreaSize => _raw.Length - CoreSize;

    private int CoreSize => Version >= 3 ? CoreSize3 : CoreSize2;

    private bool HasBigTime => Flags2.HasFlag(XfsInodeFlags2.BigTime);

    private bool HasLargeExtentCounts => Flags2.HasFlag(XfsInodeFlags2.LargeExtentCounts);

    private ReadOnlySpan<byte> Raw => _raw;

    /// <summary>The bytes of both forks.</summary>
    public Memory<byte> ForkArea => _raw.AsMemory(CoreSize);

    public XfsForkFormat GetFormat(bool isAttributeFork) =>
        (XfsForkFormat)_raw[isAttributeFork ? Offsets.AttributeFormat : Offsets.DataFormat];

    public void SetFormat(bool isAttributeFork, XfsForkFormat format)
    {
        Change();
        _raw[isAttributeFork ? Offsets.AttributeFormat : Offsets.DataFormat] = (byte)format;
    }

    public ulong GetExtentCount(bool isAttributeFork) => (isAttributeFork, HasLargeExtentCounts) switch
    {
        (false, false) => Raw.U32(Offsets.ExtentCount),
        (false, true) => Raw.U64(Offsets.LargeExtentCount),
        (true, false) => Raw.U16(Offsets.AttributeExtentCount),
        (true, true) => Raw.U32(Offsets.ExtentCount),
    };

    public void SetExtentCount(bool isAttributeFork, ulong count)
    {
        if (count > (isAttributeFork, HasLargeExtentCounts) switch
        {
            (false, false) => int.MaxValue,
            (false, true) => (1UL << 48) - 1,
            (true, false) => (ulong)short.MaxValue,
            (true, true) => uint.MaxValue,
        })
        {
            throw XfsErrors.Full($"Inode {Number} would have more extents than it can count.");
        }

        switch (isAttributeFork, HasLargeExtentCounts)
        {
            case (false, false) or (true, true):
                Change().Put32(Offsets.ExtentCount, (uint)count);
                break;
            case (false, true):
                Change().Put64(Offsets.LargeExtentCount, count);
                break;
            case (true, false):
                Change().Put16(Offsets.AttributeExtentCount, (ushort)count);
                break;
        }
    }

    /// <summary>Notes that this inode has to be written. An inode of version 1 becomes one of version 2, as with every kernel since Linux 3.</summary>
    public Span<byte> Change()
    {
        if (!_isChanged)
        {
            _isChanged = true;
            _changed.Add(this);
        }

        if (Version == 1)
        {
            var links = LinksCount;
            _raw[Offsets.Version] = 2;
            _raw.AsSpan(Offsets.LinksCountV1, 2).Clear();
            _raw.AsSpan(Offsets.LinksCount, Offsets.AccessTime - Offsets.LinksCount).Clear();
            _raw.AsSpan().Put32(Offsets.LinksCount, links);
        }

        return _raw;
    }

    /// <summary>The inode as it goes to the volume: change counter and checksum brought up to date.</summary>
    public ReadOnlySpan<byte> Seal()
    {
        _isChanged = false;
        if (Version >= 3)
        {
            _raw.AsSpan().Put64(Offsets.ChangeCount, Raw.U64(Offsets.ChangeCount) + 1);
            XfsBuffer.StoreChecksum(_raw, ChecksumOffset);
        }

        return _raw;
    }

    /// <summary>Throws unless the inode fits the file system and does not contradict itself; one that is not in use is only recognised.</summary>
    public void Check(long address)
    {
        var superblock = Volume.Superblock;
        var isGood = Raw.U16(0) == Magic && (superblock.IsV5 ? Version == 3 : Version is 1 or 2)
            && (!superblock.IsV5 || (XfsBuffer.HasValidChecksum(_raw, ChecksumOffset) && Raw.U64(Offsets.Number) == Number
                && Raw.Slice(Offsets.Uuid, 16).SequenceEqual(superblock.MetadataUuid)));
        if (isGood && Mode != 0)
        {
            isGood = Type is { } type && Size >= 0 && ForkOffset < ForkAreaSize && IsFormatGood(type) && DataFork.IsHeaderGood()
                && (ForkOffset == 0
                    ? GetExtentCount(isAttributeFork: true) == 0
                    : GetFormat(isAttributeFork: true) is XfsForkFormat.Local or XfsForkFormat.Extents or XfsForkFormat.BTree && AttributeFork.IsHeaderGood());
        }

        if (!isGood)
        {
            throw XfsErrors.Corrupt($"inode {Number} is not one, or contradicts itself.", address);
        }
    }

    /// <summary>The bytes of an inode that is not in use: its own place noted, everything else zero.</summary>
    public static byte[] CreateFree(XfsSuperblock superblock, ulong number, uint generation)
    {
        var raw = new byte[superblock.InodeSize];
        var span = raw.AsSpan();
        span.Put16(0, Magic);
        span[Offsets.Version] = (byte)(superblock.IsV5 ? 3 : 2);
        span.Put32(Offsets.Generation, generation);
        span.Put32(Offsets.NextUnlinked, XfsAgi.NoInode);
        if (superblock.IsV5)
        {
            span.Put64(Offsets.Number, number);
            superblock.MetadataUuid.CopyTo(span[Offsets.Uuid..]);
            XfsBuffer.StoreChecksum(span, ChecksumOffset);
        }

        return raw;
    }

    /// <summary>Makes a free inode one in use: an empty list of extents, no attributes.</summary>
    public void Initialise(ushort mode, uint generation)
    {
        var fresh = CreateFree(Volume.Superblock, Number, generation);
        if (Version >= 3)
        {
            // The counter goes on, so that nobody takes the new file for the old one.
            fresh.AsSpan().Put64(Offsets.ChangeCount, Raw.U64(Offsets.ChangeCount));
        }

        fresh.CopyTo(Change());
        Mode = mode;
        SetFormat(isAttributeFork: false, XfsForkFormat.Extents);
        SetFormat(isAttributeFork: true, XfsForkFormat.Extents);
        if (Version >= 3)
        {
            Flags2 = (Volume.Superblock.HasBigTime ? XfsInodeFlags2.BigTime : 0) | (Volume.Superblock.HasLargeExtentCounts ? XfsInodeFlags2.LargeExtentCounts : 0);
        }
    }

    /// <summary>Makes an inode one that is not in use; its blocks must have been freed.</summary>
    public void Release()
    {
        var free = CreateFree(Volume.Superblock, Number, Generation + 1);
        if (Version >= 3)
        {
            free.AsSpan().Put64(Offsets.ChangeCount, Raw.U64(Offsets.ChangeCount));
        }

        free.CopyTo(Change());
        SetFormat(isAttributeFork: false, XfsForkFormat.Extents);
        SetFormat(isAttributeFork: true, XfsForkFormat.Extents);
    }

    private bool IsFormatGood(GuestFileType type)
    {
        var format = GetFormat(isAttributeFork: false);
        return type switch
        {
            GuestFileType.Regular => format is XfsForkFormat.Extents or XfsForkFormat.BTree,
            GuestFileType.Directory => format is XfsForkFormat.Local or XfsForkFormat.Extents or XfsForkFormat.BTree,
            GuestFileType.SymbolicLink => format is XfsForkFormat.Local or XfsForkFormat.Extents,
            _ => format == XfsForkFormat.Device,
        };
    }

    private void PutTime(int offset, DateTimeOffset time) => Change().Put64(offset, XfsTimestamp.Encode(time, HasBigTime));
}
