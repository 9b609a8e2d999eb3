namespace V2V.Engine.Disks.Qcow2;

/// <summary>Incompatible features: a reader that does not know one of them must not open the image.</summary>
[Flags]
internal enum Qcow2Features : ulong
{
    None = 0,

    /// <summary>Reference counts may be out of date. They matter to writers only.</summary>
    Dirty = 1 << 0,
    Corrupt = 1 << 1,
    ExternalDataFile = 1 << 2,
    CompressionType = 1 << 3,
    ExtendedL2Entries = 1 << 4,

    /// <summary>What is read here.</summary>
    Understood = Dirty | ExternalDataFile | CompressionType | ExtendedL2Entries,
}
