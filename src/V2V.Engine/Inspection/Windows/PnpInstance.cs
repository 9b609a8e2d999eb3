using System.Buffers.Binary;
using System.Globalization;
using System.Text.RegularExpressions;
using V2V.Engine.Registry;

namespace V2V.Engine.Inspection.Windows;

/// <summary>What the Plug and Play instance id of a network adapter and its key below Enum tell.</summary>
internal static partial class PnpInstance
{
    /// <summary>Enumerators of buses whose devices a virtual machine has. Others are software (ROOT, SWD), or what was plugged in (USB, BTH).</summary>
    private static readonly string[] Buses = ["PCI", "VMBUS", "XEN", "ISAPNP", "ACPI", "PCMCIA", "VIRTIO"];

    public static bool IsOnBus(string instanceId) =>
        instanceId.Split('\\') is [var bus, _, ..] && Buses.Any(b => bus.StartsWith(b, StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// The MAC address within the instance id of a PCI Express adapter, lower-case with colons. Windows makes the instance id of a function with the
    /// capability Device Serial Number of that number, in hexadecimal and followed by the function, and network adapters have the EUI-64 of their
    /// MAC address there (PCI Express Base Specification, 7.9.3). VMware's have its two halves in memory's order, "FF565000BB0895FE00" for
    /// 00:50:56:95:08:bb; Intel's have FFFF in its middle. Null for others, whose id tells their place ("4&amp;3AD87E0A&amp;0&amp;0888").
    /// </summary>
    public static string? MacAddress(string instanceId)
    {
        if (SerialNumber().Match(instanceId) is not { Success: true } match)
        {
            return null;
        }

        var b = Convert.FromHexString(match.Groups["serial"].ValueSpan);
        return b is [0xFF, _, _, _, _, _, _, 0xFE] ? Format(b[3], b[2], b[1], b[6], b[5], b[4])
            : b is [_, _, _, 0xFF, 0xFE or 0xFF, _, _, _] ? Format(b[0], b[1], b[2], b[5], b[6], b[7])
            : null;

        static string Format(params ReadOnlySpan<byte> mac)
        {
            var text = Convert.ToHexStringLower(mac);
            return string.Join(':', Enumerable.Range(0, 6).Select(i => text.Substring(i * 2, 2)));
        }
    }

    /// <summary>
    /// Bus, device and function from LocationInformation: "PCI bus 2, device 1, function 0", or since Vista a text to be translated with the numbers
    /// behind it: "@System32\drivers\pci.sys,#65536;PCI bus %1, device %2, function %3;(2,1,0)".
    /// </summary>
    public static PciLocation? Location(RegistryKey? device)
    {
        var text = device?.Text("LocationInformation") ?? "";
        var match = TranslatedLocation().Match(text) is { Success: true } translated ? translated : PlainLocation().Match(text);
        int Number(string name) => int.Parse(match.Groups[name].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);
        return match.Success ? new PciLocation(Number("bus"), Number("device"), Number("function")) : null;
    }

    /// <summary>The property DEVPKEY_Device_LastArrivalDate, a FILETIME; null before Windows 8 and when it makes no sense.</summary>
    public static DateTimeOffset? LastArrival(RegistryKey? device)
    {
        var data = device?.Find(@"Properties\{83da6326-97a6-4088-9453-a1923f573b29}\0066")?.FindValue("")?.Data ?? default;
        return data.Length == sizeof(long) && BinaryPrimitives.ReadInt64LittleEndian(data.Span) is > 0 and var time && time < DateTime.MaxValue.ToFileTimeUtc()
            ? DateTimeOffset.FromFileTime(time).ToUniversalTime()
            : null;
    }

    [GeneratedRegex(@"^PCI\\[^\\]+\\(?<serial>[0-9A-Fa-f]{16})[0-9A-Fa-f]{2}\z", RegexOptions.IgnoreCase)]
    private static partial Regex SerialNumber();

    [GeneratedRegex(@"\((?<bus>[0-9]{1,3}),(?<device>[0-9]{1,3}),(?<function>[0-9]{1,3})\)\z")]
    private static partial Regex TranslatedLocation();

    /// <summary>Translated by setup; the order of the numbers is the same in every language.</summary>
    [GeneratedRegex(@"^PCI[^0-9%]*(?<bus>[0-9]{1,3})[^0-9%]+(?<device>[0-9]{1,3})[^0-9%]+(?<function>[0-9]{1,3})\z", RegexOptions.IgnoreCase)]
    private static partial Regex PlainLocation();
}

/// <summary>Where a PCI function is, as the guest's firmware numbered it.</summary>
internal readonly record struct PciLocation(int Bus, int Device, int Function) : IComparable<PciLocation>
{
    private const int LegacyBridge = 1;
    private const int FirstExpressBridge = 5;
    private const int LastExpressBridge = 8;
    private const int FunctionsOfBridge = 8;

    /// <summary>
    /// The place that VMware's pciSlotNumber stands for (Broadcom KB 2047927): function, bridge and device in 5 bits each. On its usual set of
    /// bridges, the conventional one has bus 2 behind it, and the four root ports with 8 functions each the buses from 3 on. Null for other bridges.
    /// </summary>
    public static PciLocation? OfVMwareSlot(int slot)
    {
        var (function, bridge, device) = (slot >> 10, (slot >> 5) & 0x1F, slot & 0x1F);
        return bridge switch
        {
            0 => new PciLocation(0, device, 0),
            LegacyBridge => new PciLocation(2, device, 0),
            >= FirstExpressBridge and <= LastExpressBridge when function < FunctionsOfBridge =>
                new PciLocation(3 + ((bridge - FirstExpressBridge) * FunctionsOfBridge) + function, device, 0),
            _ => null,
        };
    }

    public int CompareTo(PciLocation other) => (Bus, Device, Function).CompareTo((other.Bus, other.Device, other.Function));
}
