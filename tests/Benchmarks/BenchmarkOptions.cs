using System.Globalization;
using V2V.Engine.Targets;

namespace V2V.Benchmarks;

/// <summary>What to measure.</summary>
internal sealed record BenchmarkOptions
{
    private const string Usage =
        "usage: V2V.Benchmarks --suite FOLDER [--sections NAME,NAME] [--runs N] [--peer virt-v2v] [--work FOLDER]\n"
        + "       V2V.Benchmarks --source guest.vmx|guest.ova|disk.vmdk [--format qcow2|raw] [--compression none|zlib|zstd] "
        + "[--runs N] [--peer virt-v2v] [--work FOLDER]";

    /// <summary>The one guest to measure with; null for the suite.</summary>
    public string? Source { get; init; }

    /// <summary>Where the suite's guests are, or will be made.</summary>
    public string GuestFolder { get; init; } = "";

    /// <summary>Those of the suite's sections that are wanted, by the beginnings of their titles; all when empty.</summary>
    public IReadOnlyList<string> Sections { get; init; } = [];

    public ImageFormat Format { get; init; } = ImageFormat.Qcow2;

    public ImageCompression Compression { get; init; }

    public int Runs { get; init; } = 5;

    public bool WithVirtV2v { get; init; }

    /// <summary>Where targets are written; on the disk that is to be measured.</summary>
    public string WorkFolder { get; init; } = Path.Combine(Path.GetTempPath(), "v2v-benchmarks");

    public static BenchmarkOptions Parse(string[] args)
    {
        string[] known = ["--suite", "--sections", "--source", "--format", "--compression", "--runs", "--peer", "--work"];
        var values = new Dictionary<string, string>();
        for (var i = 0; i < args.Length; i += 2)
        {
            if (i + 1 == args.Length || !known.Contains(args[i]))
            {
                throw new ArgumentException(Usage);
            }

            values[args[i]] = args[i + 1];
        }

        if (values.ContainsKey("--source") == values.ContainsKey("--suite") || values.GetValueOrDefault("--peer", "virt-v2v") != "virt-v2v")
        {
            throw new ArgumentException(Usage);
        }

        var defaults = new BenchmarkOptions();
        return defaults with
        {
            Source = values.TryGetValue("--source", out var source) ? Path.GetFullPath(source) : null,
            GuestFolder = Path.GetFullPath(values.GetValueOrDefault("--suite", ".")),
            Sections = values.TryGetValue("--sections", out var names) ? names.Split(',') : [],
            Format = Enum.Parse<ImageFormat>(values.GetValueOrDefault("--format", "qcow2"), ignoreCase: true),
            Compression = Enum.Parse<ImageCompression>(values.GetValueOrDefault("--compression", "none"), ignoreCase: true),
            Runs = int.Parse(values.GetValueOrDefault("--runs", "5"), CultureInfo.InvariantCulture),
            WithVirtV2v = values.ContainsKey("--peer"),
            WorkFolder = Path.GetFullPath(values.GetValueOrDefault("--work", defaults.WorkFolder)),
        };
    }
}
