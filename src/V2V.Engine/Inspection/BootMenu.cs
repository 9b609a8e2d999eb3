namespace V2V.Engine.Inspection;

/// <summary>What a boot loader offers, in the order in which it does; the entries of submenus stand among the others.</summary>
public sealed record BootMenu(IReadOnlyList<BootMenuEntry> Entries)
{
    /// <summary>More than any guest has; a hostile file with more is read no further.</summary>
    internal const int MaxEntries = 1000;

    public static BootMenu Empty { get; } = new([]);

    /// <summary>What boots when nobody chooses; null when the menu is empty.</summary>
    public BootMenuEntry? Default => Entries.FirstOrDefault(e => e.IsDefault);

    /// <summary>The menu with another default.</summary>
    internal BootMenu WithDefault(BootMenuEntry entry) => new([.. Entries.Select(e => e with { IsDefault = ReferenceEquals(e, entry) })]);
}

/// <summary>One way to boot.</summary>
public sealed record BootMenuEntry
{
    /// <summary>What the menu shows.</summary>
    public required string Title { get; init; }

    /// <summary>
    /// What the boot loader's own setting of the default calls it: an index for GRUB legacy, "submenu>entry" for GRUB 2, a file's name for BLS
    /// and systemd-boot, a label for extlinux.
    /// </summary>
    public required string Id { get; init; }

    /// <summary>Guest path of the kernel, links resolved; null when the entry boots none that is there.</summary>
    public string? KernelPath { get; init; }

    /// <summary>Guest paths of those of its images that are there, links resolved. Microcode comes first, the initramfs last.</summary>
    public IReadOnlyList<string> InitramfsPaths { get; init; } = [];

    /// <summary>The kernel's arguments, variables of the boot loader resolved as far as they are known.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    public bool IsDefault { get; init; }

    /// <summary>It starts the Xen hypervisor, with the kernel as its dom0.</summary>
    public bool IsXenHypervisor { get; init; }

    /// <summary>Kernel, initramfs and arguments are one signed or signable EFI program (a unified kernel image).</summary>
    public bool IsUnifiedImage { get; init; }

    /// <summary>Guest path of the file that the entry stands in.</summary>
    public required string File { get; init; }

    /// <summary>One-based number of its first line there.</summary>
    public int FirstLine { get; init; }

    public int LastLine { get; init; }

    /// <summary>Meant for mending the guest, not for running it: single-user, rescue and failsafe entries.</summary>
    internal bool IsForRepair =>
        Arguments.Any(a => a is "single" or "s" or "S" or "1" or "emergency" or "rescue" or "recovery" or "systemd.unit=rescue.target" or "systemd.unit=emergency.target")
        || RepairTitles.Any(t => Title.Contains(t, StringComparison.OrdinalIgnoreCase))
        || Id.Contains("-0-rescue", StringComparison.Ordinal);

    private static readonly string[] RepairTitles = ["recovery", "rescue", "failsafe", "single-user", "fallback"];
}
