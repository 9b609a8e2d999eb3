using V2V.Engine.FileSystems;
using V2V.Engine.Inspection.Windows;
using V2V.Engine.Sources;
using V2V.Engine.Volumes;

namespace V2V.Engine.Inspection;

/// <summary>Works out which operating system a guest's volumes hold. Reads metadata and configuration files only; writes nothing.</summary>
public static class GuestInspector
{
    /// <summary>Looks at every volume, finds the one root file system among them, and reads what stands there.</summary>
    /// <param name="source">Where the guest came from.</param>
    /// <param name="volumes">Every volume of every disk.</param>
    /// <param name="root">Which system, when there are several: see <see cref="ConversionOptions.Root"/>.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <exception cref="ConversionException">
    /// No operating system was found, or several of which none was chosen; the message tells what each volume holds. Everything that stands against converting the
    /// one that was found is in <see cref="InspectedGuest.Concerns"/> instead, so that all of it is seen at once.
    /// </exception>
    public static InspectedGuest Inspect(SourceGuest source, IReadOnlyList<Volume> volumes, string? root, CancellationToken cancellation) =>
        Inspect(source, volumes, GuestFileSystems.Open, root, cancellation);

    /// <param name="source">Where the guest came from.</param>
    /// <param name="volumes">Every volume of every disk.</param>
    /// <param name="open">Opens the file system on a volume; null when there is none that the engine knows.</param>
    /// <param name="root">Which system, when there are several.</param>
    /// <param name="cancellation">Ends the work early.</param>
    internal static InspectedGuest Inspect(
        SourceGuest source, IReadOnlyList<Volume> volumes, Func<Volume, GuestFileSystem?> open, string? root, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(volumes);

        var found = Look(volumes, open, cancellation);
        var roots = Roots(found, source);
        cancellation.ThrowIfCancellationRequested();
        if (roots.Count == 0)
        {
            throw NoOperatingSystemFound.Explain(found);
        }

        var chosen = RootSelection.Choose(roots, root, new DeviceNames([.. found.Select(f => f.Guest)], source.Disks));
        var guest = chosen.Windows is null ? LinuxInspector.Inspect(source, found, chosen) : WindowsInspector.Inspect(source, found, chosen);
        return guest with { Concerns = [.. guest.Concerns, .. roots.Where(r => r != chosen && !r.IsData).Select(Left)] };
    }

    /// <summary>The systems that can be chosen among, in the order of their numbers.</summary>
    internal static IReadOnlyList<OperatingSystemRoot> FindRoots(SourceGuest source, IReadOnlyList<Volume> volumes, CancellationToken cancellation) =>
        [.. Roots(Look(volumes, GuestFileSystems.Open, cancellation), source).Where(root => !root.IsData)];

    /// <summary>Numbered by disk and partition, whatever they are.</summary>
    private static List<OperatingSystemRoot> Roots(List<VolumeFinding> found, SourceGuest source)
    {
        List<OperatingSystemRoot> roots = [.. LinuxRoots.Find(found, source), .. WindowsRoots.Find(found)];
        return [.. roots.OrderBy(r => found.FindIndex(f => f.Guest == r.Volume))];
    }

    private static Concern Left(OperatingSystemRoot root) => new(
        ConcernSeverity.Warning, "OtherOperatingSystem",
        $"The guest has another operating system: {root.Describe()}. It is copied as it is, and may not start on KVM if the boot menu leads to it.");

    /// <summary>What can be said of a guest that is not going to be edited, whether or not its root can be opened.</summary>
    internal static GuestLayout Survey(SourceGuest source, IReadOnlyList<Volume> volumes, string? wanted, CancellationToken cancellation)
    {
        var found = Look(volumes, GuestFileSystems.Open, cancellation);
        var firmware = BootDevices.Firmware(source, found);
        var roots = Roots(found, source);
        // A guest that is not edited needs no choice among its systems.
        var root = wanted is not null && roots.Count > 0
            ? RootSelection.Choose(roots, wanted, new DeviceNames([.. found.Select(f => f.Guest)], source.Disks))
            : roots.Where(r => !r.IsData).ToArray() is [var only] ? only : null;
        return new GuestLayout(
            [.. found.Select(f => f.Guest)],
            firmware,
            found.Count > 0 ? BootDevices.BootDisk(source, firmware, found, root?.Volume.Volume ?? found[0].Volume) : 0,
            root?.System)
        {
            ClockIsLocalTime = root?.Windows is { } clock ? WindowsSurvey.ClockIsLocalTime(clock) : null,
            DrivesSata = root?.Windows is { } windows && WindowsSurvey.DrivesSata(windows),
        };
    }

    private static List<VolumeFinding> Look(IReadOnlyList<Volume> volumes, Func<Volume, GuestFileSystem?> open, CancellationToken cancellation)
    {
        var found = new List<VolumeFinding>();
        foreach (var volume in volumes)
        {
            cancellation.ThrowIfCancellationRequested();
            found.Add(VolumeFinding.Look(volume, open));
        }

        return found;
    }
}
