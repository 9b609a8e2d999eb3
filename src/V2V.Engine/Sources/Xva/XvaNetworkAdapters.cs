using System.Globalization;

namespace V2V.Engine.Sources.Xva;

/// <summary>The guest's network adapters (VIF), in the order of their numbers.</summary>
internal static class XvaNetworkAdapters
{
    public static IReadOnlyList<SourceNetworkAdapter> Read(XvaObject machine, XvaDescription description, List<Concern> concerns) =>
    [
        .. description.OfClass("VIF")
            .Where(v => v.Text("VM") == machine.Reference)
            .OrderBy(v => int.TryParse(v.Text("device"), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : int.MaxValue)
            .Select(v => ReadAdapter(v, description, concerns)),
    ];

    private static SourceNetworkAdapter ReadAdapter(XvaObject adapter, XvaDescription description, List<Concern> concerns)
    {
        var address = MacAddress.Read(adapter.Text("MAC"), $"Network adapter {adapter.Text("device")}", concerns);
        // Names of networks are for people and may be anything; the bridge below one is what the guest was plugged into.
        var network = description.Find(adapter.Text("network"));
        return new SourceNetworkAdapter(address, "netfront", network?.Text("name_label") ?? network?.Text("bridge"));
    }
}
