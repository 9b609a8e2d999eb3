using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace V2V.Benchmarks;

/// <summary>Prints the measurements as Markdown.</summary>
internal static class ResultTable
{
    public static void PrintMachine(BenchmarkOptions options)
    {
        Line($"{DateTime.Now:yyyy-MM-dd}, {Environment.ProcessorCount} CPUs ({Processor()}), {MiB(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes) / 1024:0} GiB, "
            + $"{RuntimeInformation.OSDescription}, kernel {Environment.OSVersion.Version}, .NET {Environment.Version}, {FirstLine("qemu-img", "--version")}, "
            + $"{FirstLine("nbdcopy", "--version")}, {FirstLine("virt-v2v", "--version")}. "
            + $"Medians of {options.Runs} alternating runs (in brackets the fastest), source in the page cache.");
        Line();
    }

    public static void Print(Section section, IReadOnlyList<Result> results)
    {
        Line($"### {section.Title}");
        Line();
        if (section.Note.Length > 0)
        {
            Line(section.Note);
            Line();
        }

        Line($"| | wall s | CPU s | peak MiB | output MiB | times the yardstick |");
        Line($"|---|---:|---:|---:|---:|---:|");
        var yardstick = results.FirstOrDefault(r => r.Contender.IsYardstick) is { } found ? Median(found, m => m.WallSeconds) : double.NaN;
        foreach (var result in results)
        {
            var wall = Median(result, m => m.WallSeconds);
            var ratio = double.IsNaN(yardstick) ? "" : result.Contender.IsYardstick ? "yardstick" : Text($"{wall / yardstick:0.00}");
            Line($"| {result.Contender.Name} | {wall:0.00} ({result.Counted.Min(m => m.WallSeconds):0.00}) | {Median(result, m => m.CpuSeconds):0.00} "
                + $"| {MiB(result.First.PeakMemory):0} | {MiB(result.First.OutputBytes):0.0} | {ratio} |");
        }

        Line();
        foreach (var result in results.Where(r => r.Contender.PrintsPhases))
        {
            var phases = result.Counted[0].Phases.Select((phase, i) => Text($"{phase.Name} {Median(result, m => m.Phases[i].Seconds):0.000}"));
            Line($"{result.Contender.Name}, seconds by phase: {string.Join(", ", phases)}.");
            Line();
        }
    }

    public static void PrintLegend()
    {
        Line($"\"Flushes\": returns when the image is on stable storage. The others leave it in the page cache.");
        Line($"Memory, from a run of its own: the resident set of a single process, the sum of the proportional set sizes of several.");
        Line($"Every copy of a disk compared equal (qemu-img compare), every qcow2 image was clean (qemu-img check).");
    }

    private static double Median(Result result, Func<Measurement, double> value)
    {
        var sorted = result.Counted.Select(value).Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static string Processor() =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "";

    private static string FirstLine(string program, string argument)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, [argument]) { RedirectStandardOutput = true })!;
            return process.StandardOutput.ReadLine() ?? program;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return $"no {program}";
        }
    }

    private static double MiB(long bytes) => bytes / 1048576.0;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static void Line(FormattableString text) => Console.WriteLine(Text(text));

    private static void Line(string text = "") => Console.WriteLine(text);
}
