using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace V2V.Benchmarks;

/// <summary>Runs a contender once and measures it.</summary>
internal static class MeasuredProcess
{
    private static readonly TimeSpan ShortestSample = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestSample = TimeSpan.FromSeconds(1);

    /// <param name="contender">What is run.</param>
    /// <param name="isFirst">Memory is sampled, and what was made is judged; the times do not count.</param>
    public static Measurement Run(Contender contender, bool isFirst)
    {
        Prepare(contender);
        var start = new ProcessStartInfo(contender.Program, contender.Arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in contender.Environment)
        {
            start.Environment[name] = value;
        }

        var cpuBefore = ProcessTree.CpuSecondsOfEndedChildren();
        var watch = Stopwatch.StartNew();
        using var process = Start(start);
        var tree = new ProcessTree(process.Id);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        while (!process.WaitForExit(isFirst ? SampleInterval(watch.Elapsed) : Timeout.InfiniteTimeSpan))
        {
            tree.Sample();
        }

        var wall = watch.Elapsed.TotalSeconds;
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{contender.Name} ended with {process.ExitCode}: {error.GetAwaiter().GetResult()}");
        }

        // Helpers that outlive their parent are not among its ended children, but were seen while they ran.
        var cpu = Math.Max(ProcessTree.CpuSecondsOfEndedChildren() - cpuBefore, tree.SampledCpuSeconds);
        if (isFirst)
        {
            Judge.Check(contender);
        }

        var made = Size(contender.Output);
        if (!contender.KeepsOutput)
        {
            Remove(contender.Output);
        }

        return new Measurement(wall, cpu, tree.PeakMemory, made, contender.PrintsPhases ? Phases(output.GetAwaiter().GetResult()) : []);
    }

    /// <summary>Removes what the last run made and waits until the disk is quiet, so that nobody pays for another's writes.</summary>
    private static void Prepare(Contender contender)
    {
        Remove(contender.Output);
        if (contender.OutputIsFolder)
        {
            Directory.CreateDirectory(contender.Output);
        }

        using var sync = Start(new ProcessStartInfo("sync"));
        sync.WaitForExit();
    }

    private static void Remove(string output)
    {
        if (Directory.Exists(output))
        {
            Directory.Delete(output, recursive: true);
        }
        else if (File.Exists(output))
        {
            File.Delete(output);
        }
    }

    private static long Size(string output) =>
        Directory.Exists(output) ? new DirectoryInfo(output).EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => f.Length)
        : File.Exists(output) ? new FileInfo(output).Length
        : 0;

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException($"{start.FileName} cannot be run: {e.Message}", e);
        }
    }

    // Often for short runs, seldom for long ones: a sample walks the page tables of every process.
    private static TimeSpan SampleInterval(TimeSpan elapsed) =>
        TimeSpan.FromTicks(Math.Clamp(elapsed.Ticks / 50, ShortestSample.Ticks, LongestSample.Ticks));

    private static List<(string, double)> Phases(string output) =>
        [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t'))
            .Select(parts => (parts[0], double.Parse(parts[1], CultureInfo.InvariantCulture)))];
}
