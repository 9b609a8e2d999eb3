namespace V2V.Engine.Conversion.Linux.Network;

/// <summary>A network interface that some file of the guest's configuration calls by name.</summary>
/// <param name="Name">"ens192", "eth0".</param>
/// <param name="File">The file that names it.</param>
/// <param name="MacAddress">The address by which that file finds the adapter, lower-case with colons; null when it has the name only.</param>
/// <param name="Address">A static address, for messages.</param>
/// <param name="IsPinned">True when the file itself gives the adapter with <paramref name="MacAddress"/> this name, or needs no name.</param>
internal sealed record InterfaceUse(string Name, string File, string? MacAddress = null, string? Address = null, bool IsPinned = false)
{
    /// <summary>
    /// Names that the kernel or udev gives to Ethernet adapters (systemd.net-naming-scheme(7), biosdevname). Bridges, bonds and the like are
    /// made by the configuration under names of their own, and need no adapter.
    /// </summary>
    public static bool IsPhysical(string name) => EthernetName.IsMatch(name);

    /// <summary>"eth0:1" is a second address of eth0, "eth0.100" a VLAN on it.</summary>
    public static string BaseName(string name)
    {
        var end = name.IndexOfAny([':', '.', '@']);
        return end < 0 ? name : name[..end];
    }

    /// <summary>Lower-case with colons, or null when it is no MAC address.</summary>
    public static string? ParseMac(string? text)
    {
        var mac = text?.Trim().Trim('"', '\'').Replace('-', ':').ToLowerInvariant();
        return mac is not null && Mac.IsMatch(mac) ? mac : null;
    }

    private static readonly System.Text.RegularExpressions.Regex EthernetName =
        new(@"^(eth[0-9]+|en[opsPv][0-9A-Za-z]+|enx[0-9a-f]{12}|em[0-9]+|p[0-9]+p[0-9]+)\z", System.Text.RegularExpressions.RegexOptions.CultureInvariant);

    private static readonly System.Text.RegularExpressions.Regex Mac =
        new(@"^([0-9a-f]{2}:){5}[0-9a-f]{2}\z", System.Text.RegularExpressions.RegexOptions.CultureInvariant);
}
