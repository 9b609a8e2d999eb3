using System.Buffers.Binary;
using V2V.Engine.IO;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>journal_superblock_t, the first block of a journal: kernel documentation, "Journal (jbd2)", Super Block.</summary>
internal sealed class ExtJournalSuperblock
{
    internal const int Length = 1024;

    /// <summary>What a fast commit area has when s_num_fc_blks is zero (JBD2_DEFAULT_FAST_COMMIT_BLOCKS).</summary>
    private const uint DefaultFastCommitBlocks = 256;

    /// <summary>s_checksum_type of CRC32C, the only one that the kernel writes.</summary>
    private const byte Crc32CType = 4;

    private readonly byte[] _bytes;

    private ExtJournalSuperblock(byte[] bytes)
    {
        _bytes = bytes;
        ChecksumSeed = Crc32C.Append(~0u, bytes.AsSpan(Field.Uuid, Field.UuidLength));
    }

    /// <summary>Blocks of the journal, this one included.</summary>
    internal uint Blocks => Word(Field.Blocks);

    /// <summary>First block of the log.</summary>
    internal uint First => Word(Field.First);

    /// <summary>One past the last block of the log; a fast commit area may follow.</summary>
    internal uint End => Blocks - FastCommitBlocks;

    /// <summary>Sequence of the first transaction in the log.</summary>
    internal uint Sequence => Word(Field.Sequence);

    /// <summary>Block where the first transaction stands; zero when the log is empty.</summary>
    internal uint Start => Word(Field.Start);

    internal ExtJournalCompatible Compatible => IsV2 ? (ExtJournalCompatible)Word(Field.Compatible) : 0;

    internal ExtJournalIncompatible Incompatible => IsV2 ? (ExtJournalIncompatible)Word(Field.Incompatible) : 0;

    internal bool Is64Bit => Incompatible.HasFlag(ExtJournalIncompatible.SixtyFourBit);

    internal bool HasAsyncCommit => Incompatible.HasFlag(ExtJournalIncompatible.AsyncCommit);

    internal bool HasFastCommit => Incompatible.HasFlag(ExtJournalIncompatible.FastCommit);

    internal bool HasChecksumV1 => Compatible.HasFlag(ExtJournalCompatible.Checksum);

    internal bool HasChecksumV3 => Incompatible.HasFlag(ExtJournalIncompatible.ChecksumV3);

    /// <summary>Checksums of version 2 or 3: in every tag, at the end of descriptor and revoke blocks, in commit blocks and here.</summary>
    internal bool HasBlockChecksums => (Incompatible & (ExtJournalIncompatible.ChecksumV2 | ExtJournalIncompatible.ChecksumV3)) != 0;

    /// <summary>What every CRC32C of this journal starts with.</summary>
    internal uint ChecksumSeed { get; }

    private bool IsV2 => Word(Field.Type) == (uint)ExtJournalBlockType.SuperblockV2;

    private uint FastCommitBlocks => !HasFastCommit ? 0 : Word(Field.FastCommitBlocks) is 0 ? DefaultFastCommitBlocks : Word(Field.FastCommitBlocks);

    /// <param name="bytes">The first <see cref="Length"/> bytes of the journal; kept.</param>
    /// <param name="journalBlocks">Blocks that the journal's inode holds.</param>
    /// <param name="blockSize">The file system's block size.</param>
    /// <param name="fileSystemUuid">The file system's s_uuid.</param>
    /// <exception cref="GuestFileSystemException">It is no journal superblock, is damaged, or asks for what is not supported.</exception>
    internal static ExtJournalSuperblock Read(byte[] bytes, uint journalBlocks, int blockSize, ReadOnlySpan<byte> fileSystemUuid)
    {
        var superblock = new ExtJournalSuperblock(bytes);
        superblock.CheckKind(fileSystemUuid);
        superblock.CheckChecksum();
        superblock.CheckGeometry(journalBlocks, blockSize);
        if (superblock.Word(Field.Error) is var error and not 0)
        {
            throw new GuestFileSystemException(
                V2VError.FileSystemNotClean, $"The guest's kernel stopped writing to this file system after error {-(int)error}, says its journal.")
            {
                Format = "ext4",
                Advice = "Boot the guest, let e2fsck check the file system, and shut the guest down cleanly.",
            };
        }

        return superblock;
    }

    /// <summary>The superblock of the same journal with an empty log whose next transaction is <paramref name="sequence"/>.</summary>
    internal ReadOnlySpan<byte> Emptied(uint sequence)
    {
        var bytes = _bytes.AsSpan().ToArray();
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(Field.Sequence), sequence);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(Field.Start), 0);
        if (HasBlockChecksums)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(Field.Checksum), ExtJournalChecksum.WithoutField(~0u, bytes, Field.Checksum));
        }

        return bytes;
    }

    private void CheckKind(ReadOnlySpan<byte> fileSystemUuid)
    {
        if (!ExtJournalBlockHeader.TryRead(_bytes, out var header)
            || header.Type is not (ExtJournalBlockType.SuperblockV1 or ExtJournalBlockType.SuperblockV2))
        {
            throw ExtJournalLog.Corrupt(
                $"its first block starts with {Convert.ToHexString(_bytes, 0, 8)}, not with a journal superblock (C03B3998 and 3 or 4)");
        }

        if (!IsV2)
        {
            return; // Everything that is checked below came with version 2.
        }

        if ((Incompatible & ~ExtJournalIncompatible.Understood) is var unknown and not 0)
        {
            throw ExtJournalLog.Unsupported($"incompatible features 0x{(uint)unknown:x} that are not known");
        }

        if (Word(Field.ReadOnlyCompatible) is var readOnly and not 0)
        {
            throw ExtJournalLog.Unsupported($"read-only compatible features 0x{readOnly:x} that are not known");
        }

        var user = _bytes.AsSpan(Field.Users, Field.UuidLength);
        if (Word(Field.UserCount) > 1 || (user.ContainsAnyExcept((byte)0) && !user.SequenceEqual(fileSystemUuid)))
        {
            throw ExtJournalLog.Unsupported("several users, or another file system as its user (a shared external journal)");
        }
    }

    private void CheckChecksum()
    {
        if (!HasBlockChecksums)
        {
            return;
        }

        if (HasChecksumV1 || Incompatible.HasFlag(ExtJournalIncompatible.ChecksumV2 | ExtJournalIncompatible.ChecksumV3))
        {
            throw ExtJournalLog.Corrupt("it has checksums of several versions at once, which exclude each other");
        }

        if (_bytes[Field.ChecksumType] != Crc32CType)
        {
            throw ExtJournalLog.Unsupported($"checksums of type {_bytes[Field.ChecksumType]}; only {Crc32CType} (CRC32C) is known");
        }

        var computed = ExtJournalChecksum.WithoutField(~0u, _bytes, Field.Checksum);
        if (computed != Word(Field.Checksum))
        {
            throw ExtJournalLog.Corrupt($"its superblock has the checksum 0x{Word(Field.Checksum):x8}, its contents demand 0x{computed:x8}");
        }
    }

    private void CheckGeometry(uint journalBlocks, int blockSize)
    {
        if (Word(Field.BlockSize) != blockSize)
        {
            throw ExtJournalLog.Corrupt($"its blocks have {Word(Field.BlockSize)} bytes, those of the file system {blockSize}");
        }

        if (Blocks > journalBlocks)
        {
            throw ExtJournalLog.Corrupt($"it is {Blocks} blocks long and its inode holds only {journalBlocks}");
        }

        if (FastCommitBlocks >= Blocks || First == 0 || First >= End || (Start != 0 && (Start < First || Start >= End)))
        {
            throw ExtJournalLog.Corrupt(
                $"its log begins at block {Start} of {First}..{End}, with {FastCommitBlocks} of {Blocks} blocks for fast commits");
        }
    }

    private uint Word(int field) => BinaryPrimitives.ReadUInt32BigEndian(_bytes.AsSpan(field));

    private static class Field
    {
        internal const int Type = 4;
        internal const int BlockSize = 0x0C;
        internal const int Blocks = 0x10;
        internal const int First = 0x14;
        internal const int Sequence = 0x18;
        internal const int Start = 0x1C;
        internal const int Error = 0x20;
        internal const int Compatible = 0x24;
        internal const int Incompatible = 0x28;
        internal const int ReadOnlyCompatible = 0x2C;
        internal const int Uuid = 0x30;
        internal const int UuidLength = 16;
        internal const int UserCount = 0x40;
        internal const int ChecksumType = 0x50;
        internal const int FastCommitBlocks = 0x54;
        internal const int Checksum = 0xFC;
        internal const int Users = 0x100;
    }
}
