using V2V.Engine.Targets.Images;
using V2V.Engine.Targets.Journal;

namespace V2V.Engine.Targets;

/// <summary>
/// A file that is written under a temporary name and takes its own at the end. What had that name before is kept until it is certain that
/// nothing will be taken back. Each step is noted before it is done.
/// </summary>
internal sealed class PendingFile
{
    public const string TemporarySuffix = ".part";

    private const string BackupSuffix = ".replaced";

    private bool _hasBackup;
    private bool _hasName;

    private readonly RunJournal _journal;

    /// <param name="journal">Where the steps are noted.</param>
    /// <param name="finalPath">The name that the file will have.</param>
    public PendingFile(RunJournal journal, string finalPath)
    {
        _journal = journal;
        FinalPath = finalPath;
        journal.Add(new MakeFile(TemporaryPath));
    }

    /// <summary>The file of an image, opened for writing.</summary>
    public static PendingFile ForImage(RunJournal journal, string finalPath, TargetDiskRequest request)
    {
        var file = new PendingFile(journal, finalPath);
        file.Writer = request.Taken is { } taken
            ? ImageWriters.Resume(file.TemporaryPath, request, taken)
            : ImageWriters.CreateUnnamed(file.TemporaryPath, request.Format, request.Capacity, request.Compression, request.Allocation);
        file.IsCreated = true;
        return file;
    }

    public string FinalPath { get; }

    public string TemporaryPath => FinalPath + TemporarySuffix;

    /// <summary>The temporary file is there, and ours.</summary>
    public bool IsCreated { get; set; }

    /// <summary>What writes the file, if it is an image; it is closed when the file has its name or is taken back.</summary>
    public ImageWriter? Writer { get; private set; }

    /// <summary>Gives the file its name.</summary>
    /// <param name="overwrite">Something that has this name may be replaced.</param>
    public void TakeName(bool overwrite)
    {
        Writer?.TakeName();
        Writer?.Dispose();
        var replaces = overwrite && File.Exists(FinalPath);
        var finished = new FileInfo(TemporaryPath);
        _journal.Add(new NameFile(
            FinalPath, TemporaryPath, replaces ? FinalPath + BackupSuffix : null, finished.Length, finished.LastWriteTimeUtc));
        if (replaces)
        {
            File.Move(FinalPath, FinalPath + BackupSuffix, overwrite: true);
            _hasBackup = true;
        }

        File.Move(TemporaryPath, FinalPath, overwrite: false);
        _hasName = true;
    }

    /// <summary>Removes the file and puts back what it had replaced.</summary>
    public void Undo()
    {
        Writer?.Dispose();
        if (IsCreated)
        {
            FolderAccess.DeleteFile(_hasName ? FinalPath : TemporaryPath);
            IsCreated = false;
        }

        if (_hasBackup)
        {
            File.Move(FinalPath + BackupSuffix, FinalPath, overwrite: true);
            _hasBackup = false;
        }
    }

    /// <summary>Nothing will be taken back: removes what was replaced.</summary>
    public void Keep()
    {
        if (_hasBackup)
        {
            File.Delete(FinalPath + BackupSuffix);
            _hasBackup = false;
        }
    }
}
