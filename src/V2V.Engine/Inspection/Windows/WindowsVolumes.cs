using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Ntfs;
using V2V.Engine.Volumes;

namespace V2V.Engine.Inspection.Windows;

/// <summary>Concerns about the volumes of a Windows guest: what is not at rest, and what is copied without being understood.</summary>
internal static class WindowsVolumes
{
    private const string ShutDown = "Start the guest where it runs now, shut it down completely ('shutdown /s /t 0', which leaves no fast startup image), and convert it then.";

    public static IEnumerable<Concern> Check(InspectedGuest guest)
    {
        var system = guest.Root.Mounts.First(m => m.MountPoint == "/");
        var hibernated = Hibernation(guest.Volumes, system.Volume).ToList();
        foreach (var concern in hibernated)
        {
            yield return concern;
        }

        // A hibernated volume is not at rest either, and the cure is the same.
        if (!hibernated.Exists(c => c.Severity == ConcernSeverity.Critical) && NotAtRest(system) is { } fault)
        {
            yield return fault;
        }

        if (DynamicDisks(guest) is { } dynamic)
        {
            yield return dynamic;
        }

        foreach (var volume in guest.Volumes)
        {
            switch (volume.ContentKind)
            {
                case "BitLocker":
                    yield return new Concern(
                        ConcernSeverity.Warning, "BitLockerVolume",
                        $"{volume.Volume.DisplayName} is encrypted with BitLocker and copied as it is. A key that is kept in the old machine's TPM opens it no longer.",
                        "Have its recovery key at hand for the first start, or decrypt it in the guest before the conversion (manage-bde -off).");
                    break;
                case VolumeContent.StorageSpaces:
                    yield return new Concern(
                        ConcernSeverity.Information, "StorageSpacesVolume", $"{volume.Volume.DisplayName} belongs to a storage pool (Storage Spaces), which is copied as it is.");
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>The system volume is the one that is changed; what is wrong with others, Windows repairs at its start as it would have.</summary>
    private static Concern? NotAtRest(GuestMount system) => system.FileSystem is NtfsFileSystem { NotCleanReason: { } fault }
        ? new Concern(
            ConcernSeverity.Critical, fault.Error.ToString(), $"The system volume ({system.Volume.DisplayName}) cannot be changed: {fault.Message}", fault.Advice ?? ShutDown)
        : null;

    /// <summary>Letters whose volume has an id that no partition has are those of dynamic volumes, as long as there is a dynamic disk.</summary>
    private static Concern? DynamicDisks(InspectedGuest guest)
    {
        var disks = guest.Volumes.Where(v => v.ContentKind == VolumeContent.DynamicDisk).Select(v => v.Volume.DiskIndex + 1).Distinct().ToList();
        if (disks.Count == 0)
        {
            return null;
        }

        var letters = MountedDevice.Read(guest.Windows!.Registry.System)
            .Where(d => d is { Letter: not null, Id: not null } && !guest.Volumes.Any(v => d.Is(v.Volume)))
            .Select(d => $"{d.Letter}:").Order(StringComparer.Ordinal).ToList();
        return new Concern(
            ConcernSeverity.Information, "DynamicDisk",
            (disks.Count == 1 ? $"Disk {disks[0]} is a dynamic disk" : $"Disks {string.Join(", ", disks)} are dynamic disks")
            + $" and copied as {(disks.Count == 1 ? "it is" : "they are")}{(letters.Count > 0 ? $"; drives on such disks are {string.Join(", ", letters)}" : "")}.",
            "Where Windows shows it as foreign after the first start, import it in Disk Management.");
    }

    /// <summary>
    /// A Windows that is hibernated, or was shut down with fast startup, has parts of its volumes in memory, which it would write over what was
    /// changed. The file's first four bytes tell (ntfs-3g has the same rule; in other states, as after resuming, they are "wake" or zero).
    /// </summary>
    /// <param name="volumes">Every volume.</param>
    /// <param name="changed">The one that will be changed; null when none is.</param>
    internal static IEnumerable<Concern> Hibernation(IEnumerable<GuestVolume> volumes, Volume? changed)
    {
        foreach (var volume in volumes.Where(v => v.FileSystem is { Kind: "ntfs" or "vfat" } fileSystem && IsHibernated(fileSystem)))
        {
            yield return volume.Volume == changed
                ? new Concern(
                    ConcernSeverity.Critical, "GuestHibernated",
                    $"Windows on {volume.Volume.DisplayName} is hibernated, or was shut down with fast startup: hiberfil.sys holds its memory, which would be resumed over changed file systems.",
                    ShutDown)
                : new Concern(
                    ConcernSeverity.Warning, "WindowsHibernated",
                    $"A Windows on {volume.Volume.DisplayName} is hibernated, or was shut down with fast startup. What it has in memory is of its old hardware, and it may stop when that is resumed.",
                    "Let Windows discard it when it asks (delete restoration data), or shut it down completely before the conversion.");
        }
    }

    private static bool IsHibernated(GuestFileSystem fileSystem)
    {
        const string File = "/hiberfil.sys";
        Span<byte> signature = stackalloc byte[4];
        try
        {
            return fileSystem.Find(File) is { IsRegular: true } && fileSystem.Read(File, 0, signature) == signature.Length
                && (signature.SequenceEqual("hibr"u8) || signature.SequenceEqual("HIBR"u8) || signature.SequenceEqual("HORM"u8));
        }
        catch (GuestFileSystemException)
        {
            return false; // It is not Windows' own file then.
        }
    }
}
