using System.Globalization;
using System.Management.Automation;
using System.Xml.Linq;
using V2V.Engine;
using V2V.Engine.Conversion;
using V2V.Engine.Sources;

namespace V2V.PowerShell.Tests;

public sealed class ExportV2VReportTests : IDisposable
{
    private readonly Session _session = new();

    private string Target => Path.Combine(_session.Folder, "report.html");

    public void Dispose() => _session.Dispose();

    [Fact]
    public void Assessments_results_and_errors_are_on_one_page()
    {
        var converted = Result("web01", written: 3L << 30, seconds: 75);
        var refused = Assessment("win01", new Concern(ConcernSeverity.Critical, "GuestHibernated", "It sleeps.", "Wake it."));
        var page = Write([converted, Assessment("db01"), refused, Failure("mail01")]);

        Assert.Equal(["4 guests", "1 converted", "1 convertible", "1 refused", "1 failed", "0 warnings"], Tiles(page).Take(6));
        Assert.Contains("3.0 GiB written", Tiles(page));
        Assert.Equal(["web01", "db01", "win01", "mail01"], Texts(page, "h3").TakeLast(4).Select(text => text.Split(' ')[0]));
        Assert.Contains("It sleeps.", page.Value, StringComparison.Ordinal);
        Assert.Contains("TargetFull", Texts(page, "h3")[0], StringComparison.Ordinal);
        Assert.Contains("Make room.", page.Value, StringComparison.Ordinal);
        Assert.Contains(page.Descendants("summary"), summary => summary.Value == "2 changes");
        Assert.Equal(3 + 1, Charts(page).Sum(chart => chart.Count)); // Three guests took time, one wrote.
    }

    /// <summary>A bar is as long as its guest's share of the longest.</summary>
    [Fact]
    public void Bars_have_the_lengths_of_what_they_stand_for()
    {
        var page = Write([Result("a", written: 100, seconds: 10), Result("b", written: 25, seconds: 40)]);
        var charts = Charts(page);
        Assert.Equal(4, charts[0]["b"] / charts[0]["a"], 0.01);
        Assert.Equal(4, charts[1]["a"] / charts[1]["b"], 0.01);
    }

    [Fact]
    public void What_guests_call_themselves_stays_text()
    {
        const string Hostile = "</title><script>alert(1)</script>\"'&\u202eexe\0\ud800\u001b[31m";
        var concern = new Concern(ConcernSeverity.Warning, Hostile, Hostile, Hostile);
        var page = Write([Assessment(Hostile, concern) with { Changes = [new ConversionChange(default, Hostile, Hostile, Hostile)] }, Failure(Hostile)], Hostile);
        Assert.Empty(page.Descendants("script"));
        Assert.Equal("</title><script>alert(1)</script>\"'&\\u202eexe\\u0000\\ud800\\u001b[31m", page.Element("head")!.Element("title")!.Value);
        Assert.True(page.Descendants("code").Count(code => code.Value.StartsWith("</title>", StringComparison.Ordinal)) >= 3);
    }

    [Fact]
    public void A_page_refers_to_nothing_outside_itself()
    {
        var page = Write([Result("web01", written: 1, seconds: 1), Failure("https://esx1/mail01")]);
        Assert.All(
            page.DescendantsAndSelf().Attributes().Where(attribute => attribute.Name.LocalName is "href" or "src" or "action" or "data" or "srcset"),
            attribute => Assert.StartsWith("#guest-", attribute.Value, StringComparison.Ordinal));
        Assert.DoesNotContain(page.Descendants(), element => element.Name.LocalName is "script" or "link" or "img" or "iframe" or "object" or "base");
        var style = page.Descendants("style").Single().Value;
        // Colours are classes; of styles there are only the lengths of bars.
        Assert.All(page.Descendants().Attributes("style"), attribute => Assert.Matches(@"^(--share:[01](\.\d+)?|flex-grow:\d+)$", attribute.Value));
        Assert.All(["url(", "@import", "http"], text => Assert.DoesNotContain(text, style, StringComparison.Ordinal));
        var targets = page.Descendants("a").Select(link => link.Attribute("href")!.Value[1..]).Distinct();
        Assert.Subset(page.Descendants("article").Select(article => article.Attribute("id")?.Value).ToHashSet(), targets.ToHashSet<string?>());
    }

    /// <summary>What Export-Clixml and jobs do with objects.</summary>
    [Fact]
    public void Stored_objects_make_the_same_page()
    {
        object[] objects = [_session.Run("param($p) Test-V2VGuest $p", Repository.SampleGuest).Only<GuestAssessment>(), Result("web02", written: 7 << 20, seconds: 3)];
        var now = Write(objects).Element("body")!.Element("main")!.ToString();
        var stored = _session.Run("param($o) [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($o, 2))", (object)objects).Output;
        var later = Write([.. _session.Run("param($o) $text = [Management.Automation.PSSerializer]::Serialize($o, 2); , [Management.Automation.PSSerializer]::Deserialize($text)", (object)objects).Output]).Element("body")!.Element("main")!.ToString();
        Assert.NotEmpty(stored);
        Assert.Equal(now, later);
    }

    /// <summary>An error that was stored is no ErrorRecord any more, and one that ended a command is an exception in -ErrorVariable.</summary>
    [Theory]
    [InlineData("$text = [Management.Automation.PSSerializer]::Serialize($failed, 2); $failed = [Management.Automation.PSSerializer]::Deserialize($text)", " -ErrorAction SilentlyContinue")]
    [InlineData("", " -ErrorAction Stop")]
    public void Errors_are_reported_in_whatever_form_they_come(string then, string action)
    {
        var guest = _session.Run("param($p) Get-V2VSourceGuest $p", Guests.WriteVmx(_session.Folder, "web01")).Only<SourceGuest>();
        File.Delete(Path.Combine(_session.Folder, "web01-flat.vmdk"));
        Assert.Empty(_session.Run(
            $"param($g, $t) try {{ $g | Invoke-V2VConversion -NoOutput -ErrorVariable failed{action} }} catch {{ }}; {then}\n$failed | Export-V2VReport $t", guest, Target).All<object>());
        var page = Read();
        Assert.Equal(["1 guest", "1 failed"], Tiles(page).Take(2));
        Assert.Equal(("web01", "DiskImageNotFound"), (Texts(page, "a")[0], Texts(page, "code")[0]));
        Assert.Contains(page.Descendants("p"), text => (string?)text.Attribute("class") == "advice" && text.Value.Length > 0);
        // Also a guest that failed has a description, whose disks are counted.
        Assert.Contains("1.0 MiB on virtual disks", Tiles(page));
    }

    [Fact]
    public void Many_guests_of_one_concern_are_folded()
    {
        var concern = new Concern(ConcernSeverity.Warning, "Loud", "It is loud.");
        Assert.DoesNotContain("26 guests", Texts(Write([.. Enumerable.Range(0, 25).Select(i => Assessment($"few{i}", concern))]), "summary"));
        Assert.Contains("26 guests", Texts(Write([.. Enumerable.Range(0, 26).Select(i => Assessment($"many{i}", concern))]), "summary"));
    }

    [Fact]
    public void A_guest_is_shown_as_it_stood_in_the_end()
    {
        var page = Write([Assessment("web01"), Assessment("db01"), Result("web01", written: 1, seconds: 1), Failure("db01")]);
        Assert.Equal(["2 guests", "1 converted", "1 failed"], Tiles(page).Take(3));
        Assert.Contains("Debian", page.Descendants("article").Last().Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Errors_come_through_the_pipeline()
    {
        _session.Run("param($f, $t) Get-V2VSourceGuest $f/nosuch.vmx 2>&1 | Export-V2VReport $t", _session.Folder, Target).All<object>();
        Assert.Equal(["1 guest", "1 failed"], Tiles(Read()).Take(2));
        Assert.Contains("SourceNotFound", Read().Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_are_kept_or_replaced_as_asked()
    {
        File.WriteAllText(Target, "old");
        var guest = Assessment("web01");
        _session.Run("param($g, $t) $g | Export-V2VReport $t -WhatIf", guest, Target);
        var refused = _session.Run("param($g, $t) $g | Export-V2VReport $t -NoClobber", guest, Target);
        Assert.Equal("InputOutputFailed", refused.ErrorId);
        Assert.Equal("old", File.ReadAllText(Target));

        Assert.Equal(Target, _session.Run("param($g, $t) $g | Export-V2VReport $t -PassThru", guest, Target).Only<FileInfo>().FullName);
        new FileInfo(Target).IsReadOnly = true;
        Assert.Empty(_session.Run("param($g, $t) $g | Export-V2VReport $t -Force -Title Second", guest, Target).All<object>());
        Assert.Equal("Second", Read().Descendants("h1").Single().Value);
    }

    [Fact]
    public void Anything_else_is_refused_and_the_rest_is_written()
    {
        var outcome = _session.Run("param($g, $t) 'text', $g | Export-V2VReport $t", Assessment("web01"), Target);
        Assert.Equal("InputNotUnderstood", outcome.ErrorId);
        Assert.Equal("1 guest", Tiles(Read())[0]);
    }

    private static GuestAssessment Assessment(string name, params Concern[] concerns) => new()
    {
        Source = new SourceGuest
        {
            Name = name,
            Path = "/exports/x.ova",
            SourceKind = "OVA",
            CpuCount = 2,
            Disks = [new SourceDisk { Path = "/exports/x.vmdk", Format = "VMDK", Capacity = 8L << 30 }],
        },
        OperatingSystem = Sample.OperatingSystem,
        Hardware = new TargetHardware(),
        Changes = [new ConversionChange(default, "/etc/fstab", "names disks by UUID", "names change"), new ConversionChange(default, "/boot/initrd", "adds drivers", "virtio")],
        Concerns = concerns,
        Phases = [new ConversionPhase("Open", 0.5), new ConversionPhase("Convert", 0.5)],
    };

    private static ConversionResult Result(string name, long written, double seconds) => new()
    {
        Name = name,
        Assessment = Assessment(name),
        Disks = [$"/vms/{name}.qcow2"],
        DomainXml = "<domain/>",
        Target = "/vms",
        BytesRead = written,
        BytesWritten = written,
        Phases = [new ConversionPhase("Copy", seconds / 2), new ConversionPhase("Define", 0.1)],
        Elapsed = TimeSpan.FromSeconds(seconds),
    };

    private static ErrorRecord Failure(string name) =>
        ErrorRecords.From(new TargetException(V2VError.TargetFull, "There is no room.") { Advice = "Make room." }, Assessment(name).Source);

    private static GuestAssessment Sample { get; } = ReadSample();

    private static GuestAssessment ReadSample()
    {
        using var session = new Session();
        return session.Run("param($p) Test-V2VGuest $p", Repository.SampleGuest).Only<GuestAssessment>();
    }

    private XElement Write(object[] objects, string title = "Report")
    {
        _session.Run("param($o, $t, $n) $o | Export-V2VReport $t -Title $n", objects, Target, title).All<object>();
        return Read();
    }

    /// <summary>The page is well-formed XML too, but for its document type.</summary>
    private XElement Read()
    {
        var text = File.ReadAllText(Target);
        Assert.StartsWith("<!DOCTYPE html>\n", text, StringComparison.Ordinal);
        return XElement.Parse(text[text.IndexOf('\n', StringComparison.Ordinal)..]);
    }

    /// <summary>Each chart's bars by the names of their guests, as shares of the longest.</summary>
    private static List<Dictionary<string, double>> Charts(XElement page) =>
        [.. page.Descendants("div").Where(div => (string?)div.Attribute("class") == "chart").Select(chart => chart.Elements("div").ToDictionary(
            bar => bar.Element("a")!.Value,
            bar => bar.Descendants("i").Sum(part => double.Parse(((string)part.Attribute("style")!)["--share:".Length..], CultureInfo.InvariantCulture))))];

    private static List<string> Tiles(XElement page) =>
        [.. page.Descendants("div").Where(div => ((string?)div.Attribute("class"))?.Split(' ')[0] == "tile").Select(tile => string.Join(' ', tile.Elements().Select(part => part.Value)))];

    private static List<string> Texts(XElement page, string element) => [.. page.Descendants(element).Select(found => found.Value)];
}
