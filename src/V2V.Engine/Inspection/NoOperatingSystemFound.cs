using V2V.Engine.FileSystems;
using V2V.Engine.Inspection.Boot;

namespace V2V.Engine.Inspection;

/// <summary>Says as much as can be said about a guest in which no root file system was found.</summary>
internal static class NoOperatingSystemFound
{
    private static readonly (string Kind, string Name)[] UnreadableRoots =
    [
        ("xfs", "XFS"), ("btrfs", "Btrfs"), ("crypto_LUKS", "LUKS"), ("linux_raid_member", "Linux software RAID"),
        ("BitLocker", "BitLocker"), ("reiserfs", "ReiserFS"), ("jfs", "JFS"),
        (VolumeContent.DynamicDisk, "a Windows dynamic disk"), (VolumeContent.StorageSpaces, "Storage Spaces"), ("refs", "ReFS"),
    ];

    /// <summary>Ways out for what no other converter can take either.</summary>
    private static readonly (string Kind, string Advice)[] WaysOut =
    [
        ("BitLocker", "Turn BitLocker off in the guest ('manage-bde -off C:'), wait until 'manage-bde -status' says that the volume is decrypted, and shut it down; it can be turned on again on KVM."),
        (VolumeContent.DynamicDisk, "Move Windows to a basic disk in the source (by an image backup that is restored to one), or convert the guest with -AsIs."),
        (VolumeContent.StorageSpaces, "Move Windows to a disk of its own in the source, or convert the guest with -AsIs."),
        ("refs", "Convert the guest with -AsIs, on the hardware that it has now, if that is one that QEMU emulates."),
    ];

    public static ConversionException Explain(IReadOnlyList<VolumeFinding> found)
    {
        if (found.Count == 0)
        {
            return new ConversionException(V2VError.NoOperatingSystem, "No operating system was found: the guest's disks have no partitions and no file system.")
            {
                Advice = "Check that these are the disks that the guest boots from.",
            };
        }

        var failed = found.Where(f => f.Failure is not null).ToList();
        var suspects = UnreadableRoots
            .Where(u => found.Any(f => f.FileSystem is null && f.Guest.ContentKind == u.Kind))
            .Select(u => u.Name)
            .ToList();
        var message = "No operating system was found on the guest's disks: " + string.Join("; ", found.Select(f => f.Describe())) + ".";
        if (suspects.Count > 0)
        {
            message += $" The root file system may be on {string.Join(" or ", suspects)}, which V2V cannot convert yet.";
        }

        if (found.Select(RootOfBootLoader).FirstOrDefault(r => r is not null) is { } root)
        {
            message += $" {root}";
        }

        // A single file system that failed is the likely root: its reason is the answer that scripts should see.
        return new ConversionException(failed.Count == 1 ? failed[0].Failure!.Error : V2VError.NoOperatingSystem, message, failed.FirstOrDefault()?.Failure)
        {
            Format = failed.Count == 1 ? failed[0].Failure!.Format : null,
            Advice = failed.FirstOrDefault(f => f.Failure!.Advice is not null)?.Failure!.Advice
                ?? WaysOut.FirstOrDefault(w => suspects.Count == 1 && found.Any(f => f.FileSystem is null && f.Guest.ContentKind == w.Kind)).Advice
                ?? (suspects.Count > 0
                    ? "Convert this guest with virt-v2v for now."
                    : "Check that these are the disks that the guest boots from, and that it was shut down."),
        };
    }

    /// <summary>A /boot of its own tells by its menu where the root is, even though that cannot be opened.</summary>
    private static string? RootOfBootLoader(VolumeFinding finding)
    {
        if (finding.FileSystem is null)
        {
            return null;
        }

        var tree = new GuestRoot([new GuestMount("/", finding.FileSystem, finding.Volume)]);
        foreach (var path in (ReadOnlySpan<string>)["/grub/grub.cfg", "/grub2/grub.cfg", "/boot/grub/grub.cfg", "/boot/grub2/grub.cfg"])
        {
            if (BootPaths.TryRead(tree, path) is { } text && RootArgument(tree, text, GrubEnvironment.TryRead(tree, Grub2.EnvironmentOf(path))) is { } root)
            {
                return $"The boot loader on {finding.Volume.DisplayName} starts a system whose root is {root}.";
            }
        }

        return null;
    }

    /// <summary>With BLS files the arguments are in grubenv or in grub.cfg's copy of them, or in the files, which here are at the volume's root.</summary>
    private static string? RootArgument(GuestRoot tree, string text, GrubEnvironment? environment)
    {
        var menu = GrubMenu.Parse(text);
        IEnumerable<string> arguments =
        [
            .. menu.DefaultEntry(environment)?.Arguments ?? [],
            .. BlsEntry.ReadAll(tree, "/loader/entries").SelectMany(e => BlsEntry.Words(e.Options)),
            .. BlsEntry.Words(environment?["kernelopts"] ?? menu.Variables.GetValueOrDefault("kernelopts", "")),
        ];
        return arguments.FirstOrDefault(a => a.StartsWith("root=", StringComparison.Ordinal))?["root=".Length..];
    }
}
