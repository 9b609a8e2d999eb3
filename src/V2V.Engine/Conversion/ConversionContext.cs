using V2V.Engine.Conversion.Windows;
using V2V.Engine.Conversion.Windows.Drivers;
using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;
using V2V.Engine.Inspection.Windows;
using V2V.Engine.Registry;
using V2V.Engine.Sources;
using V2V.Engine.Volumes;

namespace V2V.Engine.Conversion;

/// <summary>What a step works with: the guest, where it came from, the hardware it will get, and the record of what was done.</summary>
public sealed class ConversionContext : IDisposable
{
    private readonly List<ConversionChange> _changes = [];
    private readonly List<Concern> _concerns = [];
    private readonly HashSet<Concern> _known = [];
    private readonly RegistryEditor? _registry;

    public ConversionContext(InspectedGuest guest, SourceGuest source, TargetHardware hardware, CancellationToken cancellation = default)
    {
        Guest = guest;
        Source = source;
        Hardware = hardware;
        Cancellation = cancellation;
        if (guest.Windows is { } windows)
        {
            Files = new GuestEditor(guest.Root, _changes) { Show = new WindowsPaths(windows).Show };
            _registry = new RegistryEditor(
                windows.Registry, _changes,
                windows.OtherControlSet is { } other && windows.Registry.System.Find(other) is not null ? [windows.ControlSet, other] : [windows.ControlSet]);
        }
        else
        {
            Files = new GuestEditor(guest.Root, _changes);
        }
    }

    /// <summary>What the user decided.</summary>
    public ConversionOptions Options { get; init; } = new();

    /// <summary>The guest as it was inspected, with the default kernel that was chosen for KVM.</summary>
    public InspectedGuest Guest { get; private set; }

    public SourceGuest Source { get; }

    /// <summary>The devices that the guest will find. Steps lower it to what the guest can drive.</summary>
    public TargetHardware Hardware { get; }

    /// <summary>Reads and writes guest files, recording each change.</summary>
    public GuestEditor Files { get; }

    /// <summary>The Windows inside the guest; for the steps of Windows guests only.</summary>
    public WindowsSystem Windows => Guest.Windows ?? throw new InvalidOperationException("The guest is not Windows.");

    /// <summary>Reads and writes the registry of a Windows guest, recording each change. Saved after the last step.</summary>
    public RegistryEditor Registry => _registry ?? throw new InvalidOperationException("The guest is not Windows and has no registry.");

    /// <summary>The virtio drivers of a Windows guest: those it can get, and those it has.</summary>
    public VirtioDrivers Drivers { get; internal set; } = VirtioDrivers.None;

    /// <summary>The driver packages whose files a Windows guest has been given, to install at its first start.</summary>
    public IReadOnlyList<DriverPackage> StagedDrivers { get; internal set; } = [];

    /// <summary>What a Windows guest does by itself when it starts on KVM for the first time. Steps add to it; the last one installs it.</summary>
    public FirstBootQueue FirstBoot { get; } = new();

    public CancellationToken Cancellation { get; }

    public IReadOnlyList<ConversionChange> Changes => _changes;

    public IReadOnlyList<Concern> Concerns => _concerns;

    /// <summary>Writes what is still held in memory by the editors to the guest's files.</summary>
    internal void Save() => _registry?.Save();

    /// <summary>Overwrites bytes of a volume outside of any file, such as in its boot sector.</summary>
    internal void WriteSector(Volume volume, long offset, byte[] bytes, string what, string why)
    {
        volume.Device.Write(offset, bytes);
        _changes.Add(new ConversionChange(ChangeKind.Modified, $"boot sector of {volume.DisplayName}", what, why) { Volume = volume.DisplayName, Sector = (offset, bytes) });
    }

    /// <summary>An editor for a volume that is no part of the guest's tree; what it changes is recorded with the others.</summary>
    internal GuestEditor EditorFor(GuestRoot root, string volume, Func<string, string> show) => new(root, _changes) { Volume = volume, Show = show };

    /// <summary>An editor for a hive that is none of Windows' own; the caller saves it.</summary>
    internal RegistryEditor EditorFor(RegistryHive hive, RegistryFile file) => new(file.Prefix, hive, _changes) { File = file };

    /// <summary>Lets the steps that follow work for another default kernel, which <paramref name="entry"/> of the boot menu boots now.</summary>
    internal void SetDefault(InstalledKernel kernel, BootMenuEntry? entry) => Guest = Guest with
    {
        Kernels = [.. Guest.Kernels.Select(k => k with { IsDefault = k.Version == kernel.Version })],
        BootLoader = entry is null ? Guest.BootLoader : Guest.BootLoader with { Menu = Guest.BootLoader.Menu.WithDefault(entry) },
    };

    /// <summary>Closes what the drivers came from.</summary>
    public void Dispose() => Drivers.Dispose();

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

    /// <summary>Where the file is found again, when <see cref="Path"/> is spelled as the guest's own system spells it.</summary>
    internal string? GuestPath { get; init; }

    /// <summary>Display name of the volume that <see cref="GuestPath"/> is on, when that is no part of the guest's tree.</summary>
    internal string? Volume { get; init; }

    /// <summary>Bytes that were written to <see cref="Volume"/> itself, and where; null for other changes.</summary>
    internal (long Offset, byte[] Bytes)? Sector { get; init; }

    /// <summary>What was done to the registry; null when the change is one of a file.</summary>
    internal RegistryWrite? Registry { get; init; }

    public override string ToString() => $"{Path}: {What}";
}
