using V2V.Engine.Inspection.Boot;
using V2V.Engine.Inspection.Packages;
using V2V.Engine.Sources;

namespace V2V.Engine.Inspection;

/// <summary>Reads everything that the conversion wants to know from a Linux root that was found.</summary>
internal static class LinuxInspector
{
    public static InspectedGuest Inspect(SourceGuest source, IReadOnlyList<VolumeFinding> found, OperatingSystemRoot root)
    {
        var concerns = new List<Concern>();
        var names = new DeviceNames([.. found.Select(f => f.Guest)], source.Disks) { Root = root.Volume };
        var (tree, mountPoints) = LinuxMounts.Join(found, root.Volume, names, concerns);
        var system = LinuxDistribution.Identify(tree);
        var firmware = BootDevices.Firmware(source, found);
        var bootLoader = BootLoaders.Find(tree, firmware);
        var (packageFormat, packages) = PackageDatabases.Read(tree, concerns);
        var bootDisk = BootDevices.BootDisk(source, firmware, found, tree.Resolve("/boot").Mount.Volume);

        return new InspectedGuest
        {
            OperatingSystem = system with { PackageFormat = packageFormat },
            Root = tree,
            Volumes = [.. found.Select(f => mountPoints.TryGetValue(f.Guest, out var at) ? f.Guest with { MountPoint = at } : f.Guest)],
            Firmware = firmware,
            Kernels = LinuxKernels.Find(tree, bootLoader.Menu),
            BootLoader = bootLoader,
            Packages = packages,
            BootDiskIndex = bootDisk,
            HasBootLoaderOnDisk = firmware == Firmware.Uefi || BiosBootSector.CanStart(source.Disks[bootDisk], bootDisk, [.. found.Select(f => f.Guest)]),
            Concerns = concerns,
        };
    }
}
