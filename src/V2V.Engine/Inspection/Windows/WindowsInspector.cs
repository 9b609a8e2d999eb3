using V2V.Engine.Registry;
using V2V.Engine.Sources;

namespace V2V.Engine.Inspection.Windows;

/// <summary>Reads everything that the conversion wants to know from a Windows root that was found.</summary>
internal static class WindowsInspector
{
    public static InspectedGuest Inspect(SourceGuest source, IReadOnlyList<VolumeFinding> found, OperatingSystemRoot root)
    {
        var installation = root.Windows ?? throw new ArgumentException("The root is no Windows.", nameof(root));
        if (installation.Failure is { } failure)
        {
            throw Unreadable(root, installation, failure);
        }

        try
        {
            return Read(source, found, root, installation);
        }
        catch (GuestFileSystemException e)
        {
            throw Unreadable(root, installation, e);
        }
    }

    private static InspectedGuest Read(SourceGuest source, IReadOnlyList<VolumeFinding> found, OperatingSystemRoot root, WindowsInstallation installation)
    {
        var concerns = new List<Concern>();
        // The roots were looked at one by one; only now is it known what the letters mean, and so where junctions lead.
        var devices = MountedDevice.Read(installation.Registry!.System);
        var (tree, drives, mountPoints) = WindowsMounts.Join(found, root.Volume, devices, installation.Version!.SystemDrive);
        var registry = GuestRegistry.Open(tree, installation.SystemRoot);
        var version = WindowsVersion.Read(registry);
        var (isLocalTime, clockConcern) = WindowsClock.Read(registry.System, version.ControlSet);
        concerns.AddRange(clockConcern is null ? [] : [clockConcern]);
        var firmware = BootDevices.Firmware(source, found);
        var volumes = found.Select(f => mountPoints.TryGetValue(f.Guest, out var at) ? f.Guest with { MountPoint = at } : f.Guest).ToList();
        var (bootLoader, bootVolume) = WindowsBootLoader.Find(tree, volumes, firmware);
        var bootDisk = BootDisk(source, firmware, found, root, bootVolume);

        return new InspectedGuest
        {
            OperatingSystem = root.System,
            Root = tree,
            Volumes = volumes,
            Firmware = firmware,
            BootLoader = bootLoader,
            BootDiskIndex = bootDisk,
            HasBootLoaderOnDisk = firmware == Firmware.Uefi || BiosBootSector.CanStart(source.Disks[bootDisk], bootDisk, volumes),
            Concerns = concerns,
            Windows = new WindowsSystem
            {
                SystemRoot = installation.SystemRoot,
                Registry = registry,
                ControlSet = version.ControlSet,
                OtherControlSet = version.OtherDefault,
                InstallationType = version.InstallationType,
                Edition = version.Edition,
                BuildNumber = version.Build,
                HasDriverDatabase = registry.System.Find("DriverDatabase") is not null,
                ClockIsLocalTime = isLocalTime,
                Drives = [.. drives.Select(d => d with { Volume = volumes.First(v => v.Volume == d.Volume.Volume) })],
                Applications = WindowsApplications.Read(registry.Software, is64Bit: root.System.Architecture is not "i686"),
                Adapters = WindowsAdapters.Read(registry.System, version.ControlSet, source.NetworkAdapters),
            },
        };
    }

    /// <summary>
    /// The disk of Windows' boot loader. GRUB on a disk before it starts both systems of a machine that has two; on one behind it, it is left from a
    /// former use of the disk.
    /// </summary>
    private static int BootDisk(
        SourceGuest source, Firmware firmware, IReadOnlyList<VolumeFinding> found, OperatingSystemRoot root, GuestVolume? bootVolume)
    {
        var usual = BootDevices.BootDisk(source, firmware, found, (bootVolume ?? root.Volume).Volume);
        return bootVolume is null ? usual : firmware == Firmware.Uefi ? bootVolume.Volume.DiskIndex : Math.Min(usual, bootVolume.Volume.DiskIndex);
    }

    private static ConversionException Unreadable(OperatingSystemRoot root, WindowsInstallation installation, GuestFileSystemException failure) =>
        new(failure.Error, $"{root.Volume.Volume.DisplayName} holds a Windows in {installation.SystemRoot} that cannot be read: {failure.Message}", failure)
        {
            Path = failure.Path,
            Format = failure.Format,
            Offset = failure.Offset,
            Advice = failure.Advice ?? "Start the guest where it runs now, shut it down completely (shutdown /s /t 0), and convert it then.",
        };
}
