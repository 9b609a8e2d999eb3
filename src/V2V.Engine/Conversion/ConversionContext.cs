using V2V.Engine.Inspection;
using V2V.Engine.Sources;

namespace V2V.Engine.Conversion;

/// <summary>What a step works with: the guest, where it came from, the hardware it will get, and the record of what was done.</summary>
public sealed class ConversionContext
{
    private readonly List<ConversionChange> _changes = [];
    private readonly List<Concern> _concerns = [];
    private readonly HashSet<Concern> _known = [];

    public ConversionContext(InspectedGuest guest, SourceGuest source, TargetHardware hardware, CancellationToken cancellation = default)
    {
        Guest = guest;
        Source = source;
        Hardware = hardware;
        Cancellation = cancellation;
        Files = new GuestEditor(guest.Root, _changes);
    }

    /// <summary>The guest as it was inspected, with the default kernel that was chosen for KVM.</summary>
    public InspectedGuest Guest { get; private set; }

    public SourceGuest Source { get; }

    /// <summary>The devices that the guest will find. Steps lower it to what the guest can drive.</summary>
    public TargetHardware Hardware { get; }

    /// <summary>Reads and writes guest files, recording each change.</summary>
    public GuestEditor Files { get; }

    public CancellationToken Cancellation { get; }

    public IReadOnlyList<ConversionChange> Changes => _changes;

    public IReadOnlyList<Concern> Concerns => _concerns;

    /// <summary>Lets the steps that follow work for another default kernel, which <paramref name="entry"/> of the boot menu boots now.</summary>
    internal void SetDefault(InstalledKernel kernel, BootMenuEntry? entry) => Guest = Guest with
    {
        Kernels = [.. Guest.Kernels.Select(k => k with { IsDefault = k.Version == kernel.Version })],
        BootLoader = entry is null ? Guest.BootLoader : Guest.BootLoader with { Menu = Guest.BootLoader.Menu.WithDefault(entry) },
    };

    /// <summary>Reports a concern, once however often it is found.</summary>
    public void Add(Concern concern)
    {
        if (_known.Add(concern))
        {
            _concerns.Add(concern);
        }
    }
}

public enum ChangeKind
{
    Created,
    Modified,
    Deleted,
}

/// <param name="Kind">Created, modified or deleted.</param>
/// <param name="Path">Guest path (or registry key).</param>
/// <param name="What">What was done: "/dev/sda2 becomes UUID=...".</param>
/// <param name="Why">The reason, for somebody who asks later.</param>
public sealed record ConversionChange(ChangeKind Kind, string Path, string What, string Why)
{
    /// <summary>SHA-256 of a written file's content, by which it is checked when the guest is read back.</summary>
    internal byte[]? ContentHash { get; init; }

    public override string ToString() => $"{Path}: {What}";
}
