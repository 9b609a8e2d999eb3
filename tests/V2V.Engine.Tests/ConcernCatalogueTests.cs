using System.Reflection;
using System.Text.RegularExpressions;
using Xunit;

namespace V2V.Engine.Tests;

/// <summary>The catalogue of concerns, docs/concerns.md, what the source reports and what is tested are one.</summary>
public sealed partial class ConcernCatalogueTests
{
    /// <summary>Errors of commands that work on no guest.</summary>
    private static readonly string[] NotOfGuests = ["Profile"];

    private static readonly IReadOnlyList<ConcernSource> Sources = ConcernSource.Find();

    [Fact]
    public void Every_concern_of_the_source_is_in_the_catalogue_with_its_severity()
    {
        Assert.True(Sources.Count > 150, $"Only {Sources.Count} places that make a concern were found: what this test looks for is spelled in another way.");
        var faults = new List<string>();
        foreach (var source in Sources.Where(s => !s.IsError))
        {
            if (source.Id is null)
            {
                faults.Add($"{source}: the id has to be a literal or nameof(V2VError...), so that it can be found.");
            }
            else if (ConcernCatalogue.Find(source.Id) is not { } kind)
            {
                faults.Add($"{source}: add new(\"{source.Id}\", [{string.Join(", ", source.Severities)}], \"what it says\") to src/V2V.Engine/ConcernCatalogue.cs, and a line to docs/concerns.md.");
            }
            else if (source.Severities.Except(kind.Severities).ToArray() is { Length: > 0 } more)
            {
                faults.Add($"{source}: add {string.Join(", ", more)} to its severities in src/V2V.Engine/ConcernCatalogue.cs and docs/concerns.md.");
            }
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    [Fact]
    public void Every_error_that_can_end_an_assessment_is_in_the_catalogue()
    {
        var missing = Enum.GetNames<V2VError>().Where(e => !NotOfGuests.Any(n => e.StartsWith(n, StringComparison.Ordinal)) && ConcernCatalogue.Find(e) is null);

        Assert.True(!missing.Any(), $"Add these to src/V2V.Engine/ConcernCatalogue.cs, [Critical], and to docs/concerns.md: {string.Join(", ", missing)}");
    }

    [Fact]
    public void Nothing_is_in_the_catalogue_that_nobody_reports()
    {
        var known = Sources.Select(s => s.Id).OfType<string>().Concat(Enum.GetNames<V2VError>()).ToHashSet(StringComparer.Ordinal);

        Assert.Equal([], ConcernCatalogue.All.Select(k => k.Id).Except(known));
    }

    [Fact]
    public void Only_what_can_be_critical_can_be_ignored() =>
        Assert.All(ConcernCatalogue.All.Where(k => k.CanBeIgnored), k => Assert.Contains(ConcernSeverity.Critical, k.Severities));

    [Fact]
    public void The_documentation_lists_every_concern_with_the_way_out()
    {
        var rows = DocumentedRow().Matches(File.ReadAllText(Path.Combine(ConcernSource.Repository(), "docs/concerns.md"))).ToList();
        Assert.Equal(rows.Count, rows.Select(r => r.Groups["id"].Value).Distinct().Count());
        var documented = rows.ToDictionary(r => r.Groups["id"].Value, r => $"| {r.Groups["id"].Value} | {r.Groups["severity"].Value} | {r.Groups["meaning"].Value} |");
        var faults = ConcernCatalogue.All.Select(Row).Where(row => !documented.ContainsValue(row)).Select(row => $"docs/concerns.md needs the line: {row} the way out |")
            .Concat(documented.Keys.Where(id => ConcernCatalogue.Find(id) is null).Select(id => $"docs/concerns.md lists {id}, which is not in the catalogue."))
            .Concat(rows.Where(r => r.Groups["way"].Value.Trim().Length < 10).Select(r => $"docs/concerns.md says no way out of {r.Groups["id"].Value}."));

        Assert.True(!faults.Any(), string.Join('\n', faults));
    }

    /// <summary>
    /// A test says by an attribute which concerns it makes appear. So do the expected files of the source samples and of the phony guests, whose
    /// lists of concerns are compared with what is found from the first to the last; they also show that whatever they do not list does not appear.
    /// </summary>
    [Fact]
    public void Every_concern_is_shown_by_a_test_and_lacked_by_another()
    {
        var (shows, lacks) = (Tagged<ShowsAttribute>(a => a.Ids), Tagged<LacksAttribute>(a => a.Ids));
        var unknown = shows.Keys.Concat(lacks.Keys).Where(id => ConcernCatalogue.Find(id) is null);
        Assert.True(!unknown.Any(), $"No concern has these ids, which tests are tagged with: {string.Join(", ", unknown)}");

        var (samples, phonies) = (Samples(), Phonies());
        var listed = samples.Concat(phonies).SelectMany(s => s).ToHashSet(StringComparer.Ordinal);
        var faults = new List<string>();
        foreach (var (id, places) in Sources.Where(s => s.Id is not null).GroupBy(s => s.Id!).Select(g => (g.Key, g.Select(s => s.File).ToList())))
        {
            if (!listed.Contains(id) && !shows.ContainsKey(id))
            {
                faults.Add($"{id}: put [Shows(\"{id}\")] before a test that makes it appear (made in src/{places[0]}).");
            }

            var isListedExactly = places.TrueForAll(p => p.Contains("/Sources/", StringComparison.Ordinal) || p.Contains("/Disks/", StringComparison.Ordinal)) ? samples.Exists(s => !s.Contains(id))
                : places.TrueForAll(IsOfTheGuest) && phonies.Exists(s => !s.Contains(id));
            if (!isListedExactly && !lacks.ContainsKey(id))
            {
                faults.Add($"{id}: put [Lacks(\"{id}\")] before a test that finds none of it where there is no reason (made in src/{places[0]}).");
            }
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    /// <summary>An attribute alone shows nothing: the test has to speak of the concern.</summary>
    [Fact]
    public void What_is_tagged_is_spoken_of()
    {
        var files = Directory.EnumerateFiles(Path.Combine(ConcernSource.Repository(), "tests/V2V.Engine.Tests"), "*.cs", SearchOption.AllDirectories)
            .GroupBy(f => Path.GetFileNameWithoutExtension(f)).ToDictionary(g => g.Key, g => File.ReadAllText(g.First()));
        var silent = Tagged<ShowsAttribute>(a => a.Ids).SelectMany(tag => tag.Value.Select(test => (Id: tag.Key, Test: test)))
            .Where(t => !Tag().Replace(files[t.Test.DeclaringType!.Name], "").Contains(t.Id, StringComparison.Ordinal));

        Assert.Empty(silent.Select(t => $"{t.Test.DeclaringType!.Name}.{t.Test.Name} never says {t.Id}"));
    }

    private static bool IsOfTheGuest(string file) =>
        (file.Contains("/Inspection/", StringComparison.Ordinal) || file.Contains("/Conversion/", StringComparison.Ordinal)) && !file.Contains("/AsIs/", StringComparison.Ordinal);

    private static string Row(ConcernKind kind) => $"| {kind.Id} | {string.Join(", ", kind.Severities)}{(kind.CanBeIgnored ? " (can be ignored)" : "")} | {kind.Meaning} |";

    private static Dictionary<string, List<MethodInfo>> Tagged<T>(Func<T, IReadOnlyList<string>> ids) where T : Attribute =>
        typeof(ConcernCatalogueTests).Assembly.GetTypes().SelectMany(t => t.GetMethods())
            .Select(m => (Method: m, Tag: m.GetCustomAttribute<T>())).Where(m => m.Tag is not null && m.Method.GetCustomAttribute<FactAttribute>() is not null)
            .SelectMany(m => ids(m.Tag!).Select(id => (id, m.Method)))
            .GroupBy(m => m.id, m => m.Method, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.ToList());

    private static List<HashSet<string>> Samples() => Expected("tests/V2V.Engine.Tests/Sources/Samples", "expected.txt", SampleLine());

    private static List<HashSet<string>> Phonies() => [.. Expected("tests/Guests/phony", "*.facts", PhonyLine()), .. Expected("tests/Guests/phony", "*.changes", PhonyLine())];

    /// <summary>The ids that each expected file lists.</summary>
    private static List<HashSet<string>> Expected(string folder, string pattern, Regex line) =>
        [.. Directory.EnumerateFiles(Path.Combine(ConcernSource.Repository(), folder), pattern, SearchOption.AllDirectories)
            .Select(f => line.Matches(File.ReadAllText(f)).Select(m => m.Groups[1].Value).ToHashSet(StringComparer.Ordinal))];

    [GeneratedRegex(@"^\| (?<id>[A-Z]\w+) \| (?<severity>(?:Critical|Warning|Information)[^|]*?) \| (?<meaning>[^|]*?) \| (?<way>[^|]*?) \|$", RegexOptions.Multiline)]
    private static partial Regex DocumentedRow();

    [GeneratedRegex(@"^concern: \w+ (\w+)", RegexOptions.Multiline)]
    private static partial Regex SampleLine();

    [GeneratedRegex(@"^(?:critical|warning|information) (\w+):", RegexOptions.Multiline)]
    private static partial Regex PhonyLine();

    [GeneratedRegex(@"\[(?:Shows|Lacks)\([^\]]*\)\]")]
    private static partial Regex Tag();
}
