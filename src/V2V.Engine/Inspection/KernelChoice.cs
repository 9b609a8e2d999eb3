namespace V2V.Engine.Inspection;

/// <summary>Which of a guest's kernels it is to boot on KVM, and why not the one that it boots now.</summary>
/// <param name="Kernel">The kernel.</param>
/// <param name="Entry">The entry of the boot menu that is to boot it; null when there is no menu to change.</param>
/// <param name="Why">What stands against the present default; null when that stays.</param>
internal sealed record KernelChoice(InstalledKernel Kernel, BootMenuEntry? Entry, string? Why)
{
    /// <summary>Drivers of the IDE controller of KVM's machine pc: libata's, and the one before it.</summary>
    private static readonly string[] IdeDrivers = ["ata_piix", "piix", "ata_generic", "ide_generic", "ide_pci_generic"];

    /// <summary>The default if it can run on KVM, else the best other kernel that can; null when there is none.</summary>
    public static KernelChoice? Make(InspectedGuest guest)
    {
        var menu = guest.BootLoader.Menu;
        var present = guest.Kernels.FirstOrDefault(k => k.IsDefault);
        var suitable = guest.Kernels.Where(k => Obstacle(k, guest.Firmware) is null).ToList();
        var images = guest.Kernels.Select(k => guest.Root.RealPath(k.ImagePath)).ToHashSet(StringComparer.Ordinal);
        if (!menu.Entries.Any(e => e.IsUnifiedImage || (e.KernelPath is { } path && images.Contains(path))))
        {
            // No menu, or none that could be related to the kernels: nothing can be changed there.
            return suitable.OrderByDescending(k => k.IsDefault).ThenByDescending(Rank).FirstOrDefault() is { } best
                ? new KernelChoice(best, null, best == present ? null : Obstacle(present, guest.Firmware))
                : null;
        }

        var booted = guest.Kernels.FirstOrDefault(k => guest.Root.RealPath(k.ImagePath) == menu.Default?.KernelPath);
        var obstacle = Obstacle(menu.Default, booted) ?? Obstacle(booted, guest.Firmware);
        if (obstacle is null)
        {
            return new KernelChoice(booted!, menu.Default, null);
        }

        return suitable.OrderByDescending(k => k == booted).ThenByDescending(Rank)
            .Select(k => (Kernel: k, Entry: Entries(guest, k).OrderBy(e => e.IsForRepair).FirstOrDefault()))
            .Where(c => c.Entry is not null)
            .Select(c => new KernelChoice(c.Kernel, c.Entry, obstacle))
            .FirstOrDefault();
    }

    /// <summary>Every kernel with what stands against it, for a guest in which no choice can be made.</summary>
    public static IEnumerable<string> Obstacles(InspectedGuest guest) => guest.Kernels.Select(k =>
        Obstacle(k, guest.Firmware) ?? $"{k} could, but the boot menu has no entry that boots it by itself");

    /// <summary>The entries that boot the kernel by itself.</summary>
    private static IEnumerable<BootMenuEntry> Entries(InspectedGuest guest, InstalledKernel kernel)
    {
        var image = guest.Root.RealPath(kernel.ImagePath);
        return guest.BootLoader.Menu.Entries.Where(e => e is { IsXenHypervisor: false, IsUnifiedImage: false } && e.KernelPath == image);
    }

    private static string? Obstacle(BootMenuEntry? entry, InstalledKernel? kernel) => entry switch
    {
        null => "the boot menu has no default",
        { IsUnifiedImage: true } => $"{entry.Title} is a unified kernel image, whose contents V2V cannot change",
        { IsXenHypervisor: true } => $"{entry.Title} starts the Xen hypervisor",
        _ => kernel is null ? $"{entry.Title} boots no kernel whose modules are installed" : null,
    };

    private static string? Obstacle(InstalledKernel? kernel, Sources.Firmware firmware) => kernel switch
    {
        null => "no kernel is the default",
        { IsXenOnly: true } => $"{kernel} runs on the Xen hypervisor only",
        _ => CanDriveDisks(kernel, firmware) ? null : $"{kernel} has no driver for any disk that KVM can offer (virtio, SATA, IDE)",
    };

    /// <summary>What ChooseVirtualHardware can fall back to; UEFI guests get the machine q35, which has no IDE controller.</summary>
    private static bool CanDriveDisks(InstalledKernel kernel, Sources.Firmware firmware) =>
        HasVirtioDisk(kernel)
        || (kernel.Supports("ahci") && kernel.Supports("sd_mod"))
        || (firmware == Sources.Firmware.Bios && (IdeDrivers.Any(kernel.Supports) || kernel.Builtin.Count == 0));

    private static bool HasVirtioDisk(InstalledKernel kernel) =>
        kernel.Supports("virtio_pci") && (kernel.Supports("virtio_blk") || (kernel.Supports("virtio_scsi") && kernel.Supports("sd_mod")));

    /// <summary>Virtio first; a kernel for debugging last; of the rest the newest, as they are ordered already.</summary>
    private static int Rank(InstalledKernel kernel) =>
        (HasVirtioDisk(kernel) ? 4 : 0) + (kernel.Supports("virtio_net") ? 2 : 0) + (kernel.Version.Contains("debug", StringComparison.Ordinal) ? 0 : 1);
}
