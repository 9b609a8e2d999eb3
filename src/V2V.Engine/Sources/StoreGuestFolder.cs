using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources;

/// <summary>A folder of an archive or of another host with a descriptor in it.</summary>
internal sealed class StoreGuestFolder(SourceFile descriptor, FileStore store, bool withSiblings) : GuestFolder(descriptor.Path)
{
    private readonly string _folder = withSiblings ? StoreName.Folder(StoreName.Folder(descriptor.Name)) : StoreName.Folder(descriptor.Name);

    protected override GuestFile FindFile(string reference)
    {
        var name = StoreName.Resolve(descriptor.Name, reference);
        if (name is null || (_folder.Length > 0 && !name.StartsWith(_folder + '/', StringComparison.Ordinal)))
        {
            throw Outside(reference, "the place that it came from", "Export the guest again, with all of its files in one folder.");
        }

        using var file = store.Open(name);
        return new GuestFile(store.PathOf(name), file is null ? null : new RemoteFile(store, name).Open);
    }
}
