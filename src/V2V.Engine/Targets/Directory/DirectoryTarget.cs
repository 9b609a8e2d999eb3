using System.Globalization;
using System.Text;
using V2V.Engine.Targets.Descriptions;
using V2V.Engine.Targets.Journal;
using V2V.Engine.Targets.Libvirt;
using V2V.Engine.Targets.Resume;

namespace V2V.Engine.Targets.Directory;

using Directory = System.IO.Directory;

/// <summary>
/// A folder that receives the disks, and beside them what describes the guest to a platform: for libvirt a NAME.xml, for <c>virsh define</c> on any
/// host, and a NAME.sh that runs it. Files are written under a temporary name and take their own only when everything is there.
/// </summary>
public sealed class DirectoryTarget : ConversionTarget
{
    private const UnixFileMode ExecutableMode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private readonly string _folder;
    private readonly IReadOnlyList<GuestDescription> _descriptions;
    private readonly RunJournal _journal;
    private readonly List<PendingFile> _files = [];
    private FolderUse? _use;
    private DeadCopy? _resumed;
    private bool _overwrite;
    private bool _defined;

    /// <param name="path">The folder. It is created if it is not there.</param>
    /// <param name="platform">Which descriptions are written.</param>
    public DirectoryTarget(string path, GuestPlatform platform = GuestPlatform.Libvirt) : this(path, platform, RunJournal.DefaultFolder)
    {
    }

    /// <param name="path">The folder.</param>
    /// <param name="platform">Which descriptions are written.</param>
    /// <param name="journals">Where it is noted what is made.</param>
    internal DirectoryTarget(string path, GuestPlatform platform, string journals)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _descriptions = GuestDescription.For(platform);
        _folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        _journal = new RunJournal(journals);
    }

    public override string Description => $"folder {_folder}";

    /// <summary>Nobody can tell on which host the domain will be defined.</summary>
    public override HostCapabilities Capabilities => HostCapabilities.Unknown;

    public override IReadOnlyList<Concern> Check(TargetRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        _overwrite = request.Overwrite;
        if (DomainNames.Check(request.Name) is { } wrong)
        {
            return [wrong];
        }

        List<Concern> concerns =
        [
            .. _descriptions.SelectMany(d => d.CheckName(request.Name)),
            .. request.Domain is { } domain ? _descriptions.SelectMany(d => d.Check(domain)) : [],
        ];
        if (File.Exists(_folder))
        {
            concerns.Add(Critical("TargetIsFile", $"{_folder} is a file, not a folder.", "Give the path of a folder."));
            return concerns;
        }

        foreach (var name in request.Disks.Select(d => d.FileName).Concat(_descriptions.Select(d => request.Name + d.Suffix)).SelectMany(n => new[] { n, n + PendingFile.TemporarySuffix }))
        {
            var path = Path.Combine(_folder, name);
            if (Directory.Exists(path))
            {
                concerns.Add(Critical("TargetExists", $"{path} is a folder.", "Choose another name or folder."));
            }
            else if (Path.Exists(path) && !request.Overwrite && request.Resumed?.Owns(path) != true)
            {
                concerns.Add(Critical(
                    "TargetExists", $"{path} exists already.", "Choose another name (-Name) or folder, delete the file, or replace it with -Force."));
            }
        }

        var existing = ExistingAncestor();
        if (FolderAccess.WhyNotWritable(existing) is { } reason)
        {
            concerns.Add(Critical("TargetNotWritable", $"Nothing can be written into {existing}: {reason}", "Choose another folder, or run as a user who may write there."));
        }

        AddSpace(concerns, existing, request.Disks.Sum(d => d.EstimatedBytes) - (request.Resumed?.AllocatedBytes ?? 0));
        return concerns;
    }

    internal override bool CanResume => true;

    internal override void Resume(DeadCopy dead)
    {
        _resumed = dead;
        _journal.TakeOver(dead);
        CreateFolder();
        dead.DeleteFiles(exceptDisks: true);
    }

    internal override void KeepCopy()
    {
        _files.ForEach(f => f.Writer?.Dispose());
        _files.Clear();
        _resumed = null;
        _journal.Abandon();
    }

    public override TargetDisk CreateDisk(TargetDiskRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        CreateFolder();
        var path = Path.Combine(_folder, request.FileName);
        RefuseExisting(path);
        var temporary = path + PendingFile.TemporarySuffix;
        if (_overwrite && request.Taken is null)
        {
            File.Delete(temporary); // Left by a process that was killed.
        }

        var file = PendingFile.ForImage(_journal, path, request);
        _files.Add(file);
        return new TargetDisk(file.Writer!, new DomainDiskSource(request.Format, path)) { CheckpointPath = _journal.CheckpointPath(_files.Count) };
    }

    public override DefinedDomain Define(DomainDescription domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        CreateFolder();
        var texts = _descriptions.Select(d => d.Text(domain)).ToArray();
        List<PendingFile> described = [];
        try
        {
            for (var i = 0; i < texts.Length; i++)
            {
                described.Add(Write(domain.Name, _descriptions[i], texts[i]));
            }

            // The descriptions are the last to take their names: who finds them finds the disks too.
            foreach (var pending in _files)
            {
                pending.TakeName(_overwrite);
            }

            _journal.Add(new CompleteRun());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TargetException(V2VError.TargetWriteFailed, $"The converted guest cannot be put into {_folder}: {e.Message}", e)
            {
                Path = _folder,
                Advice = "Check the folder's permissions and free space, then convert again.",
            };
        }

        _defined = true;
        List<Concern> concerns = [];
        _files.ForEach(f => Leftovers.Attempt(f.Keep, f.FinalPath, concerns));
        if (concerns.Count > 0)
        {
            _journal.Abandon();
        }

        Leftovers.Attempt(_journal.End, _folder, concerns);
        var paths = described.ConvertAll(f => f.FinalPath);
        return new DefinedDomain(
            domain.Name, Uuid: null, DomainXml.Build(domain).ToString(), paths.Find(p => p.EndsWith(LibvirtDomain.FileSuffix, StringComparison.Ordinal)))
        {
            Descriptions = paths,
            Concerns = concerns,
        };
    }

    public override IReadOnlyList<Concern> RollBack()
    {
        List<Concern> concerns = [];
        if (_defined)
        {
            LeaveFolder(concerns);
            return concerns;
        }

        _files.ForEach(f => Leftovers.Attempt(f.Undo, f.FinalPath, concerns));
        _files.Clear();
        Leftovers.Attempt(() => _resumed?.DeleteFiles(exceptDisks: false), _folder, concerns);
        _resumed = null;
        if (concerns.Count > 0)
        {
            _journal.Abandon();
        }

        LeaveFolder(concerns);
        Leftovers.Attempt(_journal.End, _folder, concerns);
        return concerns;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            RollBack();
            _journal.Dispose();
        }

        base.Dispose(disposing);
    }

    private static Concern Critical(string id, string message, string advice) => new(ConcernSeverity.Critical, id, message, advice);

    private void LeaveFolder(List<Concern> concerns)
    {
        if (_use is { } use)
        {
            _use = null;
            Leftovers.Attempt(use.Leave, _folder, concerns);
        }
    }

    private void AddSpace(List<Concern> concerns, string existing, long needed)
    {
        if (FolderAccess.FreeBytes(existing) is { } free && free < needed)
        {
            concerns.Add(Critical(
                "TargetFull",
                string.Create(CultureInfo.InvariantCulture, $"{_folder} has {free} bytes free; up to {needed} are needed."),
                "Free some space or choose another folder."));
        }
    }

    private PendingFile Write(string guest, GuestDescription description, string text)
    {
        var file = new PendingFile(_journal, Path.Combine(_folder, guest + description.Suffix));
        RefuseExisting(file.FinalPath);
        _files.Add(file);
        if (_overwrite)
        {
            File.Delete(file.TemporaryPath); // Left by a process that was killed.
        }

        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (description.IsScript && !OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = ExecutableMode; // The process's mask takes its part of it.
        }

        using var stream = new FileStream(file.TemporaryPath, options);
        file.IsCreated = true;
        stream.Write(Encoding.UTF8.GetBytes(text));
        stream.Flush(flushToDisk: true);
        return file;
    }

    private void RefuseExisting(string path)
    {
        if (!_overwrite && Path.Exists(path))
        {
            throw new TargetException(V2VError.TargetExists, $"{path} exists already.")
            {
                Path = path,
                Advice = "Choose another name (-Name) or folder, delete the file, or replace it with -Force.",
            };
        }
    }

    private string ExistingAncestor()
    {
        var path = _folder;
        while (!Directory.Exists(path) && Path.GetDirectoryName(path) is { } parent)
        {
            path = parent;
        }

        return path;
    }

    private void CreateFolder()
    {
        try
        {
            _use ??= FolderUse.Enter(_folder, made => _journal.Add(new MakeFolder(made)), _resumed?.Folders ?? []);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TargetException(V2VError.TargetUnavailable, $"The folder {_folder} cannot be created: {e.Message}", e)
            {
                Path = _folder,
                Advice = "Choose another folder, or run as a user who may write there.",
            };
        }
    }
}
