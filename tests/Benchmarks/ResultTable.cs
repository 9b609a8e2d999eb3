using System.Runtime.InteropServices;

namespace V2V.Benchmarks;

/// <summary>Prints the measurements as Markdown.</summary>
internal static class ResultTable
{
    public static void Print(
        BenchmarkOptions options,
        IReadOnlyList<Contender> contenders,
        Dictionary<Contender, List<Measurement>> results,
        Dictionary<Contender, long> memory)
    {
        var disk = options.Guest.Disks[0];
        Line($"{Path.GetFileName(options.Source)}: {disk.Format} disk of {MiB(disk.Capacity):0} MiB, {MiB(disk.Allocated ?? 0):0} MiB allocated, "
            + $"to {options.Format}, compression {options.Compression}.");
        Line($"{Environment.ProcessorCount} CPUs, .NET {Environment.Version}, {RuntimeInformation.OSDescription}. "
            + $"Median of {options.Runs} alternating runs (in brackets the fastest), source in the page cache.");
        Line();
        Line($"| | wall s | CPU s | peak MiB | times qemu-img |");
        Line($"|---|---:|---:|---:|---:|");
        var yardstick = Median(results[contenders.First(c => c.IsYardstick)], m => m.WallSeconds);
        foreach (var contender in contenders)
        {
            var runs = results[contender];
            var wall = Median(runs, m => m.WallSeconds);
            Line($"| {contender.Name} | {wall:0.00} ({runs.Min(m => m.WallSeconds):0.00}) | {Median(runs, m => m.CpuSeconds):0.00} "
                + $"| {MiB(memory[contender]):0} | {wall / yardstick:0.00} |");
        }

        Line();
        foreach (var contender in contenders.Where(c => c.PrintsPhases))
        {
            var runs = results[contender];
            var phases = runs[0].Phases.Select((phase, i) =>
                $"{phase.Name} {Median(runs, m => m.Phases[i].Seconds):0.000}");
            Line($"{contender.Name}, seconds by phase: {string.Join(", ", phases)}.");
        }

        Line($"\"Flushes\": returns when the image is on stable storage. The others leave it in the page cache.");
        Line($"Memory, from a run of its own: the resident set of a single process, the sum of the proportional set sizes of several.");
    }

    private static double Median(IEnumerable<Measurement> runs, Func<Measurement, double> value)
    {
        var sorted = runs.Select(value).Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static double MiB(long bytes) => bytes / 1048576.0;

    private static void Line(string text = "") => Console.WriteLine(text);
}
