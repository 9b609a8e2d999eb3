using System.Globalization;
using System.Text.RegularExpressions;
using V2V.Engine.Sources;

namespace V2V.Engine.Conversion.Linux.Network;

/// <summary>How an interface's name was matched to an adapter.</summary>
internal enum AssignmentReason
{
    MacAddress,
    VmwareSlot,
    OnlyOne,
    Order,
    Undecided,
}

/// <param name="Name">The interface's name.</param>
/// <param name="Adapter">Index of the adapter in the source's order; null when undecided.</param>
/// <param name="Reason">What decided it.</param>
internal readonly record struct InterfaceAssignment(string Name, int? Adapter, AssignmentReason Reason);

/// <summary>Decides which of the source's adapters bore which name.</summary>
internal static partial class InterfaceAssignments
{
    /// <param name="uses">Every place that names an interface.</param>
    /// <param name="adapters">The source's adapters.</param>
    /// <param name="macAddresses">The address that each adapter will have.</param>
    public static IReadOnlyList<InterfaceAssignment> Decide(
        IReadOnlyList<InterfaceUse> uses, IReadOnlyList<SourceNetworkAdapter> adapters, IList<string> macAddresses)
    {
        var names = uses.Select(u => u.Name).Distinct(StringComparer.Ordinal).Order(Comparer<string>.Create(CompareNames)).ToList();
        var decided = new Dictionary<string, InterfaceAssignment>(StringComparer.Ordinal);
        var free = Enumerable.Range(0, adapters.Count).ToList();

        void Assign(string name, int adapter, AssignmentReason reason)
        {
            decided[name] = new InterfaceAssignment(name, adapter, reason);
            free.Remove(adapter);
        }

        // 1. What the configuration itself says. Several names for one address (a stale file) leave the first.
        foreach (var use in uses.Where(u => u.MacAddress is not null).OrderByDescending(u => u.IsPinned))
        {
            var adapter = free.FindIndex(i => use.MacAddress == adapters[i].MacAddress || use.MacAddress == macAddresses.ElementAtOrDefault(i));
            if (adapter >= 0 && !decided.ContainsKey(use.Name))
            {
                Assign(use.Name, free[adapter], AssignmentReason.MacAddress);
            }
        }

        // 2. VMware's slot number is in the name that udev gives.
        foreach (var name in names.Where(n => !decided.ContainsKey(n)))
        {
            if (HotplugSlot().Match(name) is { Success: true } match
                && free.FindIndex(i => adapters[i].PciSlot is { } slot
                    && SlotName(slot) == match.Groups["slot"].Value) is >= 0 and var adapter)
            {
                Assign(name, free[adapter], AssignmentReason.VmwareSlot);
            }
        }

        // 3. One left over on either side, or as many names as adapters, in the order in which VMware numbers them. Names that are configured
        // come before those that only a rule for some old adapter knows.
        var open = names.Where(n => !decided.ContainsKey(n)).ToList();
        foreach (var group in open.GroupBy(n => !uses.Any(u => u.Name == n && !u.IsPinned)).OrderBy(g => g.Key).Select(g => g.ToList()))
        {
            if (group.Count == free.Count)
            {
                var reason = group.Count == 1 ? AssignmentReason.OnlyOne : AssignmentReason.Order;
                foreach (var (name, adapter) in group.Zip(free.ToList()))
                {
                    Assign(name, adapter, reason);
                }
            }
        }

        // 4. Names that count the adapters themselves.
        foreach (var name in open.Where(n => !decided.ContainsKey(n) && uses.Any(u => u.Name == n && !u.IsPinned)))
        {
            if (KernelName().Match(name) is { Success: true } match
                && int.TryParse(match.Groups["number"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && free.Contains(number))
            {
                Assign(name, number, AssignmentReason.Order);
            }
        }

        return [.. names.Select(n => decided.TryGetValue(n, out var assignment) ? assignment : new InterfaceAssignment(n, null, AssignmentReason.Undecided))];
    }

    /// <summary>
    /// pciSlotNumber holds the slot in its low ten bits and the bridge's function above; Linux shows their sum: 192 is ens192, 1184 (160 on
    /// function 1) is ens161.
    /// </summary>
    private static string SlotName(int slot) => ((slot & 0x3FF) + (slot >> 10)).ToString(CultureInfo.InvariantCulture);

    /// <summary>
    /// VMware fills the slots 160, 192, 224, 256 first and goes through them again for the bridges' next function (161, 193, ...). eno's and eth's
    /// numbers rise with the adapters.
    /// </summary>
    private static int CompareNames(string a, string b)
    {
        var (x, y) = (Key(a), Key(b));
        var order = string.CompareOrdinal(x.Prefix, y.Prefix);
        order = order != 0 ? order : x.Function.CompareTo(y.Function);
        order = order != 0 ? order : x.Number.CompareTo(y.Number);
        return order != 0 ? order : Inspection.NaturalOrder.Compare(a, b);

        static (string Prefix, long Function, long Number) Key(string name)
        {
            var match = NumberedName().Match(name);
            if (!match.Success || !long.TryParse(match.Groups["number"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                return (name, 0, 0);
            }

            var isSlot = match.Groups["prefix"].Value == "ens" && number >= 160;
            return (match.Groups["prefix"].Value, isSlot ? number % 32 : 0, number);
        }
    }

    [GeneratedRegex(@"^ens(?<slot>[0-9]{1,5})\z")]
    private static partial Regex HotplugSlot();

    [GeneratedRegex(@"^eth(?<number>[0-9]{1,3})\z")]
    private static partial Regex KernelName();

    [GeneratedRegex(@"^(?<prefix>eth|ens|eno|em)(?<number>[0-9]{1,12})\z")]
    private static partial Regex NumberedName();
}
