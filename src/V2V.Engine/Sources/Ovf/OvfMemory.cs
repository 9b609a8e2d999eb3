namespace V2V.Engine.Sources.Ovf;

/// <summary>The guest's memory. Writers of OVF get its unit wrong more often than the number.</summary>
internal static class OvfMemory
{
    private const long MiB = 1 << 20;

    /// <summary>Less is a mistake: nothing that is exported as OVF runs in it.</summary>
    private const long Least = 8 * MiB;

    private const long LeastGuess = 64 * MiB;

    private static readonly (string Name, long Unit)[] LargerUnits = [("KiB", 1L << 10), ("MiB", MiB), ("GiB", 1L << 30)];

    /// <summary>Memory in MiB.</summary>
    public static long Read(OvfDescriptor descriptor, int cpus, List<Concern> concerns)
    {
        var path = descriptor.Path;
        if (descriptor.Items.FirstOrDefault(i => i.ResourceType == OvfResource.Memory) is not { Quantity: { } quantity } item)
        {
            return MemorySize.Read(path, written: null, bytes: null, cpus, concerns);
        }

        // Items without a unit come from writers that mean MiB, whatever the standard says.
        var unit = item.Units is null ? MiB : OvfUnits.Parse(item.Units);
        if (unit is null)
        {
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "MemoryUnitUnknown", $"{path} gives the memory in \"{item.Units}\", which is unknown; MiB are taken."));
            unit = MiB;
        }

        var written = $"{quantity} x {item.Units ?? "MiB"}";
        var bytes = OvfUnits.ToBytes(quantity, unit.Value);
        return bytes is > 0 and < Least && TryGuess(path, written, quantity, unit.Value, concerns, out var guess)
            ? guess
            : MemorySize.Read(path, written, bytes, cpus, concerns);
    }

    /// <summary>The smallest larger unit that makes a machine of a number too small for one.</summary>
    private static bool TryGuess(string path, string written, long quantity, long unit, List<Concern> concerns, out long guess)
    {
        foreach (var (name, larger) in LargerUnits.Where(u => u.Unit > unit))
        {
            if (OvfUnits.ToBytes(quantity, larger) is { } bytes && bytes >= LeastGuess)
            {
                guess = bytes / MiB;
                concerns.Add(new Concern(
                    ConcernSeverity.Warning, "MemoryUnitDoubtful",
                    $"{path} gives the guest \"{written}\" of memory, less than any such machine has. The unit is taken for a mistake: {quantity} {name}, {guess} MiB, are used.",
                    "Set the memory of the converted guest."));
                return true;
            }
        }

        guess = 0;
        return false;
    }
}
