namespace V2V.Engine.FileSystems.Ntfs.Compression;

/// <summary>
/// The reparse point of a file that Windows keeps compressed (CompactOS) or within an image (WIMBoot): WOF_EXTERNAL_INFO and what its
/// provider adds.
/// </summary>
internal static class WofReparsePoint
{
    /// <summary>IO_REPARSE_TAG_WOF.</summary>
    public const uint Tag = 0x80000017;

    /// <summary>The stream that holds the contents of such a file.</summary>
    public const string StreamName = "WofCompressedData";

    private const uint Version = 1;

    private const uint ProviderFile = 2;

    private const int Size = 16;

    /// <summary>The algorithm of a compressed file.</summary>
    /// <param name="data">The reparse point's data, behind tag and length.</param>
    /// <param name="problem">What else it is, when the result is null.</param>
    public static WofAlgorithm? TryParse(ReadOnlySpan<byte> data, out string problem)
    {
        problem = "";
        if (data.Length < Size || data.U32(0) != Version || data.U32(8) != Version)
        {
            problem = "its reparse point has an unknown version";
            return null;
        }

        if (data.U32(4) != ProviderFile)
        {
            problem = "its content is in a Windows image (WIMBoot), not in the file";
            return null;
        }

        var algorithm = (WofAlgorithm)data.U32(12);
        if (!Enum.IsDefined(algorithm))
        {
            problem = $"its content is compressed by an unknown algorithm ({(uint)algorithm})";
            return null;
        }

        return algorithm;
    }
}
