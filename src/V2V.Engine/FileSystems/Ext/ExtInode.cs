using System.Buffers.Binary;
using V2V.Engine.IO;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>
/// An inode (Documentation/filesystems/ext4/inodes.rst). It keeps its raw bytes, so that fields it does not know survive; a setter marks it
/// changed, and <see cref="ExtInodeTable"/> writes it when the operation ends.
/// </summary>
internal sealed class ExtInode(uint number, byte[] raw, List<ExtInode> changed)
{
    /// <summary>The part that every inode has.</summary>
    public const int BaseSize = 128;

    /// <summary>Bytes of i_block: block numbers, an extent tree's root, or a short symbolic link.</summary>
    public const int BlockAreaSize = 60;

    public const int TypeMask = 0xF000;

    public const int PermissionMask = 0x0FFF;

    private const int SectorSize = 512;

    private static class Offsets
    {
        public const int Mode = 0x00;
        public const int UserIdLow = 0x02;
        public const int SizeLow = 0x04;
        public const int AccessTime = 0x08;
        public const int ChangeTime = 0x0C;
        public const int ModificationTime = 0x10;
        public const int DeletionTime = 0x14;
        public const int GroupIdLow = 0x18;
        public const int LinksCount = 0x1A;
        public const int BlocksLow = 0x1C;
        public const int Flags = 0x20;
        public const int VersionLow = 0x24;
        public const int BlockArea = 0x28;
        public const int Generation = 0x64;
        public const int FileAclLow = 0x68;
        public const int SizeHigh = 0x6C;
        public const int BlocksHigh = 0x74;
        public const int FileAclHigh = 0x76;
        public const int UserIdHigh = 0x78;
        public const int GroupIdHigh = 0x7A;
        public const int ChecksumLow = 0x7C;
        public const int ExtraIsize = 0x80;
        public const int ChecksumHigh = 0x82;
        public const int ChangeTimeExtra = 0x84;
        public const int ModificationTimeExtra = 0x88;
        public const int AccessTimeExtra = 0x8C;
        public const int CreationTime = 0x90;
        public const int CreationTimeExtra = 0x94;
        public const int ProjectId = 0x9C;
    }

    private bool _isChanged;

    public uint Number { get; } = number;

    /// <summary>The whole on-disk inode.</summary>
    public ReadOnlySpan<byte> Raw => raw;

    public ushort Mode
    {
        get => U16(Offsets.Mode);
        set => Put16(Offsets.Mode, value);
    }

    public GuestFileType? Type => LinuxFileTypes.FromMode(Mode);

    public bool IsDirectory => Type == GuestFileType.Directory;

    public bool IsRegular => Type == GuestFileType.Regular;

    public bool IsSymbolicLink => Type == GuestFileType.SymbolicLink;

    public uint UserId
    {
        get => U16(Offsets.UserIdLow) | (uint)U16(Offsets.UserIdHigh) << 16;
        set
        {
            Put16(Offsets.UserIdLow, (ushort)value);
            Put16(Offsets.UserIdHigh, (ushort)(value >> 16));
        }
    }

    public uint GroupId
    {
        get => U16(Offsets.GroupIdLow) | (uint)U16(Offsets.GroupIdHigh) << 16;
        set
        {
            Put16(Offsets.GroupIdLow, (ushort)value);
            Put16(Offsets.GroupIdHigh, (ushort)(value >> 16));
        }
    }

    /// <summary>i_size. The high half counts for every type but, on old file systems, directories used the field for ACLs.</summary>
    public long Size
    {
        get
        {
            var size = U32(Offsets.SizeLow) | (ulong)(IsRegular || IsDirectory ? U32(Offsets.SizeHigh) : 0) << 32;
            return size <= long.MaxValue ? (long)size : throw ExtErrors.Corrupt($"inode {Number} gives a size of {size} bytes.");
        }

        set
        {
            Put32(Offsets.SizeLow, (uint)value);
            if (IsRegular || IsDirectory)
            {
                Put32(Offsets.SizeHigh, (uint)(value >> 32));
            }
        }
    }

    public uint LinksCount
    {
        get => U16(Offsets.LinksCount);
        set => Put16(Offsets.LinksCount, (ushort)value);
    }

    public ExtInodeFlags Flags
    {
        get => (ExtInodeFlags)U32(Offsets.Flags);
        set => Put32(Offsets.Flags, (uint)value);
    }

    public uint Generation
    {
        get => U32(Offsets.Generation);
        set => Put32(Offsets.Generation, value);
    }

    /// <summary>Block of extended attributes; 0 when there is none.</summary>
    public long FileAcl
    {
        get => U32(Offsets.FileAclLow) | (long)U16(Offsets.FileAclHigh) << 32;
        set
        {
            Put32(Offsets.FileAclLow, (uint)value);
            Put16(Offsets.FileAclHigh, (ushort)(value >> 32));
        }
    }

    /// <summary>Time of deletion; while an inode is on the orphan list, the number of the next one.</summary>
    public uint DeletionTime
    {
        get => U32(Offsets.DeletionTime);
        set => Put32(Offsets.DeletionTime, value);
    }

    public uint ProjectId
    {
        get => HasExtra(Offsets.ProjectId, sizeof(uint)) ? U32(Offsets.ProjectId) : 0;
        set
        {
            if (HasExtra(Offsets.ProjectId, sizeof(uint)))
            {
                Put32(Offsets.ProjectId, value);
            }
        }
    }

    public ulong Version
    {
        set => Put32(Offsets.VersionLow, (uint)value);
    }

    /// <summary>Size of the fields behind the first 128 bytes; in-inode extended attributes follow them.</summary>
    public int ExtraIsize
    {
        get => raw.Length > BaseSize ? U16(Offsets.ExtraIsize) : 0;
        set => Put16(Offsets.ExtraIsize, (ushort)value);
    }

    public DateTimeOffset Modified
    {
        get => ReadTime(Offsets.ModificationTime, Offsets.ModificationTimeExtra);
        set => WriteTime(Offsets.ModificationTime, Offsets.ModificationTimeExtra, value);
    }

    public DateTimeOffset Changed
    {
        set => WriteTime(Offsets.ChangeTime, Offsets.ChangeTimeExtra, value);
    }

    public DateTimeOffset Accessed
    {
        set => WriteTime(Offsets.AccessTime, Offsets.AccessTimeExtra, value);
    }

    public DateTimeOffset Created
    {
        set
        {
            if (HasExtra(Offsets.CreationTime, sizeof(uint)))
            {
                WriteTime(Offsets.CreationTime, Offsets.CreationTimeExtra, value);
            }
        }
    }

    /// <summary>i_block, to be read.</summary>
    public ReadOnlySpan<byte> BlockArea => raw.AsSpan(Offsets.BlockArea, BlockAreaSize);

    /// <summary>i_block, to be changed.</summary>
    public Span<byte> ModifyBlockArea()
    {
        Touch();
        return raw.AsSpan(Offsets.BlockArea, BlockAreaSize);
    }

    /// <summary>
    /// The bytes behind the extra fields, where in-inode extended attributes live. Empty for 128-byte inodes and for those that still have no extra
    /// fields, where the kernel does not look either.
    /// </summary>
    public ReadOnlySpan<byte> XattrArea => ExtraIsize > 0 ? raw.AsSpan(BaseSize + ExtraIsize) : [];

    public Span<byte> ModifyXattrArea()
    {
        Touch();
        return raw.AsSpan(BaseSize + ExtraIsize);
    }

    /// <summary>Sectors of 512 bytes that the inode's data and mapping take (i_blocks).</summary>
    public long ReadSectors(ExtSuperblock superblock)
    {
        if (!superblock.RoCompat.HasFlag(ExtReadOnlyCompatFeatures.HugeFile))
        {
            return U32(Offsets.BlocksLow);
        }

        var count = U32(Offsets.BlocksLow) | (long)U16(Offsets.BlocksHigh) << 32;
        return Flags.HasFlag(ExtInodeFlags.HugeFile) ? count * (superblock.BlockSize / SectorSize) : count;
    }

    /// <summary>Counts blocks in (or, negative, out).</summary>
    public void AddBlocks(long blocks, ExtSuperblock superblock)
    {
        var sectorsPerBlock = superblock.BlockSize / SectorSize;
        var huge = superblock.RoCompat.HasFlag(ExtReadOnlyCompatFeatures.HugeFile);
        var inBlocks = huge && Flags.HasFlag(ExtInodeFlags.HugeFile);
        var count = (inBlocks ? ReadSectors(superblock) / sectorsPerBlock : ReadSectors(superblock)) + blocks * (inBlocks ? 1 : sectorsPerBlock);
        if (count < 0)
        {
            throw ExtErrors.Corrupt($"inode {Number} has more blocks than i_blocks counts.");
        }

        if (count > (huge ? (1L << 48) - 1 : uint.MaxValue))
        {
            throw ExtErrors.Full($"Inode {Number} cannot grow: a file of this file system holds at most 2^{(huge ? 48 : 32)} sectors.");
        }

        Put32(Offsets.BlocksLow, (uint)count);
        if (huge)
        {
            Put16(Offsets.BlocksHigh, (ushort)(count >> 32));
        }
    }

    /// <summary>Throws when the fields contradict each other so that nothing else may be believed.</summary>
    public void CheckLayout()
    {
        if (raw.Length > BaseSize && (ExtraIsize % 4 != 0 || ExtraIsize > raw.Length - BaseSize))
        {
            throw ExtErrors.Corrupt($"inode {Number} gives {ExtraIsize} extra bytes of at most {raw.Length - BaseSize}.");
        }
    }

    public bool HasValidChecksum(ExtVolume volume)
    {
        var stored = (uint)U16(Offsets.ChecksumLow);
        var mask = 0xFFFFu;
        if (HasExtra(Offsets.ChecksumHigh, sizeof(ushort)))
        {
            stored |= (uint)U16(Offsets.ChecksumHigh) << 16;
            mask = uint.MaxValue;
        }

        return stored == (ComputeChecksum(volume) & mask);
    }

    /// <summary>Brings the checksum up to date and hands out the bytes to be stored.</summary>
    public ReadOnlySpan<byte> Seal(ExtVolume volume)
    {
        if (volume.Superblock.HasMetadataChecksums)
        {
            var checksum = ComputeChecksum(volume);
            BinaryPrimitives.WriteUInt16LittleEndian(raw.AsSpan(Offsets.ChecksumLow), (ushort)checksum);
            if (HasExtra(Offsets.ChecksumHigh, sizeof(ushort)))
            {
                BinaryPrimitives.WriteUInt16LittleEndian(raw.AsSpan(Offsets.ChecksumHigh), (ushort)(checksum >> 16));
            }
        }

        _isChanged = false;
        return raw;
    }

    /// <summary>CRC-32C over number, generation and the inode, in which the checksum's own halves count as zero.</summary>
    private uint ComputeChecksum(ExtVolume volume)
    {
        ReadOnlySpan<byte> zeros = [0, 0];
        var crc = volume.InodeChecksumSeed(Number, Generation);
        crc = Crc32C.Append(crc, raw.AsSpan(0, Offsets.ChecksumLow));
        crc = Crc32C.Append(crc, zeros);
        crc = Crc32C.Append(crc, raw.AsSpan(Offsets.ChecksumLow + sizeof(ushort), BaseSize - Offsets.ChecksumLow - sizeof(ushort)));
        if (raw.Length == BaseSize)
        {
            return crc;
        }

        crc = Crc32C.Append(crc, raw.AsSpan(BaseSize, Offsets.ChecksumHigh - BaseSize));
        var hasHigh = HasExtra(Offsets.ChecksumHigh, sizeof(ushort));
        crc = Crc32C.Append(crc, hasHigh ? zeros : raw.AsSpan(Offsets.ChecksumHigh, sizeof(ushort)));
        return Crc32C.Append(crc, raw.AsSpan(Offsets.ChecksumHigh + sizeof(ushort)));
    }

    /// <summary>A field behind the first 128 bytes exists when i_extra_isize reaches over it.</summary>
    private bool HasExtra(int offset, int length) => raw.Length > BaseSize && BaseSize + U16(Offsets.ExtraIsize) >= offset + length;

    private DateTimeOffset ReadTime(int offset, int extraOffset)
    {
        var extra = HasExtra(extraOffset, sizeof(uint)) ? U32(extraOffset) : 0;
        return ExtTimestamp.Decode(U32(offset), extra);
    }

    private void WriteTime(int offset, int extraOffset, DateTimeOffset value)
    {
        var hasExtra = HasExtra(extraOffset, sizeof(uint));
        var (seconds, extra) = ExtTimestamp.Encode(value, hasExtra);
        Put32(offset, seconds);
        if (hasExtra)
        {
            Put32(extraOffset, extra);
        }
    }

    private void Touch()
    {
        if (!_isChanged)
        {
            _isChanged = true;
            changed.Add(this);
        }
    }

    private ushort U16(int offset) => BinaryPrimitives.ReadUInt16LittleEndian(raw.AsSpan(offset));

    private uint U32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(raw.AsSpan(offset));

    private void Put16(int offset, ushort value)
    {
        Touch();
        BinaryPrimitives.WriteUInt16LittleEndian(raw.AsSpan(offset), value);
    }

    private void Put32(int offset, uint value)
    {
        Touch();
        BinaryPrimitives.WriteUInt32LittleEndian(raw.AsSpan(offset), value);
    }
}
