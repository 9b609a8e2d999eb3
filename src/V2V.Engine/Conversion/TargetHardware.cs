using V2V.Engine.Sources;

namespace V2V.Engine.Conversion;

public enum DiskBus
{
    Virtio,
    VirtioScsi,
    Sata,
    Ide,

    /// <summary>VMware's paravirtual SCSI controller, which QEMU emulates: for guests that are not edited.</summary>
    Pvscsi,

    /// <summary>LSI SAS 1068, likewise.</summary>
    LsiSas,
}

public enum NetworkModel
{
    Virtio,
    E1000,
    Rtl8139,

    /// <summary>For guests that are not edited.</summary>
    E1000e,

    /// <summary>VMware's paravirtual adapter, likewise.</summary>
    Vmxnet3,
}

/// <summary>The virtual hardware that the converted guest gets. It starts as the best and is lowered to what the guest can drive.</summary>
public sealed class TargetHardware
{
    public DiskBus DiskBus { get; set; } = DiskBus.Virtio;

    public NetworkModel NetworkModel { get; set; } = NetworkModel.Virtio;

    /// <summary>"q35" or "pc".</summary>
    public string Machine { get; set; } = "q35";

    /// <summary>The older chipset, with PCI and IDE.</summary>
    internal bool IsPc => Machine.StartsWith("pc", StringComparison.Ordinal);

    /// <summary>The newer chipset, with PCI Express and SATA.</summary>
    internal bool IsQ35 => Machine.StartsWith("q35", StringComparison.Ordinal);

    /// <summary>False for guests whose kernel knows only the legacy virtio interface: devices become transitional.</summary>
    public bool Virtio10 { get; set; } = true;

    public Firmware Firmware { get; set; } = Firmware.Bios;

    public bool HasRandomGenerator { get; set; }

    public bool HasBalloon { get; set; }

    public bool HasPanicDevice { get; set; }

    public bool HasVsock { get; set; }

    /// <summary>The system wants a TPM, also if it had none: Windows 11.</summary>
    public bool WantsTpm { get; set; }

    /// <summary>The clock keeps local time (Windows) instead of UTC.</summary>
    public bool ClockIsLocalTime { get; set; }

    /// <summary>What the hypervisor starts in place of a boot loader; null for guests whose firmware finds one.</summary>
    public DirectBoot? DirectBoot { get; set; }

    /// <summary>
    /// The MAC address of each network adapter, in the source's order: the source's own, or one that V2V chose where the source has none,
    /// so that interface names can be pinned to it.
    /// </summary>
    public IList<string> MacAddresses { get; } = [];
}

/// <param name="KernelPath">Guest path of the kernel.</param>
/// <param name="InitramfsPath">Guest path of its initramfs; null when it needs none.</param>
/// <param name="CommandLine">The kernel's arguments.</param>
public sealed record DirectBoot(string KernelPath, string? InitramfsPath, string CommandLine);
