using System.Net;
using System.Net.Sockets;
using V2V.Engine.Inspection.Windows;

namespace V2V.Engine.Conversion.Windows.FirstBoot;

/// <summary>What was set by hand on one of the guest's adapters, and the adapter that gets it. Only what can be an address is in it.</summary>
internal sealed record AdapterAddresses
{
    /// <summary>What the adapter was called, for messages.</summary>
    public required string Name { get; init; }

    /// <summary>The old adapter's NetCfgInstanceId, with braces.</summary>
    public required string OldGuid { get; init; }

    /// <summary>The new adapter's address, six bytes in hexadecimal with colons.</summary>
    public required string MacAddress { get; init; }

    public IReadOnlyList<WindowsAddress> IPv4 { get; init; } = [];

    public IReadOnlyList<WindowsAddress> IPv6 { get; init; } = [];

    public IReadOnlyList<string> IPv4Gateways { get; init; } = [];

    public IReadOnlyList<string> IPv6Gateways { get; init; } = [];

    public IReadOnlyList<string> IPv4NameServers { get; init; } = [];

    public IReadOnlyList<string> IPv6NameServers { get; init; } = [];

    /// <summary>Null when none is set, and when it is not made of letters, digits, '-', '_' and '.'.</summary>
    public string? DnsSuffix { get; init; }

    public bool IsEmpty => IPv4.Count + IPv6.Count + IPv4NameServers.Count + IPv6NameServers.Count == 0;

    /// <param name="adapter">As the guest has it.</param>
    /// <param name="macAddress">Of the adapter that it becomes.</param>
    public static AdapterAddresses Of(WindowsAdapter adapter, string macAddress) => new()
    {
        Name = adapter.ToString(),
        OldGuid = adapter.Guid,
        MacAddress = macAddress,
        IPv4 = [.. adapter.IPv4.Where(a => Is(a.Address, AddressFamily.InterNetwork) && a.PrefixLength is >= 0 and <= 32)],
        IPv6 = [.. adapter.IPv6.Where(a => Is(a.Address, AddressFamily.InterNetworkV6) && a.PrefixLength is >= 0 and <= 128)],
        IPv4Gateways = [.. adapter.Gateways.Where(a => Is(a, AddressFamily.InterNetwork))],
        IPv6Gateways = [.. adapter.Gateways.Where(a => Is(a, AddressFamily.InterNetworkV6))],
        IPv4NameServers = [.. adapter.NameServers.Where(a => Is(a, AddressFamily.InterNetwork))],
        IPv6NameServers = [.. adapter.NameServers.Where(a => Is(a, AddressFamily.InterNetworkV6))],
        DnsSuffix = adapter.DnsSuffix is { Length: > 0 and < 256 } suffix && suffix.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') ? suffix : null,
    };

    /// <summary>"255.255.255.0" for 24.</summary>
    public static string Mask(int prefixLength)
    {
        var bits = prefixLength == 0 ? 0 : uint.MaxValue << (32 - prefixLength);
        return $"{bits >> 24}.{(bits >> 16) & 0xFF}.{(bits >> 8) & 0xFF}.{bits & 0xFF}";
    }

    /// <summary>The text goes into a batch file as it is, so nothing but digits, letters, dots and colons may be in it (no scope).</summary>
    private static bool Is(string text, AddressFamily family) =>
        text.All(c => char.IsAsciiHexDigit(c) || c is '.' or ':') && IPAddress.TryParse(text, out var address) && address.AddressFamily == family;
}
