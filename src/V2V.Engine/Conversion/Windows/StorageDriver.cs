namespace V2V.Engine.Conversion.Windows;

/// <summary>
/// A virtio driver that can drive the system disk. The ids are those of the devices that QEMU makes: transitional ones on conventional PCI
/// (machine "pc"), modern ones on PCI Express ("q35"); they are compatible ids of the device, which is enough to be bound to it.
/// </summary>
/// <param name="Name">"viostor".</param>
/// <param name="Bus">The disks that it drives.</param>
/// <param name="LegacyDevice">PCI device id of the transitional device.</param>
/// <param name="ModernDevice">PCI device id of the modern one.</param>
/// <param name="Subsystem">PCI subsystem id of the transitional device (virtio 1.0, 5 "Device Types").</param>
/// <param name="BusType">What the driver's INF file tells the storage port of its bus (STORAGE_BUS_TYPE).</param>
internal sealed record StorageDriver(string Name, DiskBus Bus, string LegacyDevice, string ModernDevice, string Subsystem, uint BusType)
{
    public static StorageDriver Viostor { get; } = new("viostor", DiskBus.Virtio, "1001", "1042", "00021AF4", 0x01);

    public static StorageDriver Vioscsi { get; } = new("vioscsi", DiskBus.VirtioScsi, "1004", "1048", "00081AF4", 0x0A);

    /// <summary>By which a boot driver is bound to the two devices.</summary>
    public IReadOnlyList<string> DeviceIds => [$"VEN_1AF4&DEV_{LegacyDevice}&REV_00", $"VEN_1AF4&DEV_{ModernDevice}&REV_01"];

    /// <summary>The other ids of the same devices, longest first, for Windows versions whose list of critical devices is searched for each.</summary>
    public IReadOnlyList<string> OtherDeviceIds =>
    [
        $"VEN_1AF4&DEV_{LegacyDevice}&SUBSYS_{Subsystem}&REV_00", $"VEN_1AF4&DEV_{LegacyDevice}&SUBSYS_{Subsystem}", $"VEN_1AF4&DEV_{LegacyDevice}",
        $"VEN_1AF4&DEV_{ModernDevice}&SUBSYS_11001AF4&REV_01", $"VEN_1AF4&DEV_{ModernDevice}&SUBSYS_11001AF4", $"VEN_1AF4&DEV_{ModernDevice}",
    ];

    /// <summary>The one that a package holds, by its name; SUSE's viostor goes by other names and drives the same device.</summary>
    public static StorageDriver Of(string name) => name.Equals(Vioscsi.Name, StringComparison.OrdinalIgnoreCase) ? Vioscsi : Viostor;
}
