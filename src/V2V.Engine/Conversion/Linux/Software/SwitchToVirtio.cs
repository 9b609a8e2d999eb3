namespace V2V.Engine.Conversion.Linux.Software;

/// <summary>How a guest that starts on other hardware, to install virtio drivers there, is given virtio devices afterwards.</summary>
internal static class SwitchToVirtio
{
    public static Concern Concern(ConversionContext context, IReadOnlyList<PackageFile> files)
    {
        var hardware = context.Hardware;
        var name = context.Options.Name ?? context.Source.Name;
        var (bus, disk) = hardware.DiskBus switch
        {
            DiskBus.Ide => ("ide", "hd"),
            DiskBus.Sata => ("sata", "sd"),
            _ => ("virtio", "vd"),
        };
        var adapter = hardware.NetworkModel.ToString().ToLowerInvariant();
        // Behind q35's ports a plain virtio device has the interface of virtio 1.0 only, and kernels before 4.0 know none but the older one.
        var model = hardware.IsPc ? "virtio" : "virtio-transitional";
        List<string> edits = [];
        if (bus != "virtio")
        {
            edits.Add(
                $"in each <disk device='disk'> <target dev='{disk}a' bus='{bus}'/> becomes <target dev='vda' bus='virtio'/> ({disk}b vdb, and so on) and the line <address type='drive' .../> goes"
                + (model == "virtio" ? "" : $", and the disk gets model='{model}'"));
        }

        if (hardware.NetworkModel != NetworkModel.Virtio)
        {
            edits.Add($"in each <interface> <model type='{adapter}'/> becomes <model type='{model}'/>");
        }

        if (HasNetworkAlias(context))
        {
            edits.Add("before that, in the guest's /etc/modprobe.conf, the driver of each 'alias ethN' becomes virtio_net");
        }

        return new Concern(
            ConcernSeverity.Information, "SwitchToVirtio",
            $"{string.Join(", ", files.Select(f => f.Name))} {(files.Count == 1 ? "is" : "are")} put into the guest. It starts on {(bus == "virtio" ? bus : bus.ToUpperInvariant())} disks and {adapter} adapters, installs "
            + $"them by itself in its first minutes, and leaves the result in {SoftwareScript.Folder}/result and {SoftwareScript.Log}.",
            $"When the result is 'installed', start the guest again, see that it runs the new kernel (uname -r), shut it down and give it virtio devices with 'virsh edit {name}': "
            + $"{string.Join("; ", edits)}. Its file systems are named by UUID, label or logical volume, which stay; what could not be is a warning of this conversion. "
            + "If it does not start, the old lines bring it back.");
    }

    private static bool HasNetworkAlias(ConversionContext context) =>
        context.Hardware.NetworkModel != NetworkModel.Virtio
        && context.Files.TryReadAllText("/etc/modprobe.conf")?.Split('\n').Any(line => line.TrimStart().StartsWith("alias eth", StringComparison.Ordinal)) == true;
}
