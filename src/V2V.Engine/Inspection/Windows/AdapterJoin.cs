using V2V.Engine.Sources;

namespace V2V.Engine.Inspection.Windows;

/// <summary>An adapter of the registry with what tells which of the source's it is.</summary>
/// <param name="Adapter">The adapter itself.</param>
/// <param name="Location">Its place on the PCI bus, where that is known.</param>
/// <param name="LastArrival">When Windows last found it there, at a start or when it was plugged in (Windows 8 and later).</param>
internal sealed record KnownAdapter(WindowsAdapter Adapter, PciLocation? Location, DateTimeOffset? LastArrival)
{
    /// <summary>Windows shows it nowhere: it is one of its own.</summary>
    public bool IsHidden { get; init; }

    public string? Model => AdapterModel.OfHardware(Adapter.ComponentId) ?? AdapterModel.OfHardware(Adapter.PnpInstanceId);
}

/// <summary>
/// Finds out which adapter of the source each of Windows' adapters is. Windows keeps the MAC address of none of them, so by what is most certain
/// first: the MAC address within the instance id, the place on the PCI bus, the only ones of their model, as many as the source has. Adapters that
/// were replaced stay in the registry, so each step takes only what fits one to one.
/// </summary>
internal static class AdapterJoin
{
    /// <summary>What is there at a start is found within seconds; what was gone by then was last found at an earlier one.</summary>
    private static readonly TimeSpan BetweenStarts = TimeSpan.FromMinutes(1);

    public static IReadOnlyList<WindowsAdapter> Join(IReadOnlyList<KnownAdapter> known, IReadOnlyList<SourceNetworkAdapter> source)
    {
        var ordered = known.Where(k => k.Adapter.IsPhysical)
            .OrderBy(k => k.Location is null).ThenBy(k => k.Location).ThenBy(k => k.Adapter.ClassKey ?? "~", StringComparer.Ordinal)
            .ToList();
        var joined = new Dictionary<KnownAdapter, int>(ReferenceEqualityComparer.Instance);
        IEnumerable<int> Free() => Enumerable.Range(0, source.Count).Where(i => !joined.ContainsValue(i));
        IEnumerable<KnownAdapter> Open() => ordered.Where(k => !joined.ContainsKey(k));

        foreach (var adapter in ordered.Where(k => k.Adapter.MacAddress is not null))
        {
            One(adapter, [.. Free().Where(i => adapter.Adapter.MacAddress == source[i].MacAddress)]);
        }

        foreach (var adapter in Open().Where(k => k.Location is not null).ToList())
        {
            One(adapter, [.. Free().Where(i => source[i].PciSlot is { } slot && PciLocation.OfVMwareSlot(slot) == adapter.Location && IsSameModel(adapter, source[i]))]);
        }

        foreach (var model in Open().Select(k => k.Model).OfType<string>().Distinct().ToList())
        {
            InOrder([.. Open().Where(k => k.Model == model)], [.. Free().Where(i => AdapterModel.OfSource(source[i].Model) == model)]);
        }

        InOrder([.. Open()], [.. Free()]);
        InOrder([.. Latest([.. Open()], Free().Count())], [.. Free()]);

        return [.. known.Select(k => joined.TryGetValue(k, out var index)
            ? k.Adapter with { SourceIndex = index, MacAddress = source[index].MacAddress ?? k.Adapter.MacAddress }
            : k.Adapter)];

        void One(KnownAdapter adapter, int[] candidates)
        {
            if (candidates is [var index])
            {
                joined[adapter] = index;
            }
        }

        void InOrder(KnownAdapter[] adapters, int[] indexes)
        {
            if (adapters.Length == indexes.Length)
            {
                for (var i = 0; i < indexes.Length; i++)
                {
                    joined[adapters[i]] = indexes[i];
                }
            }
        }
    }

    /// <summary>The adapters that were found last, when there is no doubt which these are; none otherwise.</summary>
    private static IEnumerable<KnownAdapter> Latest(List<KnownAdapter> adapters, int count)
    {
        if (count == 0 || count >= adapters.Count || adapters.Exists(a => a.LastArrival is null))
        {
            return [];
        }

        var dates = adapters.Select(a => a.LastArrival!.Value).OrderDescending().ToArray();
        return dates[count - 1] - dates[count] > BetweenStarts ? adapters.Where(a => a.LastArrival >= dates[count - 1]) : [];
    }

    private static bool IsSameModel(KnownAdapter adapter, SourceNetworkAdapter source) =>
        adapter.Model is not { } model || AdapterModel.OfSource(source.Model) is not { } other || model == other;
}
