using V2V.Engine.FileSystems;

namespace V2V.Engine.Inspection.Windows;

/// <summary>
/// Joins the volumes of a Windows guest into its tree: the system volume at "/", every drive at its letter ("/D:"), every volume at its name
/// ("/Volume{...}"), so that junctions and mount points lead where they lead in Windows, and nowhere else.
/// </summary>
internal static class WindowsMounts
{
    /// <param name="found">Every volume.</param>
    /// <param name="root">The system volume.</param>
    /// <param name="devices">What the mount manager remembers.</param>
    /// <param name="systemDrive">The system volume's letter, where it is not among them.</param>
    public static (GuestRoot Tree, IReadOnlyList<WindowsDrive> Drives, IReadOnlyDictionary<GuestVolume, string> MountPoints) Join(
        IReadOnlyList<VolumeFinding> found, GuestVolume root, IReadOnlyList<MountedDevice> devices, char? systemDrive)
    {
        var letters = Letters(found, root, devices);
        if (!letters.ContainsValue(root))
        {
            // After sysprep the list is empty until the next start, and on a disk that was cloned it means the other one.
            letters[systemDrive ?? 'C'] = root;
        }

        var mounts = new List<GuestMount> { new("/", root.FileSystem!, root.Volume) };
        var points = new Dictionary<GuestVolume, string> { [root] = "/" };
        void Mount(string point, GuestVolume volume)
        {
            if (volume.FileSystem is { } fileSystem && !mounts.Exists(m => m.MountPoint == point))
            {
                mounts.Add(new GuestMount(point, fileSystem, volume.Volume));
                points.TryAdd(volume, point);
            }
        }

        foreach (var (letter, volume) in letters)
        {
            Mount($"/{letter}:", volume);
        }

        foreach (var volume in found.Select(f => f.Guest).Where(v => v.FileSystem is not null))
        {
            IEnumerable<string?> names = [.. devices.Where(d => d.Is(volume.Volume)).Select(d => d.VolumeGuid), MountedDevice.StableName(volume.Volume)];
            foreach (var name in names.OfType<string>().Distinct())
            {
                Mount($"/Volume{{{name}}}", volume);
            }
        }

        return (new GuestRoot(mounts), [.. letters.Select(l => new WindowsDrive(l.Key, l.Value))], points);
    }

    /// <summary>A letter names one volume. Of disks that were cloned and have the same signature, that of this Windows has it, else the first.</summary>
    private static SortedDictionary<char, GuestVolume> Letters(IReadOnlyList<VolumeFinding> found, GuestVolume root, IReadOnlyList<MountedDevice> devices)
    {
        var letters = new SortedDictionary<char, GuestVolume>();
        foreach (var device in devices)
        {
            var volume = device.Is(root.Volume) ? root : found.FirstOrDefault(f => device.Is(f.Volume))?.Guest;
            if (device.Letter is { } letter && volume is not null)
            {
                letters.TryAdd(letter, volume);
            }
        }

        return letters;
    }
}
