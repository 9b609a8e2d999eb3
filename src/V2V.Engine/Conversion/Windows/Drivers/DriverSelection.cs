namespace V2V.Engine.Conversion.Windows.Drivers;

/// <summary>What a driver source offers to one Windows.</summary>
public sealed record DriverSelection
{
    /// <summary>The Windows that it is for, as messages name it: "Windows 10 Pro (x86_64)".</summary>
    public required string Guest { get; init; }

    /// <summary>The source, as messages name it.</summary>
    public required string Source { get; init; }

    /// <summary>The source's file or folder.</summary>
    public required string SourcePath { get; init; }

    /// <summary>
    /// The directory's name that virtio-win gives to this Windows: "w10", "2k22"; empty for one that it has none for. What was found may come from
    /// one of its relatives.
    /// </summary>
    public required string OsDirectory { get; init; }

    /// <summary>One package a driver, in the order of their names, the storage drivers among them.</summary>
    public required IReadOnlyList<DriverPackage> Packages { get; init; }

    /// <summary>The package that drives the system disk: the preferred one where there are both; null when there is none.</summary>
    public DriverPackage? Storage { get; init; }

    /// <summary>True when <see cref="Storage"/> drives disks of virtio-scsi, false for virtio-blk.</summary>
    public bool IsStorageScsi => Storage is not null && StorageDrivers.IsScsi(Storage);

    /// <summary>The installer of QEMU's guest agent for this architecture.</summary>
    public GuestAgentInstaller? Agent { get; init; }

    /// <summary>blnsvr.exe, which reports the guest's memory statistics to the balloon device.</summary>
    public DriverSourceFile? BalloonService { get; init; }

    /// <summary>Version of the whole source, such as "0.1.248"; null when it does not tell.</summary>
    public string? Version { get; init; }

    /// <summary>Directories and files that were looked for and not found, as paths in the source. Empty when every driver is there.</summary>
    public IReadOnlyList<string> Missing { get; init; } = [];

    /// <summary>The directories among <see cref="Missing"/> of which one would give a storage driver.</summary>
    internal IReadOnlyList<string> MissingStorage { get; init; } = [];

    /// <summary>Those for a network driver.</summary>
    internal IReadOnlyList<string> MissingNetwork { get; init; } = [];

    /// <summary>What is wrong with the storage drivers that were found and not taken.</summary>
    internal IReadOnlyList<Concern> StorageFaults { get; init; } = [];

    /// <summary>What the user should know: drivers of another Windows were taken, files are missing or built for another architecture.</summary>
    public IReadOnlyList<Concern> Concerns { get; init; } = [];

    /// <summary>Whether there is a driver of that name: "netkvm", "balloon", "viorng", "vioser".</summary>
    public bool Has(string name) => Find(name) is not null;

    public DriverPackage? Find(string name) => Packages.FirstOrDefault(p => p.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The refusal of a guest whose disks no driver of the source drives: every directory and file that is missing, in one message.</summary>
    public ConversionException NoStorageDriver()
    {
        var missing = MissingStorage.Count == 0 ? ""
            : $" One of the following directories is required, but all are missing: {string.Join(", ", MissingStorage)}.";
        var network = MissingNetwork.Count == 0 ? "" : $" The same holds for the network driver: {string.Join(", ", MissingNetwork)}.";
        var faults = string.Concat(StorageFaults.Select(c => $" {c.Message}"));
        return new ConversionException(V2VError.DriversMissing, $"There is no virtio storage driver for {Guest} in {Source}.{missing}{network}{faults}")
        {
            Path = SourcePath,
            Advice = $"Give a virtio-win ISO image or tree that has drivers for {(OsDirectory.Length == 0 ? "it" : OsDirectory)} by -DriverSource, "
                + "or let the guest have SATA or IDE disks and an emulated network adapter by -AllowNoDrivers.",
        };
    }
}
