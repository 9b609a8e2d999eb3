using System.Globalization;
using System.Text.RegularExpressions;

namespace V2V.Engine.Sources.Vmx;

/// <summary>The ethernetN devices of a .vmx file, in the order of N.</summary>
internal static partial class VmxNetworkAdapters
{
    public static IReadOnlyList<SourceNetworkAdapter> Read(VmxFile file, List<Concern> concerns)
    {
        var numbers = file.Keys
            .Select(key => AdapterKey().Match(key))
            .Where(match => match.Success)
            .Select(match => int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture))
            .Distinct()
            .Order();
        return [.. numbers.Where(n => file.IsPresent($"ethernet{n}")).Select(n => ReadAdapter(file, $"ethernet{n}", concerns))];
    }

    private static SourceNetworkAdapter ReadAdapter(VmxFile file, string name, List<Concern> concerns)
    {
        var connection = NonEmpty(file[$"{name}.connectionType"])?.ToLowerInvariant();
        return new SourceNetworkAdapter(
            ReadMacAddress(file, name, concerns),
            NonEmpty(file[$"{name}.virtualDev"])?.ToLowerInvariant(),
            // A port group of a distributed switch has no name on the host, only vCenter's id of it.
            NonEmpty(file[$"{name}.networkName"]) ?? NonEmpty(file[$"{name}.vnet"]) ?? NonEmpty(file[$"{name}.dvs.portgroupId"]) ?? connection,
            IsBridge: connection == "bridged",
            PciSlot: file.TryGetNumber($"{name}.pciSlotNumber", out var slot) && slot is >= 0 and <= int.MaxValue ? (int)slot : null,
            IsConnected: file.Boolean($"{name}.startConnected") != false);
    }

    /// <summary>An address that somebody chose is in "address"; one that the host or vCenter made is in "generatedAddress".</summary>
    private static string? ReadMacAddress(VmxFile file, string name, List<Concern> concerns)
    {
        var chosen = NonEmpty(file[$"{name}.address"]);
        var generated = NonEmpty(file[$"{name}.generatedAddress"]);
        var isStatic = string.Equals(file[$"{name}.addressType"], "static", StringComparison.OrdinalIgnoreCase);
        return MacAddress.Read(isStatic ? chosen ?? generated : generated ?? chosen, name, concerns);
    }

    private static string? NonEmpty(string? value) => string.IsNullOrWhiteSpace(value) ? null : value.Trim();

    [GeneratedRegex(@"^ethernet([0-9]{1,3})\.", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex AdapterKey();
}
