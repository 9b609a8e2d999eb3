namespace V2V.Engine.Sources;

/// <summary>
/// A guest's memory as its descriptor gives it, judged by what machines have. Who writes a number of KiB where MiB are meant, or counts in GiB
/// what is in MiB, describes a guest with a thousand times its memory, which no host can start.
/// </summary>
internal static class MemorySize
{
    public const long DefaultMiB = 2048;

    private const long MiB = 1 << 20;

    /// <summary>The most that a guest can have in vSphere 7 and 8; no other hypervisor allows more.</summary>
    private const long MaximumMiB = 24L << 20;

    /// <summary>Guests below this are never doubted: an ordinary host has as much.</summary>
    private const long UndoubtedMiB = 512L << 10;

    /// <summary>Machines with the most memory for each CPU that clouds offer have 112 GiB.</summary>
    private const long MaximumMiBPerCpu = 128L << 10;

    /// <summary>MiB, rounded up; what makes no sense is replaced, and said so.</summary>
    /// <param name="path">What messages call the descriptor.</param>
    /// <param name="written">The size as it stands there, with its unit: "1024 GiB"; null when there is none.</param>
    /// <param name="bytes">The same in bytes; null when it is no size.</param>
    /// <param name="cpus">How many CPUs the guest has.</param>
    /// <param name="concerns">Takes what there is to say.</param>
    public static long Read(string path, string? written, long? bytes, int cpus, List<Concern> concerns)
    {
        const string Advice = "Set it with -MemoryMiB.";
        if (written is null || bytes is not > 0)
        {
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "MemoryNotTold",
                $"{path} gives {(written is null ? "no memory size" : $"the memory size \"{Short(written)}\", which makes no sense")}; {DefaultMiB} MiB are taken.", Advice));
            return DefaultMiB;
        }

        var size = ((bytes.Value - 1) / MiB) + 1;
        if (IsPlausible(size, cpus))
        {
            return size;
        }

        // Units that are mistaken for each other are neighbours, or bytes and MiB.
        foreach (var factor in new[] { 1L << 10, 1L << 20 })
        {
            if (size % factor == 0 && IsPlausible(size / factor, cpus))
            {
                concerns.Add(new Concern(
                    ConcernSeverity.Warning, "MemoryUnitDoubtful",
                    $"{path} gives the guest \"{Short(written)}\" of memory, {size} MiB with {cpus} CPU: more than any such machine has. "
                    + $"The unit is taken for a mistake, and {size / factor} MiB are used.", Advice));
                return size / factor;
            }
        }

        var taken = size <= MaximumMiB ? size : DefaultMiB;
        concerns.Add(new Concern(
            ConcernSeverity.Warning, "MemoryDoubtful",
            $"{path} gives the guest \"{Short(written)}\" of memory, {size} MiB with {cpus} CPU: more than any such machine has. {taken} MiB are used.", Advice));
        return taken;
    }

    private static bool IsPlausible(long size, int cpus) =>
        size is >= 1 and <= MaximumMiB && (size < UndoubtedMiB || size / Math.Max(cpus, 1) <= MaximumMiBPerCpu);

    private static string Short(string text) => text.Length <= 40 ? text : text[..40] + "...";
}
