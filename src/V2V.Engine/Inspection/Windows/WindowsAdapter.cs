namespace V2V.Engine.Inspection.Windows;

/// <summary>A network adapter as Windows has it in its registry, with its TCP/IP configuration.</summary>
public sealed record WindowsAdapter
{
    /// <summary>Its NetCfgInstanceId, with braces and in upper case: "{5D3C...}".</summary>
    public required string Guid { get; init; }

    /// <summary>"Ethernet0", "Local Area Connection 2"; null when it has none.</summary>
    public string? ConnectionName { get; init; }

    /// <summary>"vmxnet3 Ethernet Adapter".</summary>
    public string? DriverDescription { get; init; }

    /// <summary>The hardware id that its driver was chosen by: "pci\ven_15ad&amp;dev_07b0".</summary>
    public string? ComponentId { get; init; }

    /// <summary>"PCI\VEN_15AD&amp;DEV_07B0&amp;SUBSYS_07B015AD&amp;REV_01\FF565000168712FE00".</summary>
    public string? PnpInstanceId { get; init; }

    /// <summary>Name of its key below Control\Class\{4D36E972-...}: "0007".</summary>
    public string? ClassKey { get; init; }

    /// <summary>False for what software makes: teams, VPNs, virtual switches, loopback.</summary>
    public bool IsPhysical { get; init; }

    /// <summary>
    /// Lower-case with colons: the one that its instance id tells, or that of the source's adapter that it was found to be. Null when neither is known.
    /// </summary>
    public string? MacAddress { get; init; }

    /// <summary>The address that somebody set in the driver's settings in place of the adapter's own (NetworkAddress), as written there; null when none is.</summary>
    public string? OverriddenMacAddress { get; init; }

    /// <summary>Zero-based index of the source's adapter that it is; null for an adapter that is no longer there, or when that is in doubt.</summary>
    public int? SourceIndex { get; init; }

    /// <summary>IPv4 comes from DHCP.</summary>
    public bool IsDhcp { get; init; }

    /// <summary>Static addresses of IPv4; empty with DHCP.</summary>
    public IReadOnlyList<WindowsAddress> IPv4 { get; init; } = [];

    /// <summary>Static addresses of IPv6.</summary>
    public IReadOnlyList<WindowsAddress> IPv6 { get; init; } = [];

    /// <summary>There are routes of IPv6 that were set by hand, which are not understood further.</summary>
    public bool HasIPv6Routes { get; init; }

    /// <summary>Static default gateways of IPv4.</summary>
    public IReadOnlyList<string> Gateways { get; init; } = [];

    /// <summary>Name servers that were set by hand, of both families; they can be set beside DHCP.</summary>
    public IReadOnlyList<string> NameServers { get; init; } = [];

    /// <summary>The DNS suffix of the connection; null when none is set.</summary>
    public string? DnsSuffix { get; init; }

    /// <summary>Something was configured by hand that another adapter will not have by itself.</summary>
    public bool HasStaticConfiguration => IPv4.Count > 0 || IPv6.Count > 0 || NameServers.Count > 0;

    public override string ToString() => ConnectionName ?? DriverDescription ?? Guid;
}

/// <param name="Address">As text: "192.0.2.7", "2001:db8::7".</param>
/// <param name="PrefixLength">Length of the network's part in bits.</param>
public readonly record struct WindowsAddress(string Address, int PrefixLength);
