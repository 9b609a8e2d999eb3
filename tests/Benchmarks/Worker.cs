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
            case ["copy", var source, var output, var format, var compression]:
                Copy(source, output, Enum.Parse<ImageFormat>(format), Enum.Parse<ImageCompression>(compression));
                break;
            case ["convert", var source, var output, var format, var compression]:
                Convert(source, output, Enum.Parse<ImageFormat>(format), Enum.Parse<ImageCompression>(compression));
                break;
            default:
                throw new ArgumentException($"Unknown work: {string.Join(' ', args)}");
        }
    }

    private static void Copy(string source, string output, ImageFormat format, ImageCompression compression)
    {
        var watch = Stopwatch.StartNew();
        using var disk = GuestSources.Open(source)[0].Disks[0].Open();
        Lap("open");
        var plan = CopyPlan.Create(disk, [], ImageWriters.Granularity(format));
        Lap("plan");
        using var writer = ImageWriters.Create(output, format, disk.Length, compression, createNew: true);
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

    private static void Convert(string source, string output, ImageFormat format, ImageCompression compression)
    {
        var guest = GuestSources.Open(source)[0];
        using var target = new DirectoryTarget(output);
        var result = new GuestConversion(guest, new ConversionOptions { Format = format, Compression = compression }).Convert(target);
        foreach (var phase in result.Phases)
        {
            Print(phase.Name, TimeSpan.FromSeconds(phase.Seconds));
        }
    }

    private static void Print(string phase, TimeSpan time) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{phase}\t{time.TotalSeconds}"));
}
