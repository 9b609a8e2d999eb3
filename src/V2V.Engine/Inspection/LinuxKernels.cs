using V2V.Engine.FileSystems;

namespace V2V.Engine.Inspection;

/// <summary>The kernels of a Linux root: those with both an image to boot and a directory of modules.</summary>
internal static class LinuxKernels
{
    /// <summary>Drivers that decide what hardware a guest gets. A depmod list that still names a deleted file must not mislead about these.</summary>
    private static readonly HashSet<string> Decisive =
    [
        "virtio_pci", "virtio_blk", "virtio_scsi", "virtio_net", "virtio_rng", "virtio_balloon", "ahci", "ata_piix", "sd_mod", "e1000",
    ];

    /// <summary>Configuration names of these, for kernels before 2.6.33, which have no modules.builtin.</summary>
    private static readonly (string Option, string Module)[] BuiltinOptions =
    [
        ("CONFIG_VIRTIO_PCI", "virtio_pci"), ("CONFIG_VIRTIO_BLK", "virtio_blk"), ("CONFIG_VIRTIO_NET", "virtio_net"),
        ("CONFIG_SCSI_VIRTIO", "virtio_scsi"), ("CONFIG_VIRTIO_BALLOON", "virtio_balloon"), ("CONFIG_HW_RANDOM_VIRTIO", "virtio_rng"),
        ("CONFIG_SATA_AHCI", "ahci"), ("CONFIG_ATA_PIIX", "ata_piix"), ("CONFIG_BLK_DEV_SD", "sd_mod"), ("CONFIG_E1000", "e1000"),
    ];

    private static readonly string[] ModuleSuffixes = [".ko", ".ko.xz", ".ko.zst", ".ko.gz"];

    /// <param name="root">The guest's tree.</param>
    /// <param name="defaultEntry">What the boot loader boots when nobody chooses, if known.</param>
    public static IReadOnlyList<InstalledKernel> Find(GuestRoot root, GrubMenuEntry? defaultEntry)
    {
        var kernels = new List<InstalledKernel>();
        foreach (var entry in root.Enumerate("/lib/modules"))
        {
            var directory = $"/lib/modules/{entry.Name}";
            if (root.DirectoryExists(directory) && Image(root, entry.Name, directory) is { } image)
            {
                kernels.Add(Read(root, entry.Name, root.RealPath(directory), image));
            }
        }

        kernels.Sort((a, b) => NaturalOrder.Compare(b.Version, a.Version));
        return MarkDefault(root, kernels, defaultEntry);
    }

    private static List<InstalledKernel> MarkDefault(GuestRoot root, List<InstalledKernel> kernels, GrubMenuEntry? entry)
    {
        // Without a menu the newest is taken, as update-grub and the distributions' own links do.
        var index = 0;
        string? initramfs = null;
        if (entry?.Kernel is { } path && Locate(root, path) is { } image)
        {
            var listed = kernels.FindIndex(k => root.RealPath(k.ImagePath) == image);
            if (listed >= 0)
            {
                index = listed;
                // Microcode comes first in the list, the initramfs last.
                initramfs = entry.InitialRamdisks.Count > 0 ? Locate(root, entry.InitialRamdisks[^1]) : null;
            }
        }

        return [.. kernels.Select((k, i) => i == index ? k with { IsDefault = true, InitramfsPath = initramfs ?? k.InitramfsPath } : k)];
    }

    /// <summary>A path as grub.cfg has it is relative to the file system that holds it, which may be /boot's.</summary>
    internal static string? Locate(GuestRoot root, string path)
    {
        // "($root)/vmlinuz" and "(hd0,msdos1)/vmlinuz"
        if (path.StartsWith('(') && path.IndexOf(')') is > 0 and var close)
        {
            path = path[(close + 1)..];
        }

        foreach (var candidate in (ReadOnlySpan<string>)["/boot" + path, path])
        {
            if (root.FileExists(candidate))
            {
                return root.RealPath(candidate);
            }
        }

        return null;
    }

    private static string? Image(GuestRoot root, string version, string directory)
    {
        // Fedora and RHEL 8+ also keep the image beside the modules; Arch's and Alpine's names follow the flavour instead of the version.
        string?[] candidates =
        [
            $"/boot/vmlinuz-{version}", $"/boot/vmlinux-{version}", $"/boot/kernel-{version}", $"/boot/Image-{version}",
            root.TryReadAllText($"{directory}/pkgbase")?.Trim() is { Length: > 0 } package ? $"/boot/vmlinuz-{package}" : null,
            version.LastIndexOf('-') is > 0 and var dash ? $"/boot/vmlinuz-{version[(dash + 1)..]}" : null,
            $"{directory}/vmlinuz",
        ];
        return candidates.FirstOrDefault(c => c is not null && root.FileExists(c));
    }

    private static InstalledKernel Read(GuestRoot root, string version, string directory, string image)
    {
        var suffix = image[(image.LastIndexOf('/') + 1)..];
        suffix = suffix.Contains('-') ? suffix[(suffix.IndexOf('-') + 1)..] : version;
        string[] initramfs =
        [
            $"/boot/initrd.img-{version}", $"/boot/initramfs-{version}.img", $"/boot/initrd-{version}.img", $"/boot/initrd-{version}",
            $"/boot/initramfs-{version}", $"/boot/initramfs-{suffix}.img", $"/boot/initramfs-{suffix}",
        ];
        return new InstalledKernel
        {
            Version = version,
            ImagePath = image,
            InitramfsPath = initramfs.FirstOrDefault(root.FileExists),
            ModulesDirectory = directory,
            Modules = Modules(root, directory),
            Builtin = Builtin(root, version, directory),
        };
    }

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

        if (root.TryReadAllText($"/boot/config-{version}") is { } configuration)
        {
            var lines = configuration.Split('\n').ToHashSet(StringComparer.Ordinal);
            return [.. BuiltinOptions.Where(o => lines.Contains(o.Option + "=y")).Select(o => o.Module)];
        }

        return [];
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
