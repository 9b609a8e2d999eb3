using System.Globalization;
using V2V.Engine.Sources;
using V2V.Engine.Targets;

namespace V2V.Benchmarks;

/// <summary>What to measure.</summary>
internal sealed record BenchmarkOptions
{
    private const string Usage =
        "usage: V2V.Benchmarks --source guest.vmx|guest.ova|disk.vmdk [--format qcow2|raw] [--compression none|zlib|zstd] "
        + "[--runs N] [--peer virt-v2v] [--work FOLDER]";

    public required string Source { get; init; }

    public required SourceGuest Guest { get; init; }

    public ImageFormat Format { get; init; } = ImageFormat.Qcow2;

    public ImageCompression Compression { get; init; }

    public int Runs { get; init; } = 5;

    public bool WithVirtV2v { get; init; }

    /// <summary>Where targets are written; on the disk that is to be measured.</summary>
    public string WorkFolder { get; init; } = Path.Combine(Path.GetTempPath(), "v2v-benchmarks");

    public static BenchmarkOptions Parse(string[] args)
    {
        var values = new Dictionary<string, string>();
        for (var i = 0; i < args.Length; i += 2)
        {
            if (i + 1 == args.Length || args[i] is not ("--source" or "--format" or "--compression" or "--runs" or "--peer" or "--work"))
            {
                throw new ArgumentException(Usage);
            }

            values[args[i]] = args[i + 1];
        }

        if (!values.TryGetValue("--source", out var source) || values.GetValueOrDefault("--peer", "virt-v2v") != "virt-v2v")
        {
            throw new ArgumentException(Usage);
        }

        source = Path.GetFullPath(source);
        var guests = GuestSources.Open(source);
        if (guests is not [{ Disks.Count: 1 } guest])
        {
            throw new ArgumentException($"{source}: qemu-img converts one disk, so only guests with one disk can be compared.");
        }

        var defaults = new BenchmarkOptions { Source = source, Guest = guest };
        return defaults with
        {
            Format = Enum.Parse<ImageFormat>(values.GetValueOrDefault("--format", "qcow2"), ignoreCase: true),
            Compression = Enum.Parse<ImageCompression>(values.GetValueOrDefault("--compression", "none"), ignoreCase: true),
            Runs = int.Parse(values.GetValueOrDefault("--runs", "5"), CultureInfo.InvariantCulture),
            WithVirtV2v = values.ContainsKey("--peer"),
            WorkFolder = values.GetValueOrDefault("--work", defaults.WorkFolder),
        };
    }
}
