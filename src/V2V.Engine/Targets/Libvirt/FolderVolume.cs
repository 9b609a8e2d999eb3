using V2V.Engine.Targets.Images;
using V2V.Engine.Targets.Journal;

namespace V2V.Engine.Targets.Libvirt;

/// <summary>
/// A volume that this process makes itself, as a file in the pool's folder. libvirt hears of it when it is complete, so that not even a
/// process that is killed leaves one behind.
/// </summary>
internal sealed class FolderVolume : TargetVolume
{
    private readonly PendingFile _file;

    private FolderVolume(PendingFile file, DomainDiskSource source)
    {
        _file = file;
        Source = source;
    }

    public override string Path => _file.FinalPath;

    public override ImageWriter Writer => _file.Writer!;

    public override DomainDiskSource Source { get; }

    public static FolderVolume Create(LibvirtPool pool, TargetDiskRequest request, RunJournal journal)
    {
        var final = System.IO.Path.Combine(pool.Folder!, request.FileName);
        if (request.Taken is null)
        {
            File.Delete(final + PendingFile.TemporarySuffix);
        }

        var file = PendingFile.ForImage(journal, final, request);
        return new FolderVolume(file, new DomainDiskSource(request.Format, final, pool.Name, request.FileName));
    }

    public override void Finish(bool overwrite) => _file.TakeName(overwrite);

    public override void Undo() => _file.Undo();

    public override void Keep() => _file.Keep();
}
