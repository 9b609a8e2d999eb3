using Microsoft.Win32.SafeHandles;
using V2V.Engine.Disks;
using V2V.Engine.Disks.Transports;
using V2V.Engine.FileSystems;

namespace V2V.Engine.Targets.Images;

/// <summary>A file of this host that an image is written into.</summary>
internal sealed class HostImageFile : ImageFile
{
    /// <summary>
    /// After so many bytes the thread that writes them waits until they are on the disk, while others go on. Otherwise gigabytes pile up in
    /// the host's page cache, and the last flush takes as long as the copy, with the progress at its end and deaf to cancellation.
    /// </summary>
    private const long FlushInterval = 128 << 20;

    private readonly SafeFileHandle _handle;
    private readonly SpaceAhead _space;
    private readonly string _format;
    private bool _isNew;
    private bool _unnamed;
    private long _bytesWritten;

    private HostImageFile(SafeFileHandle handle, string path, string format)
    {
        _handle = handle;
        _space = new SpaceAhead(handle);
        Path = path;
        _format = format;
    }

    public override string Path { get; }

    public override long BytesWritten => Interlocked.Read(ref _bytesWritten);

    public override long Length => RandomAccess.GetLength(_handle);

    public static HostImageFile Create(string path, ImageFormat format, bool createNew)
    {
        var name = format == ImageFormat.Qcow2 ? "qcow2" : "raw";
        try
        {
            var mode = createNew ? FileMode.CreateNew : FileMode.Create;
            return new HostImageFile(File.OpenHandle(path, mode, FileAccess.ReadWrite, FileShare.Read), path, name) { _isNew = createNew };
        }
        catch (IOException e) when (createNew && System.IO.Path.Exists(path))
        {
            throw new TargetException(V2VError.TargetExists, $"{path} exists already and is not overwritten.", e)
            {
                Path = path,
                Format = name,
                Advice = "Choose another name or folder, delete the file, or allow overwriting.",
            };
        }
        catch (Exception e) when (TargetErrors.IsFileError(e))
        {
            throw TargetErrors.Translate(e, path, name, $"{path} cannot be created");
        }
    }

    /// <summary>
    /// Creates a file that will have this path when it is given its name, and is gone if this process ends before that. Where the host has no
    /// such files, it has its name from the beginning.
    /// </summary>
    public static HostImageFile CreateUnnamed(string path, ImageFormat format) =>
        UnnamedFile.TryCreate(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!) is { } handle
            ? new HostImageFile(handle, path, format == ImageFormat.Qcow2 ? "qcow2" : "raw") { _unnamed = true }
            : Create(path, format, createNew: true);

    /// <summary>Opens a file that a run was writing when it was killed.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="format">Format of the image that it is to become.</param>
    /// <param name="expected">What it is known by.</param>
    /// <exception cref="TargetException">It is not there any more, or another one is.</exception>
    public static HostImageFile Reopen(string path, ImageFormat format, FileStamp expected)
    {
        var name = format == ImageFormat.Qcow2 ? "qcow2" : "raw";
        try
        {
            var file = new HostImageFile(File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read), path, name);
            if (file.Stamp is { } stamp && stamp.IsSameFile(expected))
            {
                return file;
            }

            file.Dispose();
        }
        catch (Exception e) when (TargetErrors.IsFileError(e))
        {
            throw TargetErrors.Translate(e, path, name, $"{path} cannot be opened");
        }

        throw new TargetException(V2VError.TargetWriteFailed, $"{path} was replaced by another file while the conversion ran.")
        {
            Path = path,
            Format = name,
            Advice = "See what else writes there, then convert again.",
        };
    }

    public override FileStamp? Stamp => FileStamp.Of(_handle);

    public override void KeepOnly(IReadOnlyList<ByteRange> kept, long length, bool keepsSpace)
    {
        SetLength(length);
        try
        {
            long position = 0;
            foreach (var range in kept.Append(new ByteRange(length, 0)))
            {
                foreach (var extent in FileHoles.Extents(_handle, position, range.Offset - position).Where(e => !e.IsZero).ToList())
                {
                    FileAllocation.Clear(_handle, extent.Offset, extent.Length, keepsSpace);
                }

                // It may have been cut off, or its holes may have been dug by somebody who wanted to save space.
                if (keepsSpace && range.Offset > position)
                {
                    FileAllocation.Allocate(_handle, position, range.Offset - position);
                }

                position = range.End;
            }
        }
        catch (Exception e) when (TargetErrors.IsFileError(e))
        {
            throw TargetErrors.Translate(e, Path, _format, $"{Path}: what an earlier run has left in it cannot be made zero");
        }
    }

    public override void TakeName()
    {
        if (!_unnamed)
        {
            return;
        }

        try
        {
            UnnamedFile.Link(_handle, Path);
            _unnamed = false;
        }
        catch (IOException e)
        {
            throw TargetErrors.Translate(e, Path, _format, $"{Path} cannot be created");
        }
    }

    public override void SetLength(long length)
    {
        try
        {
            RandomAccess.SetLength(_handle, length);
            _space.SetLength(length);
        }
        catch (Exception e) when (TargetErrors.IsFileError(e) || e is ArgumentOutOfRangeException)
        {
            throw TargetErrors.Translate(e, Path, _format, $"{Path} cannot be made {length} bytes long");
        }
    }

    public override void Allocate(long length)
    {
        try
        {
            FileAllocation.Allocate(_handle, length);
        }
        catch (Exception e) when (TargetErrors.IsFileError(e))
        {
            throw TargetErrors.Translate(e, Path, _format, $"{Path}: {length} bytes cannot be allocated", length);
        }
    }

    public override void Write(long offset, ReadOnlySpan<byte> data)
    {
        try
        {
            _space.Cover(offset + data.Length);
            RandomAccess.Write(_handle, data, offset);
        }
        catch (Exception e) when (TargetErrors.IsFileError(e))
        {
            throw TargetErrors.Translate(e, Path, _format, $"{Path}: writing {data.Length} bytes at offset {offset} failed", data.Length, offset);
        }

        var written = Interlocked.Add(ref _bytesWritten, data.Length);
        if (written / FlushInterval != (written - data.Length) / FlushInterval)
        {
            Flush();
        }
    }

    public override bool TryClone(long offset, in StoredRun source) => FileClone.TryClone(_handle, offset, source);

    public override void Read(long offset, Span<byte> buffer)
    {
        try
        {
            while (!buffer.IsEmpty)
            {
                var read = RandomAccess.Read(_handle, buffer, offset);
                if (read == 0)
                {
                    throw new EndOfStreamException("The file is shorter than what was written to it.");
                }

                buffer = buffer[read..];
                offset += read;
            }
        }
        catch (Exception e) when (TargetErrors.IsFileError(e))
        {
            throw TargetErrors.Translate(e, Path, _format, $"{Path}: reading back from offset {offset} failed");
        }
    }

    public override IEnumerable<DiskExtent> Extents(long offset, long length) => FileHoles.Extents(_handle, offset, length);

    public override void ForgetCached() => PageCache.Drop(_handle);

    /// <summary>File systems that allocate late report a full disk here.</summary>
    public override void Flush()
    {
        try
        {
            RandomAccess.FlushToDisk(_handle);
        }
        catch (Exception e) when (TargetErrors.IsFileError(e))
        {
            throw TargetErrors.Translate(e, Path, _format, $"{Path}: flushing to stable storage failed");
        }
    }

    public override void Discard()
    {
        Dispose();
        if (!_isNew || _unnamed)
        {
            return;
        }

        try
        {
            File.Delete(Path);
        }
        catch (Exception e) when (TargetErrors.IsFileError(e))
        {
        }
    }

    protected override void Dispose(bool disposing)
    {
        _handle.Dispose();
        base.Dispose(disposing);
    }
}
