using V2V.Engine.FileSystems;

namespace V2V.Engine.Inspection;

/// <summary>The kernels of a Linux root: those with both an image to boot and a directory of modules.</summary>
internal static class LinuxKernels
{
    /// <summary>Drivers that decide what hardware a guest gets. A depmod list that still names a deleted file must not mislead about these.</summary>
    private static readonly HashSet<string> Decisive =
    [
        "virtio_pci", "virtio_blk", "virtio_scsi", "virtio_net", "virtio_rng", "virtio_balloon", "ahci", "ata_piix", "piix", "sd_mod", "e1000",
    ];

    /// <summary>Configuration names of these, for kernels before 2.6.33, which have no modules.builtin.</summary>
    private static readonly (string Option, string Module)[] BuiltinOptions =
    [
        ("CONFIG_VIRTIO_PCI", "virtio_pci"), ("CONFIG_VIRTIO_BLK", "virtio_blk"), ("CONFIG_VIRTIO_NET", "virtio_net"),
        ("CONFIG_SCSI_VIRTIO", "virtio_scsi"), ("CONFIG_VIRTIO_BALLOON", "virtio_balloon"), ("CONFIG_HW_RANDOM_VIRTIO", "virtio_rng"),
        ("CONFIG_SATA_AHCI", "ahci"), ("CONFIG_ATA_PIIX", "ata_piix"), ("CONFIG_BLK_DEV_SD", "sd_mod"), ("CONFIG_E1000", "e1000"),
        ("CONFIG_BLK_DEV_PIIX", "piix"),
    ];

    private static readonly string[] ModuleSuffixes = [".ko", ".ko.xz", ".ko.zst", ".ko.gz"];

    /// <summary>Where modules are. Distributions that have not merged /usr may list either.</summary>
    private static readonly string[] ModuleDirectories = ["/lib/modules", "/usr/lib/modules"];

    /// <param name="root">The guest's tree.</param>
    /// <param name="menu">What the boot loader offers.</param>
    public static IReadOnlyList<InstalledKernel> Find(GuestRoot root, BootMenu menu)
    {
        var kernels = new List<InstalledKernel>();
        foreach (var parent in ModuleDirectories.Where(root.DirectoryExists).DistinctBy(root.RealPath))
        {
            foreach (var entry in root.Enumerate(parent))
            {
                var directory = $"{parent}/{entry.Name}";
                if (root.DirectoryExists(directory)
                    && !IsForDumps(entry.Name)
                    && !kernels.Any(k => k.Version == entry.Name)
                    && Image(root, entry.Name, directory, menu) is { } image)
                {
                    kernels.Add(Read(root, entry.Name, root.RealPath(directory), image, menu));
                }
            }
        }

        kernels.Sort((a, b) => NaturalOrder.Compare(b.Version, a.Version));
        return MarkDefault(root, kernels, menu);
    }

    /// <summary>SUSE's flavour for kdump runs in a crashed system's spare memory and is never booted by itself.</summary>
    private static bool IsForDumps(string version) => version.EndsWith("kdump", StringComparison.Ordinal);

    private static List<InstalledKernel> MarkDefault(GuestRoot root, List<InstalledKernel> kernels, BootMenu menu)
    {
        var index = menu.Default?.KernelPath is { } image ? kernels.FindIndex(k => root.RealPath(k.ImagePath) == image) : -1;
        if (index < 0)
        {
            // Without a menu the newest is taken, as update-grub and the distributions' own links do.
            index = Math.Max(0, kernels.FindIndex(k => !k.IsXenOnly));
        }

        return [.. kernels.Select((k, i) => i == index ? k with { IsDefault = true } : k)];
    }

    private static string? Image(GuestRoot root, string version, string directory, BootMenu menu)
    {
        // Fedora and RHEL 8+ also keep the image beside the modules; Arch's and Alpine's names follow the flavour instead of the version, and
        // systemd's kernel-install puts "linux" into a directory of the version; openSUSE adds a hash to that name.
        string?[] candidates =
        [
            $"/boot/vmlinuz-{version}", $"/boot/vmlinux-{version}", $"/boot/kernel-{version}", $"/boot/Image-{version}",
            root.TryReadAllText($"{directory}/pkgbase")?.Trim() is { Length: > 0 } package ? $"/boot/vmlinuz-{package}" : null,
            version.LastIndexOf('-') is > 0 and var dash ? $"/boot/vmlinuz-{version[(dash + 1)..]}" : null,
            menu.Entries.FirstOrDefault(e => e.KernelPath?.Contains($"/{version}/linux", StringComparison.Ordinal) == true)?.KernelPath,
            $"{directory}/vmlinuz",
        ];
        return candidates.FirstOrDefault(c => c is not null && root.FileExists(c));
    }

    private static InstalledKernel Read(GuestRoot root, string version, string directory, string image, BootMenu menu) => new()
    {
        Version = version,
        ImagePath = image,
        InitramfsPath = MenuInitramfs(root, image, menu) ?? NamedInitramfs(root, version, image),
        ModulesDirectory = directory,
        Modules = Modules(root, directory),
        Builtin = Builtin(root, version, directory),
        IsXenOnly = IsXenOnly(root, version, directory),
    };

    /// <summary>What the entry that boots the kernel loads with it: the default's, else the first that is not for repairs.</summary>
    private static string? MenuInitramfs(GuestRoot root, string image, BootMenu menu)
    {
        var path = root.RealPath(image);
        return menu.Entries.Where(e => e.KernelPath == path && e.InitramfsPaths.Count > 0)
            .OrderByDescending(e => e.IsDefault).ThenBy(e => e.IsForRepair)
            .FirstOrDefault()?.InitramfsPaths[^1];
    }

    private static string? NamedInitramfs(GuestRoot root, string version, string image)
    {
        var name = image[(image.LastIndexOf('/') + 1)..];
        var suffix = name.Contains('-') ? name[(name.IndexOf('-') + 1)..] : version;
        string[] initramfs =
        [
            $"/boot/initrd.img-{version}", $"/boot/initramfs-{version}.img", $"/boot/initrd-{version}.img", $"/boot/initrd-{version}",
            $"/boot/initramfs-{version}", $"/boot/initramfs-{suffix}.img", $"/boot/initramfs-{suffix}",
        ];
        return initramfs.FirstOrDefault(root.FileExists);
    }

    /// <summary>
    /// The build configuration tells where it is kept: kernels of the Xen project's own tree have CONFIG_X86_XEN or CONFIG_X86_64_XEN, and the later
    /// ones that boot both ways only CONFIG_XEN. Otherwise the name does: "2.6.18-398.el5xen", "2.6.9-89.ELxenU", "2.6.32.12-0.7-xen",
    /// "2.6.26-2-xen-686".
    /// </summary>
    private static bool IsXenOnly(GuestRoot root, string version, string directory) => Configuration(root, version, directory) is { } configuration
        ? configuration.Contains("CONFIG_X86_XEN=y") || configuration.Contains("CONFIG_X86_64_XEN=y")
        : version.Contains("xen", StringComparison.OrdinalIgnoreCase);

    private static HashSet<string>? Configuration(GuestRoot root, string version, string directory) =>
        (root.TryReadAllText($"/boot/config-{version}") ?? root.TryReadAllText($"{directory}/config")) is { } text
            ? text.Split('\n').ToHashSet(StringComparer.Ordinal)
            : null;

    private static HashSet<string> Modules(GuestRoot root, string directory)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        if (root.TryReadAllText($"{directory}/modules.dep") is { } dependencies)
        {
            foreach (var line in dependencies.Split('\n'))
            {
                var path = line.Split(':')[0].Trim();
                if (ModuleName(path) is { } name
                    && (!Decisive.Contains(name) || root.FileExists(path.StartsWith('/') ? path : $"{directory}/{path}")))
                {
                    names.Add(name);
                }
            }
        }

        if (names.Count == 0)
        {
            Collect(root, directory, names, depth: 0);
        }

        return names;
    }

    /// <summary>Without depmod's list, every file below the directory is looked at.</summary>
    private static void Collect(GuestRoot root, string directory, HashSet<string> names, int depth)
    {
        const int maxDepth = 16; // The kernel's own tree is eight deep.
        foreach (var entry in root.Enumerate(directory))
        {
            if (entry.Type == GuestFileType.Directory && depth < maxDepth)
            {
                Collect(root, $"{directory}/{entry.Name}", names, depth + 1);
            }
            else if (entry.Type == GuestFileType.Regular && ModuleName(entry.Name) is { } name)
            {
                names.Add(name);
            }
        }
    }

    private static HashSet<string> Builtin(GuestRoot root, string version, string directory)
    {
        if (root.TryReadAllText($"{directory}/modules.builtin") is { } builtin)
        {
            return [.. builtin.Split('\n').Select(l => ModuleName(l.Trim())).OfType<string>()];
        }

        return Configuration(root, version, directory) is { } configuration
            ? [.. BuiltinOptions.Where(o => configuration.Contains(o.Option + "=y")).Select(o => o.Module)]
            : [];
    }

    /// <summary>"kernel/drivers/block/virtio_blk.ko.xz" is virtio_blk; modules are known by '_' whatever their files' names have.</summary>
    internal static string? ModuleName(string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        foreach (var suffix in ModuleSuffixes)
        {
            if (name.Length > suffix.Length && name.EndsWith(suffix, StringComparison.Ordinal))
            {
                return name[..^suffix.Length].Replace('-', '_');
            }
        }

        return null;
    }
}
