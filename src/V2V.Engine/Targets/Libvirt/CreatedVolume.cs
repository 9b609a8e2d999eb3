using V2V.Engine.Native.Libvirt;
using V2V.Engine.Targets.Images;
using V2V.Engine.Targets.Journal;

namespace V2V.Engine.Targets.Libvirt;

/// <summary>
/// A volume that libvirt makes: in a pool on another host, of another user, or of a kind that has no files. It cannot be renamed later, so a
/// volume that is to be replaced stays beside it under the name that it has.
/// </summary>
internal sealed class CreatedVolume : TargetVolume
{
    private readonly Func<LibvirtPool> _pool;
    private readonly string _name;
    private readonly string? _replaced;

    private CreatedVolume(Func<LibvirtPool> findPool, string name, string? replaced, string path, ImageFormat format, ImageWriter writer)
    {
        var pool = findPool();
        _pool = findPool;
        _name = name;
        _replaced = replaced;
        Path = path;
        Writer = writer;
        Source = new DomainDiskSource(format, path, pool.Name, name) { IsBlockDevice = pool.Kind == PoolKind.BlockDevices };
    }

    public override string Path { get; }

    public override ImageWriter Writer { get; }

    public override DomainDiskSource Source { get; }

    /// <param name="findPool">The pool, by a connection that may be another each time: what was made has to be taken back also when one was lost.</param>
    /// <param name="request">The disk.</param>
    /// <param name="journal">Where it is noted.</param>
    public static CreatedVolume Create(Func<LibvirtPool> findPool, TargetDiskRequest request, RunJournal journal)
    {
        var pool = findPool();
        var replaced = pool.Contains(request.FileName) ? request.FileName : null;
        var name = pool.FreeName(request.FileName);
        var volume = pool.Create(name, request);
        try
        {
            // Only what is there is noted: a volume of this name that somebody made later would not be ours to delete.
            journal.Add(new MakeVolume(pool.Uri, pool.Name, name, replaced));
            var path = VirStorageVolGetPath.Call(volume, name);
            return new CreatedVolume(findPool, name, replaced, path, request.Format, ImageWriters.Create(Open(pool, volume, path, request), request));
        }
        catch
        {
            volume.Dispose();
            DeleteOrLeave(pool, name, journal);
            throw;
        }
    }

    public override void Finish(bool overwrite) => Writer.Dispose();

    public override void Undo()
    {
        Writer.Dispose();
        _pool().Delete(_name);
    }

    public override void Keep()
    {
        if (_replaced is not null)
        {
            _pool().Delete(_replaced);
        }
    }

    /// <summary>The error that is under way is the one to report; what cannot be deleted is left to the next run.</summary>
    private static void DeleteOrLeave(LibvirtPool pool, string name, RunJournal journal)
    {
        try
        {
            pool.Delete(name);
        }
        catch (LibvirtException)
        {
            journal.Abandon();
        }
    }

    /// <summary>Writes it directly where that is possible: libvirt's streams cost a copy through its daemon.</summary>
    private static ImageFile Open(LibvirtPool pool, StorageVolHandle volume, string path, TargetDiskRequest request)
    {
        if (pool.IsHere)
        {
            try
            {
                // The file is libvirt's: its owner, mode and label stay, only its contents are ours.
                ImageFile direct = pool.Kind == PoolKind.BlockDevices ? BlockDeviceFile.Open(path) : HostImageFile.Create(path, request.Format, createNew: false);
                volume.Dispose();
                return direct;
            }
            catch (TargetException)
            {
                // It is another user's, whom libvirt can write it for.
            }
        }

        return new VolumeUpload(pool.Connection, volume, path);
    }
}
