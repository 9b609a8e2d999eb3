using System.Globalization;
using V2V.Engine.FileSystems;
using V2V.Engine.Inspection.Boot;
using V2V.Engine.Inspection.Windows;
using V2V.Engine.Sources;

namespace V2V.Engine.Inspection;

/// <summary>What can be known, before anything is written, to stand against converting a guest. Every concern is reported, not the first.</summary>
public static class GuestChecks
{
    private const long MiB = 1 << 20;

    private const long MinimumInodes = 100;

    /// <param name="guest">The guest as inspected; its own concerns are part of the result.</param>
    /// <param name="source">Where it came from.</param>
    public static IReadOnlyList<Concern> Run(InspectedGuest guest, SourceGuest source)
    {
        ArgumentNullException.ThrowIfNull(guest);
        ArgumentNullException.ThrowIfNull(source);
        if (guest.Windows is not null)
        {
            return [.. guest.Concerns, .. WindowsChecks.Run(guest)];
        }

        return
        [
            .. guest.Concerns,
            .. Distribution(guest),
            .. Kernels(guest),
            .. BootLoader(guest),
            .. FileSystems(guest),
            .. Hibernation(guest.Volumes),
            .. Uefi(guest),
        ];
    }

    private static IEnumerable<Concern> Distribution(InspectedGuest guest)
    {
        var system = guest.OperatingSystem;
        if (LinuxFamilies.Of(system) == LinuxFamily.Other)
        {
            yield return UnknownDistribution(guest);
        }

        if (system.Architecture is not ("x86_64" or "i686"))
        {
            yield return new Concern(
                ConcernSeverity.Critical, "ArchitectureUnsupported",
                $"The guest was built for {system.Architecture}; V2V makes domains for x86 so far.");
        }
    }

    /// <summary>What the steps edit is named by the kernel, the initramfs and the boot loader rather than by the distribution.</summary>
    private static Concern UnknownDistribution(InspectedGuest guest)
    {
        var missing = new[]
        {
            (guest.Kernels.Count == 0, "its kernels are not where they are looked for"),
            (InitramfsTools.Find(guest.Root) is null, "what builds its initramfs is not known"),
            (guest.BootLoader.Kind == BootLoaderKind.Unknown, "its boot loader is not known"),
        }.Where(m => m.Item1).Select(m => m.Item2).ToList();
        return missing.Count > 0
            ? new Concern(
                ConcernSeverity.Critical, "GuestUnsupported",
                $"The guest is {guest.OperatingSystem}, a distribution that V2V has no rules for: {string.Join(", ", missing)}.",
                "Convert this guest with virt-v2v for now.")
            : new Concern(
                ConcernSeverity.Warning, "DistributionNotTested",
                $"The guest is {guest.OperatingSystem}, a distribution that V2V was not tested with. It is converted by its kernel, its initramfs and its boot loader, "
                + "which are of known kinds.",
                "Look at the list of changes, and start the guest before the old one is given up.");
    }

    private static IEnumerable<Concern> Kernels(InspectedGuest guest)
    {
        if (guest.Kernels.Count == 0)
        {
            yield return new Concern(
                ConcernSeverity.Critical, "NoKernel",
                "No kernel with its modules was found in /boot and /lib/modules, so what hardware the guest can drive is not known.",
                "Install the distribution's kernel package in the guest.");
        }
        else if (KernelChoice.Make(guest) is null)
        {
            yield return new Concern(
                ConcernSeverity.Critical, "NoKernelForKvm",
                $"No kernel of the guest can run on KVM: {string.Join("; ", KernelChoice.Obstacles(guest))}. The capability virtio needs, for "
                + $"{guest.OperatingSystem}: {string.Join(", ", VirtioPackages.Files(guest))} (or newer).",
                "Install these packages in the guest where it runs now and convert it again; the present kernel can stay. Those that a configuration (-ConfigPath) "
                + "names are no way out here: a guest installs them by itself when it starts on KVM, and this one cannot start.");
        }
    }

    private static IEnumerable<Concern> BootLoader(InspectedGuest guest)
    {
        var path = guest.BootLoader.ConfigurationPath;
        switch (guest.BootLoader.Kind)
        {
            case BootLoaderKind.Unknown:
                yield return new Concern(
                    ConcernSeverity.Warning, "BootLoaderNotEdited",
                    "No boot loader configuration was found, so a kernel command line that names a disk (root=/dev/sda1) would stay.",
                    "Make sure that the guest names its root file system by UUID, LABEL or logical volume, and that a boot loader is installed on its disk.");
                break;
            case BootLoaderKind.Lilo:
                yield return Refused($"The guest boots by LILO ({path}), which finds kernel and initramfs by a list of disk sectors that changes when they are edited.");
                break;
            case BootLoaderKind.Elilo:
                yield return Refused($"The guest boots by elilo ({path}), which boots copies of kernel and initramfs on the EFI system partition.");
                break;
            case BootLoaderKind.Zipl:
                yield return Refused($"The guest boots by zipl ({path}), which is for IBM Z.");
                break;
            case BootLoaderKind.UnifiedKernelImage:
                yield return Refused($"The guest boots a unified kernel image ({path}), whose initramfs and arguments cannot be edited without its signer.");
                break;
            default:
                if (guest.BootLoader.Menu.Entries.Count == 0)
                {
                    yield return new Concern(
                        ConcernSeverity.Warning, "BootMenuEmpty", $"{path} has no entry that V2V understands, so which kernel the guest boots is not known.",
                        "Regenerate the boot menu in the guest (grub-mkconfig, update-grub) if it should have entries.");
                }

                if (guest.BootLoader.Menu.Entries.Where(e => e.IsUnifiedImage).Select(e => e.Title).ToArray() is { Length: > 0 } images)
                {
                    yield return new Concern(
                        ConcernSeverity.Warning, "UnifiedImagesLeft",
                        $"Unified kernel images are left as they are, and start on KVM only if they hold drivers for virtio: {string.Join(", ", images)}.");
                }

                break;
        }
    }

    private static Concern Refused(string what) =>
        new(ConcernSeverity.Critical, "BootLoaderUnsupported", what, "Install GRUB 2 in the guest and convert it again.");

    /// <summary>The room that virt-v2v documents as needed: 100 MB in /, 50 MB in a /boot of its own, 10 MB elsewhere; and 100 inodes.</summary>
    private static IEnumerable<Concern> FileSystems(InspectedGuest guest)
    {
        foreach (var mount in guest.Root.Mounts)
        {
            // Only what the steps write to has to have room. The EFI system partition is looked at by itself.
            var isWritten = mount.MountPoint is "/" or "/boot" or "/usr" or "/etc" or "/var";
            if (!isWritten)
            {
                if (mount.MountPoint is not ("/boot/efi" or "/efi") && DataVolume(mount) is { } full)
                {
                    yield return full;
                }

                continue;
            }

            var where = $"{mount.MountPoint} ({mount.FileSystem.Kind} on {mount.Volume.DisplayName})";
            if (mount.FileSystem is not WritableGuestFileSystem)
            {
                yield return new Concern(
                    ConcernSeverity.Critical, "FileSystemReadOnly", $"{where} can be read but not written, and the guest has to be changed there.",
                    "Convert this guest with virt-v2v for now.");
                continue;
            }

            var needed = mount.MountPoint switch { "/" => 100 * MiB, "/boot" => 50 * MiB, _ => 10 * MiB };
            var space = mount.FileSystem.Space;
            if (space.FreeBytes < needed)
            {
                yield return new Concern(
                    ConcernSeverity.Critical, "GuestDiskFull", $"{where} has {space.FreeBytes / (double)MiB:0.0} MiB free; {needed / MiB} MiB are needed.",
                    "Remove files (old kernels, package caches) in the guest and shut it down again.");
            }

            if (space.FreeInodes < MinimumInodes)
            {
                yield return new Concern(
                    ConcernSeverity.Critical, "GuestInodesExhausted", $"{where} has {space.FreeInodes} free inodes; {MinimumInodes} are needed.",
                    "Remove files in the guest and shut it down again.");
            }
        }
    }

    /// <summary>A volume with data that is nearly full is not in the way of the conversion, but of what runs on it.</summary>
    private static Concern? DataVolume(GuestMount mount)
    {
        const long Needed = 10 * MiB;
        var space = mount.FileSystem.Space;
        return mount.FileSystem is not WritableGuestFileSystem || (space.FreeBytes >= Needed && !(space.FreeInodes < MinimumInodes)) ? null : new Concern(
            ConcernSeverity.Warning, "DataVolumeFull",
            string.Create(
                CultureInfo.InvariantCulture,
                $"{mount.MountPoint} ({mount.FileSystem.Kind} on {mount.Volume.DisplayName}) has {space.FreeBytes / (double)MiB:0.0} MiB{(space.FreeInodes is { } inodes ? $" and {inodes} inodes" : "")} free, "
                + $"less than {Needed / MiB} MiB or {MinimumInodes} inodes. The conversion writes nothing there."),
            "Remove files there in the guest, if what runs on it is to go on working.");
    }

    internal static IEnumerable<Concern> Hibernation(IEnumerable<GuestVolume> volumes) =>
        volumes.Where(v => v.ContentKind == "swsuspend").Select(v => new Concern(
            ConcernSeverity.Critical, "GuestHibernated",
            $"{v.Volume.DisplayName} holds the memory of a hibernated system, which would be resumed on other hardware over changed file systems.",
            "Start the guest, shut it down, and convert it then."));

    /// <summary>
    /// The boot entries in NVRAM stay behind with the source's firmware, so a program has to be where firmware looks without them, or something
    /// that can be copied there.
    /// </summary>
    private static IEnumerable<Concern> Uefi(InspectedGuest guest)
    {
        if (guest.Firmware != Firmware.Uefi)
        {
            yield break;
        }

        const string Program = "EFI/BOOT/" + UefiFallback.Program;
        var volume = guest.Volumes.FirstOrDefault(v => BootDevices.IsEfiSystemPartition(v.Volume) && v.FileSystem is not null);
        if (volume is null)
        {
            yield return new Concern(
                ConcernSeverity.Warning, "UefiFallbackUnknown",
                $"Whether the EFI system partition has {Program} could not be read. Without it the guest does not start, since its boot entries in "
                + "NVRAM are not carried over.",
                "Run 'grub-install --removable' in the guest if in doubt.");
            yield break;
        }

        // A partition that is mounted nowhere can be looked at, though not changed.
        var mount = UefiFallback.FindSystemPartition(guest.Root);
        var (root, at) = mount is null ? (new GuestRoot([new GuestMount("/", volume.FileSystem!, volume.Volume)]), "/") : (guest.Root, mount.MountPoint);
        if (UefiFallback.IsPresent(root, at))
        {
            yield break;
        }

        if (mount is not null && UefiLoaders.Find(guest, at) is { } loader)
        {
            var needed = loader.Files.Sum(f => guest.Root.Find(f.Path)!.Length);
            if (mount.FileSystem.Space.FreeBytes < needed + MiB)
            {
                yield return new Concern(
                    ConcernSeverity.Critical, "GuestDiskFull",
                    $"The EFI system partition ({mount.Volume.DisplayName}) has {mount.FileSystem.Space.FreeBytes / (double)MiB:0.0} MiB free; "
                    + $"{(needed + MiB) / (double)MiB:0.0} MiB are needed to install the {loader.Description} as {Program}.",
                    "Remove files there in the guest and shut it down again.");
            }

            yield break;
        }

        yield return UefiLoaders.HasLoaderFor32Bits(root, at)
            ? new Concern(
                ConcernSeverity.Critical, "UefiFirmware32Bit",
                $"The guest was started by 32-bit firmware: the EFI system partition ({volume.Volume.DisplayName}) has boot loaders for that only. The firmware "
                + "of the new domain has 64 bits and cannot start them.",
                "Install the 64-bit boot loader in the guest (on Debian: grub-efi-amd64-bin, then 'grub-install --target=x86_64-efi --removable') and shut it down again.")
            : new Concern(
                ConcernSeverity.Critical, "UefiFallbackMissing",
                $"The EFI system partition ({volume.Volume.DisplayName}) has no {Program}, and no boot loader was found {(mount is null ? "in the guest's tree" : "on it")} "
                + "that could be copied there. The guest would not start, since its boot entries in NVRAM are not carried over.",
                "Run 'grub-install --removable' in the guest (on Debian also 'dpkg-reconfigure grub-efi-amd64'), see that /etc/fstab mounts the partition, and shut it down again.");
    }
}
