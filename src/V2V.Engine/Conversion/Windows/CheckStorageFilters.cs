using V2V.Engine.Inspection.Windows;

namespace V2V.Engine.Conversion.Windows;

/// <summary>
/// Tells of other makers' filter drivers in the stack of disks and volumes. They are left alone, since encryption and multipathing are among them
/// without which the disk cannot be read; one that does not bear other disks makes Windows stop with 0x7B.
/// </summary>
public sealed class CheckStorageFilters : WindowsStep
{
    /// <summary>Setup classes of disks, storage controllers, IDE controllers and volumes.</summary>
    private static readonly string[] Classes =
    [
        "{4d36e967-e325-11ce-bfc1-08002be10318}", "{4d36e97b-e325-11ce-bfc1-08002be10318}",
        "{4d36e96a-e325-11ce-bfc1-08002be10318}", "{71a27cdd-812a-11d0-bec7-08002be2092f}",
    ];

    /// <summary>Windows' own.</summary>
    private static readonly string[] Known =
    [
        "partmgr", "volsnap", "fvevol", "rdyboost", "iorate", "ehstorclass", "ehstortcgdrv", "mpio", "msdsm", "msiscsi", "volume", "storqosflt", "sbp2port", "dumpfve", "scmdisk0101",
        "spaceport", "pmem", "hwpolicy",
    ];

    public override string Name => "Looking for filter drivers of disks";

    protected override void Apply(ConversionContext context, WindowsSystem windows)
    {
        var foreign = FilterLists.OfClasses(context.Registry)
            .Where(list => Classes.Any(c => list.Key.EndsWith($@"\Control\Class\{c}", StringComparison.OrdinalIgnoreCase)))
            .SelectMany(list => list.Drivers).Where(driver => !Known.Contains(driver, StringComparer.OrdinalIgnoreCase))
            .Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.OrdinalIgnoreCase).ToArray();
        if (foreign.Length > 0)
        {
            context.Add(new Concern(
                ConcernSeverity.Warning, "StorageFilters",
                $"Other makers' drivers filter what Windows reads from its disks: {string.Join(", ", foreign)}. One that does not know virtio disks makes it stop with 0x7B.",
                "If it does, uninstall what they belong to (backup, multipathing, encryption) in the source guest and convert it again."));
        }
    }
}
