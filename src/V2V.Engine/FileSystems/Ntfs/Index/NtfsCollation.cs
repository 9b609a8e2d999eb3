using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Ntfs.Index;

/// <summary>How the keys of an index are ordered. Keys read from a disk may be malformed: they compare somehow, but never fail.</summary>
internal abstract class NtfsCollation
{
    public const uint RuleBinary = 0x00;

    public const uint RuleFileName = 0x01;

    public const uint RuleUInt32 = 0x10;

    public const uint RuleSid = 0x11;

    public const uint RuleSecurityHash = 0x12;

    public const uint RuleUInt32Array = 0x13;

    /// <summary>The number of the rule in $INDEX_ROOT.</summary>
    public abstract uint Rule { get; }

    public static NtfsCollation Binary { get; } = new BytesCollation(RuleBinary);

    /// <summary>COLLATION_NTOFS_ULONG: $SII, $Q.</summary>
    public static NtfsCollation UInt32 { get; } = new WordsCollation(RuleUInt32);

    /// <summary>COLLATION_NTOFS_SID: the $O of $Quota.</summary>
    public static NtfsCollation Sid { get; } = new BytesCollation(RuleSid);

    /// <summary>COLLATION_NTOFS_SECURITY_HASH: $SDH, by hash and then security id.</summary>
    public static NtfsCollation SecurityHash { get; } = new WordsCollation(RuleSecurityHash);

    /// <summary>COLLATION_NTOFS_ULONGS: the $O of $ObjId, $R of $Reparse.</summary>
    public static NtfsCollation UInt32Array { get; } = new WordsCollation(RuleUInt32Array);

    /// <summary>COLLATION_FILE_NAME: $I30.</summary>
    public static NtfsCollation FileName(NtfsUpcase upcase) => new NtfsFileNameCollation(upcase);

    public abstract int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right);

    /// <summary>Whether two keys that differ mean the same to Windows: names that differ only by case.</summary>
    public virtual bool AreEquivalent(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => Compare(left, right) == 0;

    private sealed class BytesCollation(uint rule) : NtfsCollation
    {
        public override uint Rule => rule;

        public override int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => left.SequenceCompareTo(right);
    }

    private sealed class WordsCollation(uint rule) : NtfsCollation
    {
        public override uint Rule => rule;

        public override int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
        {
            while (left.Length >= sizeof(uint) && right.Length >= sizeof(uint))
            {
                var order = BinaryPrimitives.ReadUInt32LittleEndian(left).CompareTo(BinaryPrimitives.ReadUInt32LittleEndian(right));
                if (order != 0)
                {
                    return order;
                }

                left = left[sizeof(uint)..];
                right = right[sizeof(uint)..];
            }

            return left.Length.CompareTo(right.Length);
        }
    }
}
