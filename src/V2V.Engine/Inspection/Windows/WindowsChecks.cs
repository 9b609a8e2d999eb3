using System.Globalization;
using V2V.Engine.FileSystems;

namespace V2V.Engine.Inspection.Windows;

/// <summary>What can be known, before anything is written, to stand against converting a Windows, or should be told before.</summary>
internal static class WindowsChecks
{
    private const long MiB = 1 << 20;

    /// <summary>The room that virt-v2v documents as needed on the system volume.</summary>
    private const long NeededOnSystemVolume = 100 * MiB;

    /// <param name="guest">A guest whose <see cref="InspectedGuest.Windows"/> is known.</param>
    public static IReadOnlyList<Concern> Run(InspectedGuest guest)
    {
        var windows = guest.Windows ?? throw new ArgumentException("The guest is no Windows.", nameof(guest));
        return
        [
            .. Version(guest.OperatingSystem),
            .. Architecture(guest, windows),
            .. WindowsVolumes.Check(guest),
            .. Space(guest),
            .. Firmware(guest),
            .. ControlSet(windows),
            .. RecoveryConsole(guest),
            .. SecurityPrograms.Check(windows),
            .. AdapterChecks.Check(windows),
        ];
    }

    private static IEnumerable<Concern> Version(OperatingSystemInfo system)
    {
        if ((system.MajorVersion, system.MinorVersion).CompareTo((5, 1)) < 0)
        {
            yield return new Concern(
                ConcernSeverity.Critical, "GuestUnsupported",
                $"The guest is {system}, version {system.Version} of Windows NT; V2V converts Windows XP (5.1) and later, for which there are virtio drivers.",
                "Convert the guest with -AsIs, on the hardware that it has now, if that is one that QEMU emulates.");
        }
        else if (system.LibosinfoId is null)
        {
            yield return new Concern(
                ConcernSeverity.Warning, "WindowsVersionUnknown",
                $"The guest is {system}, version {system.Version}, which is newer than what V2V was made for. It is converted like the last version that is known.",
                "Look at the list of changes, and start the guest before the old one is given up.");
        }
    }

    /// <summary>Drivers are chosen by the processor that Windows was built for, so it must be beyond doubt.</summary>
    private static IEnumerable<Concern> Architecture(InspectedGuest guest, WindowsSystem windows)
    {
        var architecture = guest.OperatingSystem.Architecture;
        if (architecture is not ("x86_64" or "i686"))
        {
            yield return new Concern(
                ConcernSeverity.Critical, "ArchitectureUnsupported",
                architecture == "unknown"
                    ? $"What processor {guest.OperatingSystem.ProductName} was built for is not known: {windows.SystemRoot}/system32 has no cmd.exe, ntoskrnl.exe or kernel32.dll that can be read."
                    : $"The guest is {guest.OperatingSystem.ProductName} built for {architecture}; V2V makes domains for x86 so far.",
                architecture == "unknown" ? "Check the guest's system volume with 'chkdsk /f' and 'sfc /scannow' where it runs now." : null);
            yield break;
        }

        var told = windows.Registry.System.Find($@"{windows.ControlSet}\Control\Session Manager\Environment")?.Text("PROCESSOR_ARCHITECTURE");
        var expected = architecture == "x86_64" ? "AMD64" : "x86";
        if (told is not null && !told.Equals(expected, StringComparison.OrdinalIgnoreCase))
        {
            yield return new Concern(
                ConcernSeverity.Critical, "ArchitectureMismatch",
                $"The programs in {windows.SystemRoot}/system32 are for {expected}, and the registry says that Windows is for {told} (PROCESSOR_ARCHITECTURE): one of them is not this system's.",
                "Check that the disk holds one Windows, and that its hives were not replaced by those of another one.");
        }
    }

    private static IEnumerable<Concern> Space(InspectedGuest guest)
    {
        var system = guest.Root.Mounts.First(m => m.MountPoint == "/");
        var where = $"The system volume ({system.FileSystem.Kind} on {system.Volume.DisplayName})";
        if (system.FileSystem is not WritableGuestFileSystem)
        {
            yield return new Concern(ConcernSeverity.Critical, "FileSystemReadOnly", $"{where} can be read but not written, and the guest has to be changed there.");
        }
        else if (system.FileSystem.Space.FreeBytes < NeededOnSystemVolume)
        {
            yield return new Concern(
                ConcernSeverity.Critical, "GuestDiskFull",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{where} has {system.FileSystem.Space.FreeBytes / (double)MiB:0.0} MiB free; {NeededOnSystemVolume / MiB} MiB are needed."),
                "Remove files in the guest (Disk Cleanup, old user profiles) and shut it down again.");
        }
    }

    private static IEnumerable<Concern> Firmware(InspectedGuest guest)
    {
        if (guest.BootLoader.Kind == BootLoaderKind.Unknown)
        {
            yield return new Concern(
                ConcernSeverity.Warning, "BootLoaderNotFound",
                guest.Firmware == Sources.Firmware.Uefi
                    ? @"No volume with EFI\Microsoft\Boot\BCD was found, from which UEFI starts Windows."
                    : "Neither bootmgr with its Boot\\BCD nor NTLDR was found on any volume that can be read, and the BIOS starts Windows from one of them.",
                "Convert the guest with all of its disks; the one that it boots from may be missing.");
        }

        if (guest.Firmware == Sources.Firmware.Uefi && guest.OperatingSystem.Architecture == "i686")
        {
            yield return new Concern(
                ConcernSeverity.Critical, "UefiFirmware32Bit",
                "The guest is a 32-bit Windows that is started by UEFI, which 32-bit firmware does only. The firmware of the new domain has 64 bits and cannot start it.",
                "Convert the guest with BIOS firmware if its disk can be started by that too, or move it to a 64-bit Windows.");
        }
        else if (guest.Firmware == Sources.Firmware.Uefi && SystemPartitionSpace(guest) is { } full)
        {
            yield return full;
        }

        if (guest.Firmware == Sources.Firmware.Bios && !guest.HasBootLoaderOnDisk)
        {
            yield return new Concern(
                ConcernSeverity.Warning, "NoBootLoader",
                $"Disk {guest.BootDiskIndex + 1} has no boot code or no active partition: the BIOS would find nothing to start there.",
                "Convert the guest with all of its disks, or set the firmware of the source to UEFI if that is how it starts.");
        }
    }

    /// <summary>Boot entries in NVRAM are not carried over, so a copy of the boot manager is put where firmware looks without them.</summary>
    private static Concern? SystemPartitionSpace(InspectedGuest guest)
    {
        foreach (var volume in guest.Volumes.Where(v => BootDevices.IsEfiSystemPartition(v.Volume) && v is { FileSystem: not null, MountPoint: not null }))
        {
            var manager = guest.Root.Find($"{volume.MountPoint}/EFI/Microsoft/Boot/bootmgfw.efi");
            var present = guest.Root.Find($"{volume.MountPoint}/EFI/Boot/bootx64.efi");
            var needed = (manager?.Length ?? 0) + MiB;
            if (manager is not null && manager.Length != present?.Length && volume.FileSystem!.Space.FreeBytes < needed)
            {
                return new Concern(
                    ConcernSeverity.Critical, "GuestDiskFull",
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"The EFI system partition ({volume.Volume.DisplayName}) has {volume.FileSystem.Space.FreeBytes / (double)MiB:0.0} MiB free; {needed / (double)MiB:0.0} MiB are needed for a copy of ")
                    + @"Windows' boot manager as EFI\Boot\bootx64.efi.",
                    "Remove files there in the guest (mountvol S: /s) and shut it down again.");
            }
        }

        return null;
    }

    private static IEnumerable<Concern> ControlSet(WindowsSystem windows)
    {
        if (windows.OtherControlSet is { } other)
        {
            yield return new Concern(
                ConcernSeverity.Warning, "ControlSetDiffers",
                $"Windows last ran with {windows.ControlSet}, and its next start would take {other} (SYSTEM\\Select): its last start failed, or the last known good configuration was chosen.",
                "Start the guest where it runs now, shut it down, and convert it then, if the converted one does not start.");
        }
    }

    /// <summary>It starts a Windows of its own from a copy of the drivers, which gets none of those that the conversion installs.</summary>
    private static IEnumerable<Concern> RecoveryConsole(InspectedGuest guest)
    {
        var root = guest.Root;
        var isInMenu = guest.BootLoader is { Kind: BootLoaderKind.Ntldr, ConfigurationPath: { } path }
            && BootIni.Parse(root.ReadAllText(path)).Any(e => e.Options.Contains("/cmdcons", StringComparison.OrdinalIgnoreCase));
        if (isInMenu || root.DirectoryExists("/cmdcons"))
        {
            yield return new Concern(
                ConcernSeverity.Warning, "RecoveryConsoleInstalled",
                "The Recovery Console is installed (" + (isInMenu ? "an entry in boot.ini" : @"C:\cmdcons") + "). It has no virtio drivers and does not find the disks on KVM.",
                "Remove it in the guest if it is not to be chosen by mistake: delete its line in boot.ini, then C:\\cmdcons and C:\\cmldr.");
        }
    }
}
