namespace V2V.Engine.FileSystems.Ext;

/// <summary>dx_root_info.hash_version: how the names of an indexed directory are hashed. The signed and unsigned kinds differ for bytes from 0x80 on.</summary>
internal enum ExtHashVersion : byte
{
    Legacy = 0,
    HalfMd4 = 1,
    Tea = 2,
    LegacyUnsigned = 3,
    HalfMd4Unsigned = 4,
    TeaUnsigned = 5,
    SipHash = 6,
}
