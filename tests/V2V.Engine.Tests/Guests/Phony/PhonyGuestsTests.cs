using System.Runtime.CompilerServices;
using V2V.Engine.Conversion;
using V2V.Engine.Inspection;
using V2V.Engine.Tests.Conversion.Windows;
using V2V.Engine.Tests.FileSystems;
using Xunit;

namespace V2V.Engine.Tests.Guests.Phony;

/// <summary>
/// Small guests of every distribution (tests/Guests/phony): what is found in each, and every line that a conversion changes, is what the files
/// beside its recipe say. V2V_UPDATE_EXPECTED=1 writes these files anew, to be read before they are kept.
/// </summary>
public sealed class PhonyGuestsTests
{
    private static readonly bool IsUpdate = Environment.GetEnvironmentVariable("V2V_UPDATE_EXPECTED") == "1";

    public static TheoryData<string> Names() =>
        [.. Directory.EnumerateFiles(Folder(), "*.guest").Select(f => Path.GetFileNameWithoutExtension(f)).Where(n => !IsWindows(n)).Order(StringComparer.Ordinal)];

    public static TheoryData<string> WindowsNames() =>
        [.. Directory.EnumerateFiles(Folder(), "win-*.guest").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)];

    private static bool IsWindows(string name) => name.StartsWith("win-", StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(Names))]
    public void Inspection_finds_the_facts_and_a_conversion_makes_exactly_the_expected_changes(string name)
    {
        using var phony = PhonyLinux.Build(File.ReadAllText(Path.Combine(Folder(), name + ".guest")));

        var guest = phony.Inspect();
        var concerns = GuestChecks.Run(guest, phony.Source);
        Expect(name + ".facts", PhonyReport.Facts(guest, concerns));

        Expect(name + ".changes", Convert(phony, guest, concerns));
    }

    [Theory]
    [MemberData(nameof(WindowsNames))]
    public void Inspection_finds_the_facts_of_a_Windows(string name)
    {
        using var phony = PhonyLinux.Build(File.ReadAllText(Path.Combine(Folder(), name + ".guest")));

        var guest = phony.Inspect();
        Expect(name + ".facts", PhonyReport.Facts(guest, GuestChecks.Run(guest, phony.Source)));
    }

    /// <summary>Windows guests with drivers for them, and with none where that is allowed. Files of drivers are listed in other tests.</summary>
    [Theory]
    [MemberData(nameof(WindowsNames))]
    public void A_conversion_of_a_Windows_makes_exactly_the_expected_changes(string name)
    {
        string[] versions = ["xp", "2k3", "w7", "2k8R2", "2k12R2", "w10", "2k16", "2k19", "2k22", "w11", "2k25"];
        using var drivers = DriverTree.Create(versions);
        drivers.AddDrivers(versions, "x86");
        using var none = DriverTree.Create(["2k12"], "ARM64");
        Expect(
            name + ".changes",
            ConvertWindows(name, new ConversionOptions { DriverSource = drivers.Path })
            + "\n-AllowNoDrivers, of which there are none:\n"
            + ConvertWindows(name, new ConversionOptions { DriverSource = none.Path, AllowNoDrivers = true }));
    }

    private static string ConvertWindows(string name, ConversionOptions options)
    {
        using var phony = PhonyLinux.Build(File.ReadAllText(Path.Combine(Folder(), name + ".guest")));
        var guest = phony.Inspect();
        var lines = Convert(phony, guest, GuestChecks.Run(guest, phony.Source), options).Replace(options.DriverSource!, "DRIVERS", StringComparison.Ordinal).Split('\n');
        return string.Join('\n', lines.Where(l => !l.StartsWith(@"created C:\Windows\Drivers\VirtIO\", StringComparison.OrdinalIgnoreCase)));
    }

    /// <summary>The same through everything that lies between a disk and its files, which is written and read back.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    [Trait("Category", "Slow")]
    public void On_a_real_disk_the_changes_are_the_same(string name)
    {
        Assert.SkipWhen(IsUpdate, "writes no expected files");
        var expected = File.ReadAllLines(Path.Combine(Folder(), name + ".changes"));
        Assert.SkipWhen(expected[0].StartsWith("refused", StringComparison.Ordinal), $"{name} is refused");
        using var phony = PhonyLinux.Build(File.ReadAllText(Path.Combine(Folder(), name + ".guest")));
        using var disk = new PhonyDisk(phony);

        // The steps do not know of a target: what is said of one is left out.
        var options = new ConversionOptions { NetworkRules = [new NetworkRule(null, IsBridge: false, "default")] };
        var assessment = new GuestConversion(disk.Source, options).Assess(cancellation: TestContext.Current.CancellationToken);
        assessment = assessment with { Concerns = [.. assessment.Concerns.Where(c => c.Id != "TargetNotAsked")] };

        var concerns = File.ReadLines(Path.Combine(Folder(), name + ".facts"))
            .Where(l => l.StartsWith("warning ", StringComparison.Ordinal) || l.StartsWith("information ", StringComparison.Ordinal));
        Assert.True(assessment.Convertible, string.Join('\n', assessment.Concerns));
        Assert.Equal(
            string.Join('\n', concerns.Concat(expected.Where(l => !l.StartsWith(' '))).Order(StringComparer.Ordinal)),
            string.Join('\n', PhonyReport.Changes(assessment).Order(StringComparer.Ordinal)));
    }

    private static string Convert(PhonyLinux phony, InspectedGuest guest, IReadOnlyList<Concern> concerns, ConversionOptions? options = null)
    {
        if (concerns.Any(c => c.Severity == ConcernSeverity.Critical))
        {
            return "refused\n";
        }

        var before = guest.Root.Mounts.SelectMany(m => ((MemoryFileSystem)m.FileSystem).Files().Select(f => (Path: m.MountPoint.TrimEnd('/') + f.Path, f.Content)))
            .DistinctBy(f => f.Path).ToDictionary(f => f.Path, f => f.Content);
        var hardware = new TargetHardware { Firmware = guest.Firmware };
        foreach (var adapter in phony.Source.NetworkAdapters)
        {
            hardware.MacAddresses.Add(adapter.MacAddress!);
        }

        using var context = new ConversionContext(guest, phony.Source, hardware, TestContext.Current.CancellationToken) { Options = options ?? new ConversionOptions() };
        try
        {
            foreach (var step in ConversionSteps.All.Where(s => s.AppliesTo(guest)))
            {
                step.Apply(context);
            }
        }
        catch (V2VException e)
        {
            return $"refused: {e.Message}\nadvice: {e.Advice}\n";
        }

        return PhonyReport.Changes(context, before);
    }

    private static void Expect(string file, string actual)
    {
        var path = Path.Combine(Folder(), file);
        if (IsUpdate)
        {
            File.WriteAllText(path, actual);
            return;
        }

        Assert.True(File.Exists(path), $"{file} is missing; V2V_UPDATE_EXPECTED=1 writes it.");
        var expected = File.ReadAllText(path);
        Assert.True(expected == actual, $"{file} says otherwise:\n{string.Join('\n', TextDifference.Between(expected, actual))}");
    }

    private static string Folder([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../Guests/phony"));
}
