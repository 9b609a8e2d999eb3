namespace V2V.Engine.Sources.Ovf;

/// <summary>
/// The guest's memory. Writers get the unit wrong more often than the number, so an amount that no guest has is taken in the unit that makes sense
/// of it, with a warning.
/// </summary>
internal static class OvfMemory
{
    private const long DefaultMiB = 2048;
    private const long MiB = 1 << 20;

    /// <summary>Beyond this no host goes.</summary>
    private const long Most = 24L << 40;

    /// <summary>So much for each CPU is found nowhere.</summary>
    private const long MostPerCpu = 256L << 30;

    /// <summary>Less is a mistake: nothing that is exported as OVF runs in it.</summary>
    private const long Least = 8 * MiB;

    private const long LeastGuess = 64 * MiB;

    private static readonly (string Name, long Unit)[] Units = [("GiB", 1L << 30), ("MiB", MiB), ("KiB", 1L << 10), ("bytes", 1)];

    /// <summary>Memory in MiB.</summary>
    /// <exception cref="SourceException">The descriptor gives an amount that makes sense in no unit.</exception>
    public static long Read(OvfDescriptor descriptor, int cpus, List<Concern> concerns)
    {
        var item = descriptor.Items.FirstOrDefault(i => i.ResourceType == OvfResource.Memory);
        if (item?.Quantity is not { } quantity || quantity == 0)
        {
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "MemoryNotTold", $"{descriptor.Path} gives no memory size; {DefaultMiB} MiB are taken.", "Set the memory of the converted guest."));
            return DefaultMiB;
        }

        // Items without a unit come from writers that mean MiB, whatever the standard says.
        var unit = item.Units is null ? MiB : OvfUnits.Parse(item.Units);
        if (unit is null)
        {
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "MemoryUnitUnknown", $"{descriptor.Path} gives the memory in \"{item.Units}\", which is unknown; MiB are taken."));
            unit = MiB;
        }

        var bytes = OvfUnits.ToBytes(quantity, unit.Value);
        var most = Math.Min(Most, MostPerCpu * cpus);
        if (bytes is { } told && told >= Least && told <= most)
        {
            return told / MiB;
        }

        // Too much: the largest unit below that makes sense. Too little: the smallest above.
        var units = bytes < Least ? Units.Reverse().Where(u => u.Unit > unit) : Units.Where(u => u.Unit < unit);
        foreach (var (name, other) in units)
        {
            if (OvfUnits.ToBytes(quantity, other) is { } guess && guess >= LeastGuess && guess <= most)
            {
                concerns.Add(new Concern(
                    ConcernSeverity.Warning, "MemoryUnitGuessed",
                    $"{descriptor.Path} gives {quantity} times \"{item.Units ?? "MiB"}\" as memory, which no guest with {cpus} CPUs has; {quantity} {name} are taken, {guess / MiB} MiB.",
                    "Set the memory of the converted guest if that is not right."));
                return guess / MiB;
            }
        }

        throw OvfDescriptor.Invalid(
            descriptor.Path, $"gives {quantity} times \"{item.Units ?? "MiB"}\" as memory, which makes sense in no unit.",
            "Correct rasd:VirtualQuantity and rasd:AllocationUnits of the memory in the descriptor; if there is a manifest (.mf), delete it.");
    }
}
