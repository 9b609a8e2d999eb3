using V2V.Engine.Conversion.Windows.Drivers;

namespace V2V.Engine.Conversion.Windows;

/// <summary>The virtio drivers of a Windows guest: those that a driver source has for it, and those that are installed in it already.</summary>
/// <param name="Source">Where drivers are read from; null without one.</param>
/// <param name="Selection">What it has for this Windows; null without a source.</param>
/// <param name="Installed">What the guest has.</param>
public sealed record VirtioDrivers(DriverSource? Source, DriverSelection? Selection, IReadOnlyList<InstalledDriver> Installed) : IDisposable
{
    public static VirtioDrivers None { get; } = new(null, null, []);

    /// <summary>The package that the system disk will be driven by; null when the source has none.</summary>
    public DriverPackage? Storage => Selection?.Storage;

    public InstalledDriver? FindInstalled(string name) => Installed.FirstOrDefault(d => d.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether Windows will have a driver of that name ("netkvm"): it has it now, or gets it at its first start.</summary>
    public bool Has(string name) => Selection?.Has(name) == true || FindInstalled(name) is not null;

    /// <summary>The driver by which the guest's disks can be driven although no source has one; null when it has none.</summary>
    /// <param name="preferred">The one to take if the guest has both.</param>
    public InstalledDriver? InstalledStorage(string preferred) =>
        FindInstalled(preferred) ?? FindInstalled(StorageDriver.Viostor.Name) ?? FindInstalled(StorageDriver.Vioscsi.Name);

    public void Dispose() => Source?.Dispose();
}

/// <summary>A virtio driver that is installed in the guest.</summary>
/// <param name="Name">"viostor".</param>
/// <param name="Service">The key's name below Services, as spelled there.</param>
/// <param name="Path">Guest path of its program.</param>
/// <param name="Version">From the program's version resource; null when it has none.</param>
public sealed record InstalledDriver(string Name, string Service, string Path, Version? Version)
{
    public override string ToString() => Version is null ? Name : $"{Name} {Version}";
}
