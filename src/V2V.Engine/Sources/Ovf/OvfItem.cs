using System.Globalization;
using System.Xml.Linq;

namespace V2V.Engine.Sources.Ovf;

/// <summary>CIM_ResourceAllocationSettingData.ResourceType (DSP8004), the values that matter to a conversion.</summary>
internal static class OvfResource
{
    public const int Other = 1;
    public const int Processor = 3;
    public const int Memory = 4;
    public const int IdeController = 5;
    public const int ScsiController = 6;
    public const int Ethernet = 10;
    public const int FloppyDrive = 14;
    public const int CdDrive = 15;
    public const int DvdDrive = 16;
    public const int DiskDrive = 17;
    public const int OtherStorage = 20;
    public const int Sound = 35;
}

/// <summary>One Item (OVF 2.0: also StorageItem and EthernetPortItem) of a VirtualHardwareSection: DSP0243, section 8.3.</summary>
internal sealed class OvfItem(XElement element)
{
    public int ResourceType { get; } = (int)Math.Clamp(Number(element.ChildText("ResourceType")) ?? 0, 0, int.MaxValue);

    /// <summary>Empty when there is none, never null.</summary>
    public string SubType { get; } = element.ChildText("ResourceSubType") ?? "";

    public string? InstanceId { get; } = element.ChildText("InstanceID") ?? element.ChildText("InstanceId");

    /// <summary>InstanceID of the controller that it is attached to.</summary>
    public string? Parent { get; } = element.ChildText("Parent");

    public long? AddressOnParent { get; } = Number(element.ChildText("AddressOnParent"));

    /// <summary>MAC address of an adapter; number of a controller.</summary>
    public string? Address { get; } = element.ChildText("MACAddress") ?? element.ChildText("Address");

    public string? Connection { get; } = element.ChildText("Connection");

    public string? HostResource { get; } = element.ChildText("HostResource");

    public string? Name { get; } = element.ChildText("ElementName") ?? element.ChildText("Caption");

    public long? Quantity { get; } = Number(element.ChildText("VirtualQuantity"));

    public string? Units { get; } = element.ChildText("AllocationUnits");

    /// <summary>vmw:CoresPerSocket of a processor item; oVirt has a name of its own.</summary>
    public long? CoresPerSocket { get; } = Number(element.ChildText("CoresPerSocket") ?? element.ChildText("cpu_per_socket"));

    /// <summary>Sockets of a processor item (oVirt).</summary>
    public long? Sockets { get; } = Number(element.ChildText("num_of_sockets"));

    /// <summary>Threads of each core of a processor item (oVirt).</summary>
    public long? Threads { get; } = Number(element.ChildText("threads_per_cpu"));

    /// <summary>The deployment configurations that the item is for; empty when for all.</summary>
    public string[] Configurations { get; } =
        element.AttributeText("configuration")?.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];

    /// <summary>Items with a bound only limit what another item says.</summary>
    public bool IsBound { get; } = element.AttributeText("bound") is { } bound && bound != "normal";

    public string? Setting(string key) => element.Setting(key);

    /// <summary>What messages call it.</summary>
    public override string ToString() => Name ?? $"item {InstanceId}";

    private static long? Number(string? text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
}
