using System.Xml.Linq;

namespace V2V.Engine.Sources.LibvirtXml;

/// <summary>How the source's firmware or hypervisor starts the guest: the os element and what stands beside it.</summary>
/// <param name="Firmware">Null when the disks have to decide.</param>
/// <param name="SecureBoot">UEFI verifies what it starts.</param>
internal sealed record LibvirtXmlBoot(Firmware? Firmware, bool SecureBoot)
{
    /// <summary>Parts of the names under which distributions ship UEFI firmware for virtual machines.</summary>
    private static readonly string[] UefiFiles = ["OVMF", "AAVMF", "EDK2", "UEFI"];

    public static LibvirtXmlBoot Read(string path, XElement domain, List<Concern> concerns)
    {
        var os = domain.Child("os") ?? new XElement("os");
        var loader = os.Child("loader");
        // The old spelling "linux" means a Xen paravirtual guest (libvirt: VIR_DOMAIN_OSTYPE_XEN is shown so).
        var isParavirtual = os.ChildText("type") is "linux" or "xen" or "xenpvh" || domain.Child("bootloader") is not null;
        if (isParavirtual)
        {
            concerns.Add(SourceConcerns.Paravirtual);
        }

        // pygrub takes the kernel out of the guest, and libvirt shows where it put it.
        if (os.ChildText("kernel") is { } kernel && domain.Child("bootloader") is null)
        {
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "KernelOutsideGuest",
                $"{path} starts the guest with a kernel of its host, {kernel}, which is not converted; a kernel inside the guest will be used.",
                "Install a kernel in the guest if it has none."));
        }

        return new LibvirtXmlBoot(
            isParavirtual ? null : ReadFirmware(domain, os, loader),
            IsYes(loader?.AttributeText("secure"))
            || IsYes(os.Child("firmware")?.Children("feature").FirstOrDefault(f => f.AttributeText("name") == "secure-boot")?.AttributeText("enabled")));
    }

    /// <summary>Without a loader QEMU and Xen start PCs with a BIOS; what other hypervisors and machines have, their XML does not tell.</summary>
    private static Firmware? ReadFirmware(XElement domain, XElement os, XElement? loader)
    {
        var file = loader?.Value ?? "";
        return os.AttributeText("firmware") switch
        {
            "efi" => Sources.Firmware.Uefi,
            "bios" => Sources.Firmware.Bios,
            _ when loader?.AttributeText("type") == "pflash" || os.Child("nvram") is not null => Sources.Firmware.Uefi,
            _ when UefiFiles.Any(name => file.Contains(name, StringComparison.OrdinalIgnoreCase)) => Sources.Firmware.Uefi,
            _ when domain.AttributeText("type") is "kvm" or "qemu" or "kqemu" or "xen"
                && os.Child("type")?.AttributeText("arch") is null or "i386" or "i686" or "x86_64" => Sources.Firmware.Bios,
            _ => null,
        };
    }

    private static bool IsYes(string? value) => value == "yes";
}
