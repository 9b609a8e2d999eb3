using V2V.Engine.Inspection.Windows;

namespace V2V.Engine.Conversion.Windows.FirstBoot;

/// <summary>Lets the guest move the addresses that were set by hand to its new adapters, which are told apart by their MAC addresses.</summary>
public sealed class KeepStaticAddresses : WindowsStep
{
    public override string Name => "Keeping static addresses";

    protected override void Apply(ConversionContext context, WindowsSystem windows)
    {
        var system = context.Guest.OperatingSystem;
        var version = new Version(system.MajorVersion, system.MinorVersion);
        var macs = context.Hardware.MacAddresses;
        foreach (var adapter in windows.Adapters.Where(a => a.HasStaticConfiguration))
        {
            if (adapter.SourceIndex is { } index && index < macs.Count)
            {
                var addresses = AdapterAddresses.Of(adapter, macs[index]);
                if (!addresses.IsEmpty)
                {
                    context.FirstBoot.Add(AddressScript.Create(addresses, index + 1, version));
                }
            }
            else if (IsInDoubt(context, windows, adapter))
            {
                context.Add(new Concern(
                    ConcernSeverity.Warning, "StaticAddressNotMoved",
                    $"The adapter {adapter} has addresses that were set by hand ({string.Join(", ", adapter.IPv4.Concat(adapter.IPv6).Select(a => a.Address))}), "
                    + "but it cannot be told which of the source's adapters it is: the new one will use DHCP.",
                    "Set the addresses in the guest after its first start."));
            }
        }
    }

    /// <summary>An adapter that is left over from former hardware is none of the guest's; so is one when all of the guest's are known.</summary>
    private static bool IsInDoubt(ConversionContext context, WindowsSystem windows, WindowsAdapter adapter) =>
        adapter.IsPhysical && adapter.IPv4.Count + adapter.IPv6.Count > 0
        && Enumerable.Range(0, context.Source.NetworkAdapters.Count).Any(i => windows.Adapters.All(a => a.SourceIndex != i));
}
