namespace V2V.Engine.Sources.Ovf;

/// <summary>OVF itself says nothing about firmware; each product has an extension of its own.</summary>
internal static class OvfFirmware
{
    /// <summary>oVirt's BiosType: 0 is the cluster's default, 1 and 2 are SeaBIOS, 3 and 4 OVMF, the last with secure boot.</summary>
    private const string OvmfType = "3";
    private const string SecureBootType = "4";

    /// <summary>Null when the descriptor does not say.</summary>
    public static Firmware? Read(OvfDescriptor descriptor)
    {
        switch (BiosType(descriptor))
        {
            case "1" or "2":
                return Firmware.Bios;
            case OvmfType or SecureBootType:
                return Firmware.Uefi;
        }

        if (OvfHypervisor.XenSetting(descriptor, "HVM_boot_params") is { } parameters)
        {
            return parameters.Contains("firmware=uefi", StringComparison.OrdinalIgnoreCase) ? Firmware.Uefi : Firmware.Bios;
        }

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
        || OvfXml.IsTrue(descriptor.Hardware.Setting("uefi.secureBoot.enabled"))
        || BiosType(descriptor) == SecureBootType
        || OvfHypervisor.XenSetting(descriptor, "platform")?.Contains("secureboot=true", StringComparison.OrdinalIgnoreCase) == true
        || OvfXml.IsTrue(OvfHypervisor.VirtualBoxHardware(descriptor)?.Descendants().FirstOrDefault(e => e.Name.LocalName == "SecureBoot")?.AttributeText("enabled"));

    public static bool HasTpm(OvfDescriptor descriptor) =>
        descriptor.Items.Any(i => i.SubType.Contains("vtpm", StringComparison.OrdinalIgnoreCase))
        || OvfHypervisor.VirtualBoxHardware(descriptor)?.Child("TrustedPlatformModule")?.AttributeText("type") is not (null or "None");

    private static string? BiosType(OvfDescriptor descriptor) => OvfHypervisor.IsOvirt(descriptor) ? descriptor.System.ChildText("BiosType") : null;
}
