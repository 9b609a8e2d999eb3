using V2V.Engine.FileSystems.Ntfs.Compression;

namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>The contents of a file that CompactOS or compact.exe /exe compressed: they are in a stream of their own.</summary>
internal sealed class NtfsWofContent(WofFile file) : INtfsContent
{
    public long Length => file.Length;

    /// <exception cref="GuestFileSystemException">It is in a WIM image, or of an algorithm that is not known.</exception>
    public static NtfsWofContent Open(NtfsVolume volume, NtfsFile file, NtfsReparsePoint point, string path)
    {
        if (WofReparsePoint.TryParse(point.Data, out var problem) is not { } algorithm)
        {
            throw NtfsErrors.Unsupported(
                $"{path} cannot be read: {problem}.", "Run \"compact /u /exe\" on it in the source guest, or leave it out.", path);
        }

        var stream = file.Find(NtfsAttributeType.Data, WofReparsePoint.StreamName)
            ?? throw NtfsErrors.Corrupt($"{path} has no stream {WofReparsePoint.StreamName}.", path: path);
        var content = new NtfsFileContent(volume, file, stream);
        return new NtfsWofContent(new WofFile(algorithm, file.Data?.DataSize ?? 0, stream.DataSize, (offset, buffer) => ReadExactly(content, offset, buffer, path), path));
    }

    public int Read(long offset, Span<byte> buffer) => file.ReadAt(offset, buffer);

    private static void ReadExactly(NtfsFileContent content, long offset, Span<byte> buffer, string path)
    {
        if (content.Read(offset, buffer) != buffer.Length)
        {
            throw NtfsErrors.Corrupt($"the stream {WofReparsePoint.StreamName} of {path} is cut off.", path: path);
        }
    }
}
