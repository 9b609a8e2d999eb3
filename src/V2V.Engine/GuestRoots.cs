using V2V.Engine.Disks.Transports;
using V2V.Engine.Inspection;
using V2V.Engine.Sources;

namespace V2V.Engine;

/// <summary>The operating systems of a guest, for who has to choose one (<see cref="ConversionOptions.Root"/>).</summary>
public static class GuestRoots
{
    /// <summary>What can be written for each system, and what it is: ("1", "web01, Debian GNU/Linux 12 (bookworm), on disk 1, partition 2 (UUID=...)").</summary>
    /// <exception cref="V2VException">The guest's disks cannot be read.</exception>
    public static IReadOnlyList<(string Choice, string Description)> Find(SourceGuest source, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        using var reads = RemoteReads.EndOn(cancellation);
        using var opened = OpenedGuest.Open(source, new ConversionOptions(), cancellation);
        var roots = GuestInspector.FindRoots(opened.Source, opened.Volumes, cancellation);
        List<(string, string)> choices = [];
        for (var i = 0; i < roots.Count; i++)
        {
            var number = (i + 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
            choices.Add((number, roots[i].Describe()));
            if (roots[i].Volume.Uuid is { } uuid && roots[i].Windows is null)
            {
                choices.Add(($"UUID={uuid}", roots[i].Describe()));
            }
        }

        return choices;
    }
}
