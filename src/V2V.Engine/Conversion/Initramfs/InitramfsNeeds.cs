namespace V2V.Engine.Conversion.Initramfs;

/// <summary>A driver, with a device that it has to be found for.</summary>
/// <param name="Module">Name of the module.</param>
/// <param name="ModAlias">How the kernel announces such a device; null when the module is not loaded for a device.</param>
/// <param name="Purpose">What it is for.</param>
internal sealed record InitramfsDriver(string Module, string? ModAlias, string Purpose);

/// <summary>What an initramfs has to hold so that the guest finds its disks on one kind of bus.</summary>
/// <param name="Required">Without these it would not boot.</param>
/// <param name="Welcome">Added along with the others, where the kernel has them, so that the bus can be changed later.</param>
/// <param name="KeepsScsiNames">Disks on the bus are called /dev/sdX.</param>
internal sealed record InitramfsNeeds(IReadOnlyList<InitramfsDriver> Required, IReadOnlyList<InitramfsDriver> Welcome, bool KeepsScsiNames)
{
    private static readonly InitramfsDriver s_virtioPci =
        new("virtio_pci", "pci:v00001AF4d00001042sv00001AF4sd00001100bc01sc00i00", "finds virtio devices");

    private static readonly InitramfsDriver s_virtioBlk = new("virtio_blk", "virtio:d00000002v00001AF4", "drives virtio disks");

    private static readonly InitramfsDriver s_virtioScsi = new("virtio_scsi", "virtio:d00000008v00001AF4", "drives virtio SCSI controllers");

    private static readonly InitramfsDriver s_disk = new("sd_mod", "scsi:t-0x00", "drives SCSI and SATA disks");

    private static readonly InitramfsDriver s_ahci = new("ahci", "pci:v00008086d00002922sv00001AF4sd00001100bc01sc06i01", "drives the SATA controller");

    private static readonly InitramfsDriver s_piix = new("ata_piix", "pci:v00008086d00007010sv00001AF4sd00001100bc01sc01i80", "drives the IDE controller");

    /// <summary>The drivers for disks on <paramref name="bus"/>.</summary>
    public static InitramfsNeeds For(DiskBus bus) => bus switch
    {
        DiskBus.Virtio => new([s_virtioPci, s_virtioBlk], [s_virtioScsi, s_disk], KeepsScsiNames: false),
        DiskBus.VirtioScsi => new([s_virtioPci, s_virtioScsi, s_disk], [s_virtioBlk], KeepsScsiNames: true),
        DiskBus.Sata => new([s_ahci, s_disk], [], KeepsScsiNames: true),
        _ => new([s_piix, s_disk], [], KeepsScsiNames: true),
    };
}
