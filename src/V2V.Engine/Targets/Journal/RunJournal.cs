using System.Globalization;
using System.Text.Json;
using V2V.Engine.Targets.Images;
using V2V.Engine.Targets.Resume;

namespace V2V.Engine.Targets.Journal;

/// <summary>
/// What a run makes at its target, on disk before it counts, so that the run after one that was killed can take it back
/// (<see cref="DeadRuns"/>). The file is locked while its run lives, and gone when the run has ended in order.
/// </summary>
internal sealed class RunJournal : IDisposable
{
    public const string Extension = ".journal";

    private readonly string _folder;
    private FileStream? _file;
    private string _path = "";
    private bool _isUnnamed;
    private bool _isAbandoned;

    public RunJournal() : this(DefaultFolder)
    {
    }

    public RunJournal(string folder) => _folder = folder;

    /// <summary>$XDG_STATE_HOME/v2v/runs: state that should outlive a restart but is nobody's data (XDG Base Directory Specification).</summary>
    public static string DefaultFolder
    {
        get
        {
            var state = Environment.GetEnvironmentVariable("XDG_STATE_HOME");
            return Path.IsPathFullyQualified(state ?? "")
                ? Path.Combine(state!, "v2v", "runs")
                : Path.Combine(
                    Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), ".local", "state", "v2v", "runs");
        }
    }

    /// <summary>Adds a line, which is on stable storage when this returns.</summary>
    /// <exception cref="TargetException">It cannot be written.</exception>
    public void Add(JournalEntry entry)
    {
        ObjectDisposedException.ThrowIf(_isAbandoned, this);
        try
        {
            _file ??= Create();
            JsonSerializer.Serialize(_file, entry, JournalJson.Default.JournalEntry);
            _file.WriteByte((byte)'\n');
            _file.Flush(flushToDisk: true);
            TakeName();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TargetException(V2VError.TargetWriteFailed, $"What the conversion makes cannot be noted in {_folder}: {e.Message}", e)
            {
                Path = _folder,
                Advice = "Check the folder's permissions and free space, or point XDG_STATE_HOME to another one.",
            };
        }
    }

    /// <summary>The run has ended in order: there is nothing to take back.</summary>
    public void End()
    {
        if (_file is { } file)
        {
            _file = null;
            file.Dispose();
            Delete(_path);
        }
    }

    /// <summary>Goes on with the journal of a run that was killed.</summary>
    public void TakeOver(DeadCopy dead) => (_path, _file) = dead.HandOver();

    /// <summary>Where it is noted how far the copy of a disk is. The journal has to have an entry.</summary>
    /// <param name="disk">Its number among what the run makes.</param>
    public string CheckpointPath(int disk) => string.Create(CultureInfo.InvariantCulture, $"{Stem(_path)}{disk}{CheckpointFile.Extension}");

    /// <summary>The files that <see cref="CheckpointPath"/> has named in the run of a journal.</summary>
    public static string[] CheckpointsOf(string journal) => Beside(journal, CheckpointFile.Extension);

    /// <summary>Deletes a journal, and before it what lies beside it.</summary>
    public static void Delete(string journal)
    {
        foreach (var file in Beside(journal, ""))
        {
            File.Delete(file);
        }

        File.Delete(journal);
    }

    /// <summary>
    /// Closes the journal as the end of the process would, and for good: what is in it stays to be taken back by the next run, because this one could
    /// not do it.
    /// </summary>
    public void Abandon()
    {
        if (_file is { } file)
        {
            FileLock.Release(file.SafeFileHandle);
            file.Dispose();
        }

        _file = null;
        _isAbandoned = true;
    }

    /// <summary>As <see cref="Abandon"/>.</summary>
    public void Dispose() => Abandon();

    private static string Stem(string journal) => journal[..^Extension.Length] + "-";

    private static string[] Beside(string journal, string extension) =>
        System.IO.Directory.GetFiles(Path.GetDirectoryName(journal)!, Path.GetFileName(Stem(journal)) + "*" + extension);

    /// <summary>
    /// A file that is locked before others can see it, and that they see when its first line is in it. Where the host has no files without a name,
    /// it is empty for a moment, and whoever looks for dead runs passes over it.
    /// </summary>
    private FileStream Create()
    {
        System.IO.Directory.CreateDirectory(_folder);
        _path = Path.Combine(_folder, $"{DateTime.UtcNow:yyyyMMddTHHmmss}-{Guid.NewGuid():N}{Extension}");
        if (UnnamedFile.TryCreate(_folder) is not { } handle)
        {
            return new FileStream(_path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        }

        FileLock.Take(handle);
        _isUnnamed = true;
        return new FileStream(handle, FileAccess.Write);
    }

    private void TakeName()
    {
        if (_isUnnamed)
        {
            UnnamedFile.Link(_file!.SafeFileHandle, _path);
            _isUnnamed = false;
        }
    }
}
