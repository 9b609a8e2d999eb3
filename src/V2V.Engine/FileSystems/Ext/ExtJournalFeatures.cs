namespace V2V.Engine.FileSystems.Ext;

/// <summary>s_feature_compat of a journal.</summary>
[Flags]
internal enum ExtJournalCompatible : uint
{
    None = 0,

    /// <summary>A commit block sums up the whole transaction (checksums of version 1).</summary>
    Checksum = 0x1,
}

/// <summary>s_feature_incompat of a journal.</summary>
[Flags]
internal enum ExtJournalIncompatible : uint
{
    None = 0,
    Revoke = 0x1,
    SixtyFourBit = 0x2,
    AsyncCommit = 0x4,
    ChecksumV2 = 0x8,
    ChecksumV3 = 0x10,
    FastCommit = 0x20,

    Understood = Revoke | SixtyFourBit | AsyncCommit | ChecksumV2 | ChecksumV3 | FastCommit,
}
