using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using V2V.Engine.Sources;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Sources;

/// <summary>
/// A guest as some product writes it: a folder of Samples with its descriptors and a recipe, which says how to make the disks and how to pack
/// everything. Made anew in a temporary folder each time, which goes when it is disposed. Samples/README.md has the recipes' words.
/// </summary>
internal sealed partial class SourceSample : IDisposable
{
    private const string RecipeName = "recipe";
    private const string ExpectedName = "expected.txt";
    private const string DifferencesName = "virt-v2v.txt";

    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _allowed = [];
    private string? _path;
    private string? _system;

    private SourceSample(string name, string? system)
    {
        Name = name;
        _system = system;
    }

    public string Name { get; }

    public TemporaryFolder Folder => _folder;

    /// <summary>What V2V is given.</summary>
    public string SourcePath => _path ?? throw new InvalidDataException($"The recipe of {Name} has no line \"open\".");

    public SourceOptions Options => new() { AllowDiskFolders = _allowed };

    public static string[] Names => [.. Directory.EnumerateFiles(Root(), RecipeName, SearchOption.AllDirectories).Select(f => Path.GetFileName(Path.GetDirectoryName(f)!)).Order(StringComparer.Ordinal)];

    /// <summary>The readable values of a sample.</summary>
    public static string ExpectedPath(string name) => Path.Combine(Root(), name, ExpectedName);

    /// <summary>What virt-v2v reads otherwise; there need not be such a file.</summary>
    public static string DifferencesPath(string name) => Path.Combine(Root(), name, DifferencesName);

    /// <summary>The name of what V2V is given.</summary>
    public static string Opened(string name) => File.ReadLines(Path.Combine(Root(), name, RecipeName)).Last(l => l.StartsWith("open ", StringComparison.Ordinal))[5..].Trim('"');

    /// <summary>virt-v2v's word for sources of this kind, or null if it reads none.</summary>
    public static string? InputMode(string name) => Path.GetExtension(Opened(name)) switch
    {
        ".vmx" => "vmx",
        ".ova" or ".ovf" => "ova",
        ".xml" when File.ReadAllText(Path.Combine(Root(), name, Path.GetFileName(Opened(name)))).Contains("<domain", StringComparison.Ordinal) => "libvirtxml",
        _ => null,
    };

    /// <summary>A descriptor of a sample, to be edited.</summary>
    public static string Read(string name, string file) => File.ReadAllText(Path.Combine(Root(), name, file));

    /// <summary>Follows the recipe. Skips the test if a program that it names is missing.</summary>
    /// <param name="name">The sample.</param>
    /// <param name="system">A raw disk whose content the first disk of the recipe gets; null makes all of them empty.</param>
    public static SourceSample Make(string name, string? system = null)
    {
        var sample = new SourceSample(name, system);
        try
        {
            sample.FollowRecipe();
            return sample;
        }
        catch
        {
            sample.Dispose();
            throw;
        }
    }

    public IReadOnlyList<SourceGuest> Open() => GuestSources.Open(SourcePath, Options, TestContext.Current.CancellationToken);

    public void Dispose() => _folder.Dispose();

    private void FollowRecipe()
    {
        var folder = Path.Combine(Root(), Name);
        foreach (var file in Directory.EnumerateFiles(folder).Where(f => Path.GetFileName(f) is not (RecipeName or ExpectedName or DifferencesName)))
        {
            File.Copy(file, _folder[Path.GetFileName(file)]);
        }

        foreach (var line in File.ReadLines(Path.Combine(folder, RecipeName)))
        {
            string[] words = [.. Words().Matches(line).Select(m => m.Groups["quoted"].Success ? m.Groups["quoted"].Value : m.Value)];
            if (words.Length > 0 && words[0][0] != '#')
            {
                Follow(words[0], words[1..]);
            }
        }
    }

    private void Follow(string word, string[] rest)
    {
        switch (word)
        {
            case "open":
                _path = _folder[rest[0]];
                break;
            case "allow":
                _allowed.Add(_folder[rest[0]]);
                break;
            case "flat":
                SampleDisks.WriteFlat(_folder, rest[0], Size(rest[1]), TakeSystem(Size(rest[1])));
                break;
            case "blocks":
                SampleDisks.WriteBlocks(_folder, rest[0], long.Parse(rest[1], CultureInfo.InvariantCulture), TakeSystem(0));
                break;
            case "qemu-img" when rest[0] == "create" && !rest.Contains("-b") && TakeSystem(Size(rest[^1])) is { } system:
                // "create -q -f FORMAT [-o OPTIONS] NAME SIZE"
                Run(word, ["convert", "-f", "raw", "-O", .. rest[3..^2], system, rest[^2]]);
                break;
            case "truncate" when TakeSystem(Size(rest[1])) is { } system:
                File.Move(system, _folder[rest[2]]);
                Array.ForEach(rest[3..], other => Run(word, [rest[0], rest[1], other]));
                break;
            case "delta":
                SampleDisks.WriteDelta(_folder, rest[0], rest[1]);
                break;
            case "manifest":
                File.WriteAllLines(_folder[rest[0]], rest[2..].Select(f => $"{rest[1]}({f})= {Digest(rest[1], f)}"));
                break;
            default:
                // Any other line is a command.
                Run(word, rest);
                break;
        }
    }

    /// <summary>Runs a program in the folder.</summary>
    private void Run(string program, string[] arguments)
    {
        ExternalTool.Need(program);
        ExternalTool.Check("env", ["-C", _folder.Path, program, .. arguments]);
    }

    /// <summary>A copy of the system's disk, of that size at least, for the first disk that asks; null for the others.</summary>
    private string? TakeSystem(long size)
    {
        if (_system is null)
        {
            return null;
        }

        var copy = _folder["system.raw"];
        ExternalTool.Check("cp", "--sparse=always", _system, copy);
        using var file = File.OpenWrite(copy);
        file.SetLength(Math.Max(size, file.Length));
        _system = null;
        return copy;
    }

    private string Digest(string algorithm, string file)
    {
        using var stream = File.OpenRead(_folder[file]);
        return Convert.ToHexStringLower(CryptographicOperations.HashData(new HashAlgorithmName(algorithm), stream));
    }

    /// <summary>"8M" as qemu-img has it.</summary>
    private static long Size(string text) => char.IsAsciiDigit(text[^1])
        ? long.Parse(text, CultureInfo.InvariantCulture)
        : long.Parse(text[..^1], CultureInfo.InvariantCulture) << (10 * (1 + "KMG".IndexOf(text[^1], StringComparison.Ordinal)));

    private static string Root([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "Samples");

    [GeneratedRegex("""
        "(?<quoted>[^"]*)"|[^\s"]+
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Words();
}
