using System.Diagnostics;
using System.Globalization;
using V2V.Engine;
using V2V.Engine.Sources;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Directory;
using V2V.Engine.Targets.Images;

namespace V2V.Benchmarks;

/// <summary>
/// What is measured of V2V, run in a process of its own so that start-up, compilation and memory count. It prints one line a phase:
/// name, tab, seconds.
/// </summary>
internal static class Worker
{
    public const string Verb = "--worker";

    public static void Run(string[] args)
    {
        using var self = Process.GetCurrentProcess();
        Print("start-up", DateTime.Now - self.StartTime);
        switch (args)
        {
            case ["copy" or "copy-unflushed", var source, var output, var format, var compression]:
                Copy(source, output, Enum.Parse<ImageFormat>(format), Enum.Parse<ImageCompression>(compression), isFlushed: args[0] == "copy");
                break;
            case ["convert", var source, var output, var format, var compression, var drivers]:
                Convert(source, output, Enum.Parse<ImageFormat>(format), Enum.Parse<ImageCompression>(compression), drivers.Length > 0 ? drivers : null);
                break;
            case ["fleet", var source, var output, var guests, var atOnce]:
                Fleet(source, output, Number(guests), Number(atOnce));
                break;
            case ["inspect", var source, var guests, var atOnce]:
                Inspect(source, Number(guests), Number(atOnce));
                break;
            default:
                throw new ArgumentException($"Unknown work: {string.Join(' ', args)}");
        }
    }

    private static void Copy(string source, string output, ImageFormat format, ImageCompression compression, bool isFlushed)
    {
        var watch = Stopwatch.StartNew();
        using var disk = GuestSources.Open(source)[0].Disks[0].Open();
        Lap("open");
        var plan = CopyPlan.Create(disk, [], ImageWriters.Granularity(format));
        Lap("plan");
        using var writer = isFlushed
            ? ImageWriters.Create(output, format, disk.Length, compression, createNew: true)
            : ImageWriters.Create(new UnflushedFile(output), new TargetDiskRequest(output, format, disk.Length, 0, compression, ImageAllocation.Sparse));
        DiskCopier.Copy(plan, writer, new CopyOptions());
        Lap("copy");
        writer.Complete();
        Lap("complete");

        void Lap(string phase)
        {
            Print(phase, watch.Elapsed);
            watch.Restart();
        }
    }

    private static void Convert(string source, string output, ImageFormat format, ImageCompression compression, string? drivers)
    {
        var guest = GuestSources.Open(source)[0];
        using var target = new DirectoryTarget(output);
        var options = new ConversionOptions { Format = format, Compression = compression, DriverSource = drivers };
        foreach (var phase in new GuestConversion(guest, options).Convert(target).Phases)
        {
            Print(phase.Name, TimeSpan.FromSeconds(phase.Seconds));
        }
    }

    /// <summary>The same guest under as many names, as a pipeline of guests converts them.</summary>
    private static void Fleet(string source, string output, int guests, int atOnce)
    {
        var watch = Stopwatch.StartNew();
        Parallel.For(0, guests, new ParallelOptions { MaxDegreeOfParallelism = atOnce }, i =>
        {
            using var target = new DirectoryTarget(output);
            var options = new ConversionOptions { Name = string.Create(CultureInfo.InvariantCulture, $"guest{i + 1}") };
            new GuestConversion(GuestSources.Open(source)[0], options).Convert(target);
        });
        Print("a guest", watch.Elapsed / guests);
    }

    /// <summary>Opens and inspects a guest again and again: what an assessment needs that does not try the conversion.</summary>
    private static void Inspect(string source, int guests, int atOnce)
    {
        var watch = Stopwatch.StartNew();
        InspectOnce();
        Print("the first", watch.Elapsed);
        watch.Restart();
        if (guests > 1)
        {
            Parallel.For(1, guests, new ParallelOptions { MaxDegreeOfParallelism = atOnce }, _ => InspectOnce());
            Print("each other", watch.Elapsed / (guests - 1));
        }

        void InspectOnce()
        {
            using var opened = OpenedGuest.Open(GuestSources.Open(source)[0], new ConversionOptions(), CancellationToken.None);
            opened.Inspect(root: null, CancellationToken.None);
        }
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static void Print(string phase, TimeSpan time) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{phase}\t{time.TotalSeconds}"));
}
