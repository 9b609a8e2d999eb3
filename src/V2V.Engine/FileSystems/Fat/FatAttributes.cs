namespace V2V.Engine.FileSystems.Fat;

[Flags]
internal enum FatAttributes : byte
{
    ReadOnly = 0x01,
    Hidden = 0x02,
    System = 0x04,
    VolumeId = 0x08,
    Directory = 0x10,
    Archive = 0x20,

    /// <summary>Together they mark a part of a long name.</summary>
    LongName = ReadOnly | Hidden | System | VolumeId,

    LongNameMask = LongName | Directory | Archive,
}
