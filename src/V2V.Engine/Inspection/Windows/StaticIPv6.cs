using System.Globalization;
using System.Net;
using V2V.Engine.Registry;

namespace V2V.Engine.Inspection.Windows;

/// <summary>
/// Addresses of IPv6 that were set by hand. Since Vista they are not among the TCP/IP settings but in the persistent store of the Network Store
/// Interface, which Microsoft does not document; what is known of it: below the module of NDIS ({eb004a11-...}\10) each value is named by an
/// interface's LUID in hexadecimal and has the interface's GUID at 0x410, and below the module of IPv6 ({eb004a01-...}\10) each value is named by
/// LUID and address, and its 17th byte is the prefix length. What does not look like that is left alone.
/// </summary>
internal sealed class StaticIPv6
{
    private const string InterfaceModule = @"Control\Nsi\{eb004a11-9b1a-11d4-9123-0050047759bc}\10";

    private const string AddressModule = @"Control\Nsi\{eb004a01-9b1a-11d4-9123-0050047759bc}\10";

    /// <summary>Routes that were set by hand, a default gateway among them. How they are stored is not known but for the LUID in their names.</summary>
    private const string RouteModule = @"Control\Nsi\{eb004a01-9b1a-11d4-9123-0050047759bc}\16";

    private const int LuidDigits = 16;

    private const int AddressDigits = 32;

    private const int MaxValues = 10_000;

    private static class Offsets
    {
        public const int InterfaceGuid = 0x410;
        public const int PrefixLength = 16;
    }

    private readonly Dictionary<Guid, List<WindowsAddress>> _addresses = [];

    private readonly HashSet<Guid> _routed = [];

    public StaticIPv6(RegistryHive system, string controlSet)
    {
        var interfaces = new Dictionary<string, Guid>(StringComparer.OrdinalIgnoreCase);
        foreach (var value in (system.Find($@"{controlSet}\{InterfaceModule}")?.Values ?? []).Take(MaxValues))
        {
            if (value.Name.Length == LuidDigits && value.Data.Length >= Offsets.InterfaceGuid + 16)
            {
                interfaces[value.Name] = new Guid(value.Data.Span.Slice(Offsets.InterfaceGuid, 16));
            }
        }

        foreach (var value in (system.Find($@"{controlSet}\{AddressModule}")?.Values ?? []).Take(MaxValues))
        {
            if (value.Name.Length == LuidDigits + AddressDigits
                && interfaces.TryGetValue(value.Name[..LuidDigits], out var guid)
                && UInt128.TryParse(value.Name[LuidDigits..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _)
                && value.Data.Length > Offsets.PrefixLength && value.Data.Span[Offsets.PrefixLength] is var length and > 0 and <= 128)
            {
                var address = new IPAddress(Convert.FromHexString(value.Name[LuidDigits..]));
                if (!_addresses.TryGetValue(guid, out var list))
                {
                    _addresses[guid] = list = [];
                }

                list.Add(new WindowsAddress(address.ToString(), length));
            }
        }

        foreach (var value in (system.Find($@"{controlSet}\{RouteModule}")?.Values ?? []).Take(MaxValues))
        {
            _routed.UnionWith(interfaces.Where(i => value.Name.Contains(i.Key, StringComparison.OrdinalIgnoreCase)).Select(i => i.Value));
        }
    }

    public bool HasRoutes(string adapter) => Guid.TryParse(adapter, out var guid) && _routed.Contains(guid);

    public IReadOnlyList<WindowsAddress> Of(string adapter) =>
        Guid.TryParse(adapter, out var guid) && _addresses.TryGetValue(guid, out var list) ? list : [];
}
