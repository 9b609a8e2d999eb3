using System.Globalization;
using System.Text;
using V2V.Engine.Conversion;
using V2V.Engine.Inspection;
using V2V.Engine.Sources;
using V2V.Engine.Targets.Libvirt;

namespace V2V.Engine.Targets.Descriptions;

/// <summary>The properties of the image by which Nova's libvirt driver builds the machine: a line NAME=VALUE each.</summary>
internal sealed class OpenStackProperties : GuestDescription
{
    private const string Platform = "OpenStack";

    public const string FileSuffix = ".properties";

    public override string Suffix => FileSuffix;

    public override IEnumerable<Concern> Check(DomainDescription domain)
    {
        foreach (var concern in PlatformLimits.Check(domain, Platform))
        {
            yield return concern;
        }

        // Nova decides by the operating system's type alone.
        if (domain.Hardware.ClockIsLocalTime != DomainXml.IsWindows(domain))
        {
            yield return PlatformLimits.OtherClock(domain.Hardware.ClockIsLocalTime, Platform, "Set the guest's clock after the first start, or let it ask a time server.");
        }
    }

    public override string Text(DomainDescription domain)
    {
        var text = new StringBuilder($"# Properties of the image {ShellText.Comment(domain.Name)}: openstack image create --property NAME=VALUE\n");
        foreach (var (name, value) in Properties(domain))
        {
            text.Append(CultureInfo.InvariantCulture, $"{name}={ShellText.Comment(value)}\n");
        }

        return text.ToString();
    }

    private static IEnumerable<(string Name, string Value)> Properties(DomainDescription domain)
    {
        var (hardware, source) = (domain.Hardware, domain.Source);
        yield return ("hypervisor_type", "qemu"); // That is KVM too.
        yield return ("architecture", DomainXml.Architecture(domain));
        yield return ("hw_machine_type", hardware.Machine);
        yield return ("hw_disk_bus", hardware.DiskBus switch
        {
            DiskBus.Virtio => "virtio",
            DiskBus.Sata => "sata",
            DiskBus.Ide => hardware.IsQ35 ? "sata" : "ide",
            _ => "scsi",
        });
        if (hardware.DiskBus is DiskBus.VirtioScsi or DiskBus.Pvscsi or DiskBus.LsiSas)
        {
            yield return ("hw_scsi_model", hardware.DiskBus switch { DiskBus.VirtioScsi => "virtio-scsi", DiskBus.Pvscsi => "vmpvscsi", _ => "lsisas1068" });
        }

        yield return ("hw_vif_model", hardware.NetworkModel.ToString().ToLowerInvariant());
        yield return ("hw_firmware_type", hardware.Firmware == Firmware.Uefi ? "uefi" : "bios");
        if (hardware.Firmware == Firmware.Uefi)
        {
            yield return ("os_secure_boot", source.SecureBoot ? "required" : "disabled");
        }

        if (source.HasTpm)
        {
            yield return ("hw_tpm_version", "2.0");
            yield return ("hw_tpm_model", "tpm-crb");
        }

        if (domain.CpuTopology is { } t)
        {
            yield return ("hw_cpu_sockets", Number(t.Sockets));
            yield return ("hw_cpu_cores", Number(t.CoresPerSocket));
            yield return ("hw_cpu_threads", Number(t.ThreadsPerCore));
        }

        yield return ("hw_video_model", DomainDevices.VideoModel(domain));
        yield return ("hw_pointer_model", "usbtablet");
        if (hardware.HasRandomGenerator)
        {
            yield return ("hw_rng_model", "virtio");
        }

        yield return ("hw_qemu_guest_agent", "yes");
        if (domain.OperatingSystem is { } system)
        {
            yield return ("os_type", system.Family == OperatingSystemFamily.Windows ? "windows" : "linux");
            yield return ("os_distro", system.Distribution);
            if (Version(system) is { Length: > 0 } version)
            {
                yield return ("os_version", version);
            }
        }
    }

    private static string Version(OperatingSystemInfo system) =>
        system.Version.Length > 0 ? system.Version : system.MajorVersion > 0 ? string.Create(CultureInfo.InvariantCulture, $"{system.MajorVersion}.{system.MinorVersion}") : "";

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
