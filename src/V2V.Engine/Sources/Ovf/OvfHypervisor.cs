using System.Xml.Linq;

namespace V2V.Engine.Sources.Ovf;

/// <summary>Which product wrote a descriptor, and where that product keeps what OVF has no place for.</summary>
internal static class OvfHypervisor
{
    private const string VMwareNamespace = "http://www.vmware.com/schema/ovf";

    private const string VirtualBoxNamespace = "http://www.virtualbox.org/ovf/machine";

    /// <summary>oVirt, and only it, ends the name of OVF's namespace so.</summary>
    private const string OvirtEnvelope = "http://schemas.dmtf.org/ovf/envelope/1/";

    public static string Find(OvfDescriptor descriptor)
    {
        var family = descriptor.Hardware.Child("System")?.ChildText("VirtualSystemType")?.ToUpperInvariant() ?? "";
        if (IsOvirt(descriptor) || family.Contains("KVM", StringComparison.Ordinal) || family.Contains("QEMU", StringComparison.Ordinal)
            || family.Contains("AHV", StringComparison.Ordinal))
        {
            return "KVM";
        }

        if (family.StartsWith("VIRTUALBOX", StringComparison.Ordinal) || VirtualBoxHardware(descriptor) is not null)
        {
            return "VirtualBox";
        }

        // XenServer writes "hvm-3.0-unknown", older versions "DMTF:xen:hvm".
        if (family.StartsWith("HVM-", StringComparison.Ordinal) || family.Contains("XEN", StringComparison.Ordinal))
        {
            return "Xen";
        }

        return family.StartsWith("VMX", StringComparison.Ordinal) || descriptor.Hardware.Elements().Any(e => e.Name.NamespaceName == VMwareNamespace)
            ? "VMware"
            : "Unknown";
    }

    public static bool IsOvirt(OvfDescriptor descriptor) => descriptor.System.AncestorsAndSelf().Last().Name.NamespaceName == OvirtEnvelope;

    /// <summary>The Hardware element of VirtualBox's own machine description; null in descriptors of other products.</summary>
    public static XElement? VirtualBoxHardware(OvfDescriptor descriptor) =>
        descriptor.System.Elements().FirstOrDefault(e => e.Name is { LocalName: "Machine", NamespaceName: VirtualBoxNamespace })?.Child("Hardware");

    /// <summary>A setting of XenServer: <c>OtherSystemSettingData</c> with the key as an attribute, and the value in an element.</summary>
    public static string? XenSetting(OvfDescriptor descriptor, string key) =>
        descriptor.Hardware.Descendants()
            .Where(e => e.Name.LocalName is "VirtualSystemOtherConfigurationData" or "OtherSystemSettingData")
            .FirstOrDefault(e => (e.AttributeText("Name") ?? e.ChildText("Name")) == key)?
            .ChildText("Value");

    /// <summary>InstanceID of the disk that the guest starts from, where VMware's boot order has one.</summary>
    public static string? BootInstanceId(OvfDescriptor descriptor) =>
        descriptor.System.Descendants()
            .FirstOrDefault(e => e.Name.LocalName == "BootOrderSection" && e.AttributeText("type")?.ToUpperInvariant() is "DISK" or "HDD")?
            .AttributeText("instanceId");
}
