namespace V2V.Engine.FileSystems.Fat;

/// <summary>Bits of an entry of the file allocation table, by which the three formats are called.</summary>
internal enum FatWidth
{
    Fat12 = 12,
    Fat16 = 16,
    Fat32 = 32,
}
