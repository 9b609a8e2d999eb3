using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace V2V.Engine.Disks.Transports;

/// <summary>A file (or block device) of the host, opened read-only.</summary>
public sealed class HostFile : DiskFile
{
    private readonly SafeFileHandle _handle;

    private HostFile(string path, SafeFileHandle handle, long length)
    {
        Path = path;
        _handle = handle;
        Length = length;
        Version = FileStamp.Of(handle) is { } stamp ? string.Create(CultureInfo.InvariantCulture, $"{path} {stamp.Inode} {stamp.Born} {stamp.Size} {stamp.Modified} {stamp.Changed}") : null;
    }

    public override string Path { get; }

    public override string? Folder => System.IO.Path.GetDirectoryName(Path);

    public override long Length { get; }

    /// <summary>Null for a block device: nothing of it tells that somebody wrote to it.</summary>
    internal override string? Version { get; }

    /// <exception cref="DiskImageException">The file does not exist or may not be read.</exception>
    public static HostFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        path = System.IO.Path.GetFullPath(path);
        try
        {
            // Others may have it open for writing (a running guest): that is for the caller to judge, not a reason to fail here.
            SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            try
            {
                long length = RandomAccess.GetLength(handle);
                return new HostFile(path, handle, length > 0 ? length : FileHoles.DeviceLength(handle));
            }
            catch
            {
                handle.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DiskImageException(V2VError.DiskImageNotFound, $"'{path}' does not exist.", e) { Path = path };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new DiskImageException(V2VError.DiskImageReadFailed, $"'{path}' cannot be opened: {e.Message}", e)
            {
                Path = path,
                Advice = "Check that it is a file and that you may read it.",
            };
        }
    }

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        try
        {
            while (buffer.Length > 0)
            {
                int read = RandomAccess.Read(_handle, buffer, offset);
                if (read == 0)
                {
                    throw new EndOfStreamException($"it ends at byte {offset}, earlier than when it was opened.");
                }

                buffer = buffer[read..];
                offset += read;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DiskImageException(V2VError.DiskImageReadFailed, $"'{Path}' cannot be read at byte {offset}: {e.Message}", e)
            {
                Path = Path,
                Offset = offset,
                // A file that has become shorter is being changed by somebody.
                IsConfined = e is not EndOfStreamException,
            };
        }
    }

    public override IEnumerable<DiskExtent> Extents(long offset, long length) => FileHoles.Extents(_handle, offset, length);

    internal override StoredRun? Locate(long offset, long length) =>
        offset < Length ? new StoredRun(_handle, offset, Math.Min(length, Length - offset)) : null;

    protected override void Dispose(bool disposing)
    {
        _handle.Dispose();
        base.Dispose(disposing);
    }
}
