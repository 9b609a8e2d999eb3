namespace V2V.Engine.Inspection.Windows;

/// <summary>Names of adapter models, as sources and hardware ids have them, made comparable.</summary>
internal static class AdapterModel
{
    private static readonly (string HardwareId, string Model)[] HardwareIds =
    [
        ("ven_15ad&dev_07b0", "vmxnet3"),
        ("ven_15ad&dev_0720", "vmxnet"),
        ("ven_8086&dev_100f", "e1000"),
        ("ven_8086&dev_1004", "e1000"),
        ("ven_8086&dev_100e", "e1000"),
        ("ven_8086&dev_10d3", "e1000e"),
        ("ven_1022&dev_2000", "pcnet"),
        ("ven_10ec&dev_8139", "rtl8139"),
        ("ven_1af4&dev_1000", "virtio"),
        ("ven_1af4&dev_1041", "virtio"),
        ("ven_1af4&dev_0001", "virtio"),
        ("vmbus", "netvsc"),
        ("xen", "netfront"),
    ];

    /// <summary>From a ComponentId or an instance id; null when it is none that a hypervisor gives its guests.</summary>
    public static string? OfHardware(string? id) =>
        id is null ? null : HardwareIds.FirstOrDefault(h => id.Contains(h.HardwareId, StringComparison.OrdinalIgnoreCase)).Model;

    /// <summary>From the word that the source's description has for it; null when that is not told.</summary>
    public static string? OfSource(string? model) => model?.ToLowerInvariant() switch
    {
        null => null,
        "e1000-82545em" or "e1000-82544gc" or "e1000-82540em" or "82545em" or "82540em" => "e1000",
        "vlance" or "pcnet32" or "pcnet-pci ii" or "pcnet-fast iii" or "am79c970a" or "am79c973" => "pcnet",
        "vmxnet2" or "enhanced vmxnet" => "vmxnet",
        var word => word,
    };
}
