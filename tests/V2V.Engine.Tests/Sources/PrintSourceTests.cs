using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace V2V.Engine.Tests.Sources;

/// <summary>
/// V2V's view of the samples and that of <c>virt-v2v --print-source</c> are the same, but for the improvements of docs/sources.md. The
/// differences of a sample stand in its virt-v2v.txt, one a line: fact, virt-v2v's view, V2V's view, name of the improvement (or names).
/// V2V_UPDATE_EXPECTED=1 writes these files anew, with "?" for the names of new differences.
/// </summary>
public sealed partial class PrintSourceTests
{
    /// <summary>Later versions read more; what differs from them is another list.</summary>
    private const string Version = "virt-v2v 2.2.";

    private static readonly bool IsUpdate = Environment.GetEnvironmentVariable("V2V_UPDATE_EXPECTED") == "1";

    public static TheoryData<string> Names() => [.. SourceSample.Names.Where(n => SourceSample.InputMode(n) is not null)];

    [Theory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(Names))]
    public void Virt_v2v_reads_the_same_but_for_the_improvements(string name)
    {
        ExternalTool.Need("virt-v2v", "nbdkit");
        Assert.SkipUnless(ExternalTool.Check("virt-v2v", "--version").StartsWith(Version, StringComparison.Ordinal), $"needs {Version}x");
        using var sample = SourceSample.Make(name);
        var ours = PrintedSource.Of(Assert.Single(sample.Open()));
        var mode = SourceSample.InputMode(name)!;
        if (mode == "libvirtxml")
        {
            // It looks for disks nowhere but at their full paths.
            File.WriteAllText(sample.SourcePath, SourcePath().Replace(
                File.ReadAllText(sample.SourcePath), m => $"{m.Groups["name"].Value}='{sample.Folder[m.Groups["file"].Value]}'"));
        }

        // An OVF is given as the folder that holds it.
        var path = sample.SourcePath.EndsWith(".ovf", StringComparison.Ordinal) ? sample.Folder.Path : sample.SourcePath;
        var (exitCode, printed) = ExternalTool.Run("virt-v2v", "-i", mode, path, "--print-source", "-o", "local", "-os", sample.Folder.Path);
        printed = Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(printed))
            .Replace(sample.Folder.Path, "FOLDER", StringComparison.Ordinal).Replace(Path.GetFileName(sample.Folder.Path), "FOLDER", StringComparison.Ordinal);
        var theirs = exitCode == 0 ? PrintedSource.Parse(printed) : null;
        Expect(name, theirs is null
            ? [("refused", Error().Match(printed).Groups[1].Value, "")]
            : ours.Keys.Union(theirs.Keys).Order(StringComparer.Ordinal)
                .Select(k => (k, Text(theirs, k), Text(ours, k))).Where(d => d.Item2 != d.Item3));
    }

    [Fact]
    public void Every_improvement_is_one_of_the_docs_and_every_one_of_the_docs_has_a_sample()
    {
        var used = SourceSample.Names.SelectMany(n => Read(n)).SelectMany(d => d.Improvement.Split(", ")).Distinct().Order(StringComparer.Ordinal);
        var documented = Row().Matches(File.ReadAllText(Docs())).Select(m => m.Groups[1].Value).Order(StringComparer.Ordinal);
        Assert.Equal(documented, used);
    }

    private static string Text(SortedDictionary<string, string> facts, string key) => facts.GetValueOrDefault(key, "(not told)");

    private static void Expect(string name, IEnumerable<(string Fact, string Theirs, string Ours)> found)
    {
        var kept = Read(name).ToList();
        if (IsUpdate)
        {
            var lines = found.Select(d => $"{d.Fact} | {d.Theirs} | {d.Ours} | {kept.Find(k => k.Fact == d.Fact).Improvement ?? "?"}").ToArray();
            File.Delete(SourceSample.DifferencesPath(name));
            if (lines.Length > 0)
            {
                File.WriteAllLines(SourceSample.DifferencesPath(name), lines);
            }

            return;
        }

        Assert.Equal(kept.Select(k => $"{k.Fact} | {k.Theirs} | {k.Ours}"), found.Select(d => $"{d.Fact} | {d.Theirs} | {d.Ours}"));
    }

    private static IEnumerable<(string Fact, string Theirs, string Ours, string Improvement)> Read(string name) =>
        from line in File.Exists(SourceSample.DifferencesPath(name)) ? File.ReadAllLines(SourceSample.DifferencesPath(name)) : []
        let columns = line.Split(" | ")
        select (columns[0], columns[1], columns[2], columns[3]);

    private static string Docs([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../docs/sources.md"));

    [GeneratedRegex(@"(?<name>\b(file|dev))='[^']*[/ ](?<file>[^'/]+)'(?=/>\s*<(backingStore|target))")]
    private static partial Regex SourcePath();

    [GeneratedRegex("^virt-v2v: error: (.*)$", RegexOptions.Multiline)]
    private static partial Regex Error();

    [GeneratedRegex(@"^\| `([a-z0-9-]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
