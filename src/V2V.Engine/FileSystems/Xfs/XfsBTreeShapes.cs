namespace V2V.Engine.FileSystems.Xfs;

/// <summary>The eight kinds of B-tree (XFS Algorithms &amp; Data Structures, parts on allocation groups and data extents).</summary>
internal static class XfsBTreeShapes
{
    /// <summary>Free extents by their first block.</summary>
    public static readonly XfsBTreeShape FreeByBlock = new Prefix { Magic = (0x41425442, 0x41423342), RecordSize = 8, KeySize = 8, Compared = 4 };

    /// <summary>Free extents by their length, then their first block.</summary>
    public static readonly XfsBTreeShape FreeBySize = new BySize { Magic = (0x41425443, 0x41423343), RecordSize = 8, KeySize = 8 };

    /// <summary>Chunks of inodes by their first inode.</summary>
    public static readonly XfsBTreeShape Inodes = new Prefix { Magic = (0x49414254, 0x49414233), RecordSize = 16, KeySize = 4, Compared = 4 };

    /// <summary>Those chunks that have free inodes.</summary>
    public static readonly XfsBTreeShape FreeInodes = new Prefix { Magic = (0x46494254, 0x46494233), RecordSize = 16, KeySize = 4, Compared = 4 };

    /// <summary>Who owns which blocks.</summary>
    public static readonly XfsBTreeShape ReverseMap = new Owners { Magic = (0, 0x524D4233), RecordSize = 24, KeySize = 20, IsOverlapping = true };

    /// <summary>Extents that several files share.</summary>
    public static readonly XfsBTreeShape Refcounts = new Prefix { Magic = (0, 0x52334643), RecordSize = 12, KeySize = 4, Compared = 4 };

    /// <summary>The extents of a fork by their logical block.</summary>
    public static readonly XfsBTreeShape Extents =
        new FileOffset { Magic = (0x424D4150, 0x424D4133), RecordSize = XfsExtent.Size, KeySize = 8, HasLongPointers = true };

    /// <summary>Keys that are the beginning of the record.</summary>
    private sealed class Prefix : XfsBTreeShape
    {
        /// <summary>Bytes of the key that count.</summary>
        public required int Compared { get; init; }

        public override void KeyOf(ReadOnlySpan<byte> record, Span<byte> key) => record[..KeySize].CopyTo(key);

        public override int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => left[..Compared].SequenceCompareTo(right[..Compared]);
    }

    /// <summary>A record is block and length; the length counts first.</summary>
    private sealed class BySize : XfsBTreeShape
    {
        public override void KeyOf(ReadOnlySpan<byte> record, Span<byte> key) => record[..KeySize].CopyTo(key);

        public override int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
        {
            var bySize = left.Slice(4, 4).SequenceCompareTo(right.Slice(4, 4));
            return bySize != 0 ? bySize : left[..4].SequenceCompareTo(right[..4]);
        }
    }

    private sealed class FileOffset : XfsBTreeShape
    {
        public override void KeyOf(ReadOnlySpan<byte> record, Span<byte> key) => key.Put64(0, XfsExtent.Parse(record).Offset);
    }

    /// <summary>A record is block (4 bytes), length (4), owner (8), offset and flags (8); a key leaves the length out.</summary>
    private sealed class Owners : XfsBTreeShape
    {
        private const int OffsetInKey = 12;

        public override void KeyOf(ReadOnlySpan<byte> record, Span<byte> key)
        {
            record[..4].CopyTo(key);
            record[8..].CopyTo(key[4..]);
            key.Put64(OffsetInKey, Position(key));
        }

        public override int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
        {
            var byOwner = left[..OffsetInKey].SequenceCompareTo(right[..OffsetInKey]);
            return byOwner != 0 ? byOwner : Position(left).CompareTo(Position(right));
        }

        /// <summary>The key of the last block: both numbers grow by the length, the offset only for what has one (xfs_rmapbt_init_high_key_from_rec).</summary>
        public override void HighKeyOf(ReadOnlySpan<byte> record, Span<byte> key)
        {
            KeyOf(record, key);
            var length = record.U32(4);
            key.Put32(0, record.U32(0) + length - 1);
            var offset = ((ReadOnlySpan<byte>)key).U64(OffsetInKey);
            if (!XfsReverseMapping.IsSpecialOwner(record.U64(8)) && (offset & XfsReverseMapping.BMapBlockFlag) == 0)
            {
                key.Put64(OffsetInKey, offset + length - 1);
            }
        }

        /// <summary>Whether an extent was written is no part of its key, but kernels before Linux 6.3 left the bit there.</summary>
        private static ulong Position(ReadOnlySpan<byte> key) => key.U64(OffsetInKey) & ~XfsReverseMapping.UnwrittenFlag;
    }
}
