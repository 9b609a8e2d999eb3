namespace V2V.Engine.Conversion.Linux;

/// <summary>Deletes what the guest remembers of its old disks. All of it is made again when it is missing.</summary>
public sealed class CleanCaches : LinuxStep
{
    private static readonly (string Path, string Why)[] Caches =
    [
        ("/etc/blkid.tab", "libblkid's cache has the old disks."),
        ("/etc/blkid.tab.old", "libblkid's cache has the old disks."),
        ("/etc/blkid/blkid.tab", "libblkid's cache has the old disks."),
        ("/etc/blkid/blkid.tab.old", "libblkid's cache has the old disks."),
        ("/etc/lvm/cache/.cache", "LVM's cache has the old disks."),
        ("/etc/lvm/.cache", "LVM's cache has the old disks."),
    ];

    public override string Name => "Deleting caches of old disks";

    public override void Apply(ConversionContext context)
    {
        foreach (var (path, why) in Caches)
        {
            context.Files.Delete(path, why);
        }
    }
}
