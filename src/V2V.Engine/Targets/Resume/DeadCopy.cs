using System.Buffers;
using V2V.Engine.Disks.Transports;
using V2V.Engine.FileSystems;
using V2V.Engine.Targets.Images;
using V2V.Engine.Targets.Journal;

namespace V2V.Engine.Targets.Resume;

/// <summary>
/// A conversion that was killed while it copied, or whose host was. Its journal is locked as if it lived, until another run takes it over, or lets it go for a later one.
/// </summary>
internal sealed class DeadCopy : IDisposable
{
    /// <summary>Chunks that are looked at between two reports.</summary>
    private const int Batch = 64;

    private readonly string _journal;
    private readonly IReadOnlyList<JournalEntry> _entries;
    private readonly List<(CheckpointHeader Header, string Path)> _disks = [];
    private FileStream? _lock;

    /// <param name="journal">Path of its journal.</param>
    /// <param name="locked">The journal, locked, at the end of its last whole entry; disposed with this unless it is handed over.</param>
    /// <param name="entries">What is in it.</param>
    public DeadCopy(string journal, FileStream locked, IReadOnlyList<JournalEntry> entries)
    {
        _journal = journal;
        _lock = locked;
        _entries = entries;
        foreach (var path in RunJournal.CheckpointsOf(journal))
        {
            if (CheckpointFile.ReadHeader(path) is { } header)
            {
                _disks.Add((header, path));
            }
        }
    }

    /// <summary>The folders that it had made for itself, from the outermost.</summary>
    public IEnumerable<string> Folders => _entries.OfType<MakeFolder>().Select(f => f.Path);

    /// <summary>Bytes that its files take already.</summary>
    public long AllocatedBytes => _disks.Sum(d => Stamp(d.Header.Path)?.Allocated ?? 0);

    /// <summary>Whether a run can be taken up that has come so far: nothing has its final name yet, and libvirt has made nothing.</summary>
    public static bool CanBeResumed(IReadOnlyList<JournalEntry> entries) => entries.All(e => e is MakeFolder or MakeFile);

    /// <summary>Whether a file is one that it was writing.</summary>
    public bool Owns(string path) => _entries.OfType<MakeFile>().Any(f => f.Path == path);

    /// <summary>What keeps the copy from being taken up, as the end of a sentence; null when nothing does.</summary>
    /// <param name="disks">The disks that are to be copied, and what their sources say of their version.</param>
    public string? WhyNot(IReadOnlyList<(TargetDiskRequest Request, string? Version)> disks)
    {
        foreach (var (header, _) in _disks)
        {
            var name = Path.GetFileName(header.Path);
            var (request, version) = disks.FirstOrDefault(d => d.Request.FileName + PendingFile.TemporarySuffix == name);
            var why = request is null ? $"{name} is none of the disks that are to be written"
                : header.Program != CheckpointHeader.ThisProgram ? "another version of V2V had begun it"
                : header.Image != CheckpointHeader.Describe(request) ? $"{name} was begun with other options or for another size"
                : version is null || header.Source != CheckpointHeader.Digest(version) ? $"the source of {request.FileName} has changed since"
                : Stamp(header.Path) is not { } stamp ? $"{header.Path} is gone"
                : !header.IsOf(stamp) ? $"{header.Path} is another file now"
                : null;
            if (why is not null)
            {
                return why;
            }
        }

        return null;
    }

    /// <summary>What of a disk need not be copied again. All of it is read back, so that neither a lost write nor a stranger's gets into the guest.</summary>
    /// <param name="request">The disk.</param>
    /// <param name="plan">What is to be copied of it.</param>
    /// <param name="progress">Told on this thread how far it is.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Null when its copy had not begun.</returns>
    public TakenCopy? Take(TargetDiskRequest request, CopyPlan plan, IProgress<CopyProgress>? progress, CancellationToken cancellation)
    {
        var (header, path) = _disks.Find(d => Path.GetFileName(d.Header.Path) == request.FileName + PendingFile.TemporarySuffix);
        if (header is null || plan.Source is not CopySource source)
        {
            return null;
        }

        var stamp = new FileStamp(header.Inode, header.Born, 0, 0, 0, 0);
        try
        {
            var changed = header.Changed.Chunk(2).Select(r => new ByteRange(r[0], r[1])).Concat(source.Changed);
            var chunks = ChunkFilter.Apply(CheckpointFile.ReadChunks(path), plan, changed, request);
            using var file = HostFile.Open(header.Path);
            var whole = Verify(file, chunks, progress, cancellation);
            return new TakenCopy(stamp, whole) { DamagedBytes = chunks.Sum(c => (long)c.Length) - whole.Sum(c => (long)c.Length) };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or DiskImageException)
        {
            // What cannot be read, or makes no sense, is copied again.
            return new TakenCopy(stamp, []);
        }
    }

    /// <summary>Hands the locked journal over to the run that goes on with it.</summary>
    public (string Path, FileStream File) HandOver()
    {
        var file = _lock ?? throw new ObjectDisposedException(nameof(DeadCopy));
        _lock = null;
        file.SetLength(file.Position);
        return (_journal, file);
    }

    /// <summary>Removes what it was writing; <paramref name="exceptDisks"/>, only what is not to be taken over.</summary>
    /// <exception cref="IOException">A file cannot be removed.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not remove it.</exception>
    public void DeleteFiles(bool exceptDisks)
    {
        foreach (var file in _entries.OfType<MakeFile>().Where(f => !exceptDisks || !_disks.Exists(d => d.Header.Path == f.Path)))
        {
            FolderAccess.DeleteFile(file.Path);
        }
    }

    /// <summary>Takes everything of it back, as if nobody had wanted to take it up.</summary>
    public IReadOnlyList<Concern> Remove()
    {
        Dispose();
        List<Concern> concerns = [];
        DeadRuns.CleanUp(_journal, concerns);
        return concerns;
    }

    /// <summary>Lets it go, as it is.</summary>
    public void Dispose()
    {
        _lock?.Dispose();
        _lock = null;
    }

    private static List<CopiedChunk> Verify(HostFile file, List<CopiedChunk> chunks, IProgress<CopyProgress>? progress, CancellationToken cancellation)
    {
        var total = chunks.Sum(c => (long)c.Length);
        var isWhole = new bool[chunks.Count];
        long done = 0;
        for (var first = 0; first < chunks.Count; first += Batch)
        {
            cancellation.ThrowIfCancellationRequested();
            Parallel.For(first, Math.Min(chunks.Count, first + Batch), i => isWhole[i] = IsWhole(file, chunks[i]));
            done += chunks.Skip(first).Take(Batch).Sum(c => (long)c.Length);
            progress?.Report(new CopyProgress(done, total));
        }

        return [.. chunks.Where((_, i) => isWhole[i])];
    }

    private static bool IsWhole(HostFile file, CopiedChunk chunk)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(chunk.Length);
        try
        {
            var data = buffer.AsSpan(0, chunk.Length);
            data.Clear();
            foreach (var place in chunk.Places)
            {
                file.Read(place.Host, data.Slice((int)(place.Offset - chunk.Offset), place.Length));
            }

            return CopiedChunk.ChecksumOf(data) == chunk.Checksum;
        }
        catch (DiskImageException)
        {
            return false; // It is shorter, or a sector is bad: the chunk is written anew.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static FileStamp? Stamp(string path)
    {
        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return FileStamp.Of(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
