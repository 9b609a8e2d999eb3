namespace V2V.Engine.FileSystems.Ntfs.Compression;

/// <summary>How Windows 10 compresses a whole file (FILE_PROVIDER_COMPRESSION_*).</summary>
internal enum WofAlgorithm : uint
{
    Xpress4K = 0,
    Lzx = 1,
    Xpress8K = 2,
    Xpress16K = 3,
}
