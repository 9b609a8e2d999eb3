using V2V.Engine.Conversion.Initramfs;

namespace V2V.Engine.Conversion.Linux;

/// <summary>Comments out settings that keep the drivers of the new hardware from being loaded. Hardening guides block whatever a machine does not use.</summary>
public sealed class LiftModuleBlocks : LinuxStep
{
    private static readonly HashSet<string> s_modules =
    [
        "virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_blk", "virtio_scsi", "virtio_net",
        "net_failover", "failover", "virtio_balloon", "virtio_rng", "virtio_console", "vmw_vsock_virtio_transport", "ahci", "ata_piix", "sd_mod",
    ];

    public override string Name => "Allowing the new hardware's drivers";

    public override void Apply(ConversionContext context)
    {
        var root = context.Files.Root;
        foreach (var path in root.Enumerate("/etc/modprobe.d").Select(f => $"/etc/modprobe.d/{f.Name}").Prepend("/etc/modprobe.conf").Where(root.FileExists))
        {
            var lifted = new List<string>();
            var edited = ModprobeBlacklists.Lift(root.ReadAllText(path), s_modules, lifted);
            context.Files.WriteAllText(path, edited, string.Join(", ", lifted.Select(l => $"\"{l}\" commented out")), "It would keep a driver of the new hardware from being loaded.");
        }
    }
}
