using System.Xml.Linq;

namespace V2V.Engine.Sources.Ovf;

/// <summary>OVF itself says nothing about firmware; VMware and VirtualBox each have an extension.</summary>
internal static class OvfFirmware
{
    /// <summary>Null when the descriptor does not say.</summary>
    public static Firmware? Read(OvfDescriptor descriptor)
    {
        var setting = descriptor.Hardware.Setting("firmware") ?? OvfHypervisor.VirtualBoxHardware(descriptor)?.Child("Firmware")?.AttributeText("type");
        return setting?.ToUpperInvariant() switch
        {
            null => null,
            "BIOS" => Firmware.Bios,
            // VirtualBox: EFI, EFI32, EFI64, EFIDUAL.
            "UEFI" => Firmware.Uefi,
            var efi when efi.StartsWith("EFI", StringComparison.Ordinal) => Firmware.Uefi,
            _ => throw OvfDescriptor.Unsupported(descriptor.Path, $"asks for the firmware \"{setting}\"", "Set the guest's firmware to BIOS or EFI and export it again."),
        };
    }

    public static bool HasSecureBoot(OvfDescriptor descriptor) =>
        OvfXml.IsTrue(descriptor.Hardware.Setting("bootOptions.efiSecureBootEnabled"))
        || OvfXml.IsTrue(descriptor.Hardware.Setting("uefi.secureBoot.enabled"));
}

/// <summary>Which product wrote a descriptor, and where that product keeps what OVF has no place for.</summary>
internal static class OvfHypervisor
{
    private const string VMwareNamespace = "http://www.vmware.com/schema/ovf";

    private const string VirtualBoxNamespace = "http://www.virtualbox.org/ovf/machine";

    public static string Find(OvfDescriptor descriptor)
    {
        var family = descriptor.Hardware.Child("System")?.ChildText("VirtualSystemType") ?? "";
        if (family.StartsWith("virtualbox", StringComparison.OrdinalIgnoreCase) || VirtualBoxHardware(descriptor) is not null)
        {
            return "VirtualBox";
        }

        return family.StartsWith("vmx", StringComparison.OrdinalIgnoreCase)
            || descriptor.Hardware.Elements().Any(e => e.Name.NamespaceName == VMwareNamespace)
            ? "VMware"
            : "Unknown";
    }

    /// <summary>The Hardware element of VirtualBox's own machine description; null in descriptors of other products.</summary>
    public static XElement? VirtualBoxHardware(OvfDescriptor descriptor) =>
        descriptor.System.Elements().FirstOrDefault(e => e.Name is { LocalName: "Machine", NamespaceName: VirtualBoxNamespace })?.Child("Hardware");
}
