using System.Globalization;
using System.Reflection;
using System.Xml.Linq;
using V2V.Engine;
using static V2V.PowerShell.Reports.Html;

namespace V2V.PowerShell.Reports;

/// <summary>One page of HTML about guests: totals, what went wrong, concerns by kind, charts, and each guest. It refers to nothing outside itself.</summary>
internal static class HtmlReport
{
    /// <summary>More bars than a chart can be read with.</summary>
    private const int MostBars = 40;

    /// <summary>More names than one line of a table takes.</summary>
    private const int MostLinks = 25;

    private static readonly (string Class, string Name, string[] Phases)[] Stages =
    [
        ("stage-read", "open, inspect, check", ["Open", "Inspect", "Check"]),
        ("stage-convert", "convert, verify", ["Convert", "Verify"]),
        ("stage-copy", "copy", ["Copy"]),
        ("stage-define", "define, other", []),
    ];

    public static string Write(string title, DateTimeOffset time, IReadOnlyList<ReportGuest> guests) => Html.Write(Element(
        "html", Attribute("lang", "en"),
        Element(
            "head", Element("meta", Attribute("charset", "utf-8")), Element("meta", Attribute("name", "viewport"), Attribute("content", "width=device-width, initial-scale=1")),
            // Should anything ever get past the escaping, it can neither run nor load.
            Element("meta", Attribute("http-equiv", "Content-Security-Policy"), Attribute("content", "default-src 'none'; style-src 'unsafe-inline'")),
            Element("title", title), Element("style", Style())),
        Element(
            "body",
            Element("header", Element("h1", title), Element("p", Class("muted"), string.Create(CultureInfo.InvariantCulture, $"{time:yyyy-MM-dd HH:mm zzz} · V2V {Version()}"))),
            Element("main", Totals(guests), Errors(guests), Concerns(guests), Times(guests), Sizes(guests), Overview(guests), Details(guests)))));

    private static XElement Totals(IReadOnlyList<ReportGuest> guests)
    {
        var outcomes = guests.GroupBy(guest => guest.Outcome).OrderByDescending(group => group.Key).ToList();
        var written = guests.Sum(guest => guest.BytesWritten);
        var warnings = guests.Sum(guest => guest.Concerns.Count(concern => concern.Severity == ConcernSeverity.Warning));
        return Element(
            "section",
            Element(
                "div", Class("tiles"), Tile(guests.Count, guests.Count == 1 ? "guest" : "guests"), outcomes.Select(group => Tile(group.Count(), Word(group.Key), Word(group.Key)))),
            Element(
                "div", Class("tiles"), Tile(warnings, warnings == 1 ? "warning" : "warnings"), Tile(Formatting.Size(guests.Sum(guest => guest.Capacity)), "on virtual disks"),
                written > 0 ? Tile(Formatting.Size(written), "written") : null,
                Tile(Formatting.Duration(TimeSpan.FromSeconds(guests.Sum(guest => guest.Elapsed.TotalSeconds))), "of work")),
            guests.Count == 0 ? null : Element(
                "div", Class("share"), Attribute("role", "img"), Attribute("aria-label", string.Join(", ", outcomes.Select(group => $"{group.Count()} {Word(group.Key)}"))),
                outcomes.Select(group => Element("span", Class(Word(group.Key)), Attribute("style", $"flex-grow:{group.Count()}"), Attribute("title", $"{group.Count()} {Word(group.Key)}")))));
    }

    private static XElement Tile(object value, string label, string outcome = "") =>
        Element("div", Class($"tile {outcome}".TrimEnd()), Element("b", value), Element("span", label));

    private static XElement? Errors(IReadOnlyList<ReportGuest> guests)
    {
        var failed = guests.Where(guest => guest.Errors.Count > 0).ToList();
        return failed.Count == 0 ? null : Element(
            "section", Element("h2", "Errors"),
            failed.SelectMany(guest => guest.Errors.Select(error => Element(
                "article", Class("error"), Element("h3", Link(guests, guest), " ", Element("code", error.Id)), Element("p", error.Message), Advice(error.Advice)))));
    }

    private static XElement? Concerns(IReadOnlyList<ReportGuest> guests)
    {
        var kinds = guests.SelectMany(guest => guest.Concerns.Select(concern => (guest, concern))).GroupBy(found => (found.concern.Severity, found.concern.Id))
            .OrderByDescending(kind => kind.Key.Severity).ThenByDescending(kind => kind.Count()).ToList();
        return kinds.Count == 0 ? null : Element(
            "section", Element("h2", "Concerns by kind"),
            Element(
                "table", Class("kinds"), Element("thead", Row("th", "Concern", "Guests", "What and where")),
                kinds.Select(kind =>
                {
                    var affected = kind.Select(found => found.guest).Distinct().ToList();
                    var example = kind.First().concern;
                    return Row(
                        "td", new object[] { Badge(kind.Key.Severity), Element("code", Class("kind"), kind.Key.Id) }, Element("b", affected.Count),
                        new object?[]
                        {
                            Element("p", example.Message, kind.Count() > 1 ? Element("span", Class("muted"), $" (and {kind.Count() - 1} more)") : null), Advice(example.Advice),
                            Where(affected.Count, Separated(affected.Select(guest => Link(guests, guest)))),
                        });
                })));
    }

    /// <summary>The guests that have a concern; a long list is folded.</summary>
    private static XElement Where(int count, List<object> links) => count <= MostLinks
        ? Element("p", Class("muted"), links)
        : Element("details", Element("summary", $"{count} guests"), Element("p", Class("muted"), links));

    private static XElement? Times(IReadOnlyList<ReportGuest> guests)
    {
        var timed = guests.Where(guest => guest.Elapsed > TimeSpan.Zero).OrderByDescending(guest => guest.Elapsed).ToList();
        return timed.Count == 0 ? null : Element(
            "section", Element("h2", "Time"), Legend(Stages.Select(stage => (stage.Class, stage.Name))),
            BarChart.Draw("Time that each guest took", [.. timed.Take(MostBars).Select(guest => new BarChart.Item(Link(guests, guest), Formatting.Duration(guest.Elapsed), StagesOf(guest)))]), Rest(timed.Count, "longest"));
    }

    private static List<(double Size, string Class, string Title)> StagesOf(ReportGuest guest)
    {
        var parts = Stages.Select(stage => (
            Seconds: guest.Phases.Where(phase => stage.Phases.Contains(phase.Name) || (stage.Phases.Length == 0 && !Stages.Any(s => s.Phases.Contains(phase.Name)))).Sum(phase => phase.Seconds),
            stage.Class, stage.Name)).ToList();
        // What no phase accounts for, so that the bar is as long as the work took.
        var rest = Math.Max(guest.Elapsed.TotalSeconds - parts.Sum(part => part.Seconds), 0);
        parts[^1] = parts[^1] with { Seconds = parts[^1].Seconds + rest };
        return [.. parts.Where(part => part.Seconds > 0).Select(part => (part.Seconds, part.Class, $"{part.Name}: {Formatting.Duration(TimeSpan.FromSeconds(part.Seconds))}"))];
    }

    private static XElement? Sizes(IReadOnlyList<ReportGuest> guests)
    {
        var converted = guests.Any(guest => guest.BytesWritten > 0);
        var sized = guests.Where(guest => Bytes(guest) > 0).OrderByDescending(Bytes).ToList();
        return sized.Count == 0 ? null : Element(
            "section", Element("h2", "Data"),
            Element("p", Class("muted"), converted ? "Bytes written to the target." : "Bytes that the source's disks take."),
            BarChart.Draw(converted ? "Bytes written of each guest" : "Bytes of each guest's disks", [.. sized.Take(MostBars).Select(guest => new BarChart.Item(
                Link(guests, guest), Formatting.Size(Bytes(guest)),
                [(Bytes(guest), "stage-copy", $"{Formatting.Size(guest.BytesRead)} read, {Formatting.Size(guest.BytesWritten)} written, {Formatting.Size(guest.Capacity)} of virtual disks")]))]),
            Rest(sized.Count, "largest"));

        long Bytes(ReportGuest guest) => converted ? guest.BytesWritten : guest.Allocated > 0 ? guest.Allocated : guest.Capacity;
    }

    private static XElement? Rest(int count, string which) => count <= MostBars ? null : Element("p", Class("muted"), $"The {MostBars} {which} of {count}.");

    private static XElement Overview(IReadOnlyList<ReportGuest> guests) => Element(
        "section", Element("h2", "Guests"),
        Element(
            "div", Class("wide"),
            Element(
                "table", Element("thead", Row("th", "Guest", "Outcome", "Operating system", "CPUs", "Memory", "Disks", "Changes", "Concerns", "Time")),
                guests.Select(guest => Row(
                    "td", Link(guests, guest), Badge(guest.Outcome), guest.OperatingSystem is "" ? "-" : guest.OperatingSystem, Cell(guest.Cpus, guest.Cpus), Cell(guest.MemoryMiB, Formatting.Memory(guest.MemoryMiB)),
                    Cell(guest.Capacity, Formatting.Size(guest.Capacity)), Cell(guest.Changes.Count, guest.Changes.Count), Formatting.Concerns(guest.Concerns),
                    Cell(guest.Elapsed.Ticks, Formatting.Duration(guest.Elapsed)))))));

    private static string Cell(long known, object text) => known > 0 ? Convert.ToString(text, CultureInfo.InvariantCulture)! : "-";

    private static XElement Details(IReadOnlyList<ReportGuest> guests) => Element(
        "section", Element("h2", "Each guest"),
        guests.Select((guest, index) => Element(
            "article", Attribute("id", Anchor(index)), Element("h3", guest.Name, " ", Badge(guest.Outcome)),
            Element(
                "dl", Fact("Source", $"{guest.Kind} {guest.Path}".Trim()), Fact("Operating system", guest.OperatingSystem), Fact("Hardware", guest.Hardware), Fact("Target", guest.Target),
                Fact("Disks", string.Join('\n', guest.Disks))),
            guest.Errors.Select(error => Element("div", Class("error"), Element("p", Element("code", error.Id), " ", error.Message), Advice(error.Advice))),
            guest.Concerns.Count == 0 ? null : Element(
                "ul", Class("concerns"),
                guest.Concerns.OrderByDescending(concern => concern.Severity).Select(concern => Element(
                    "li", Badge(concern.Severity), " ", Element("code", concern.Id), " ", concern.Message, Advice(concern.Advice)))),
            guest.Changes.Count == 0 ? null : Element(
                "details", Element("summary", guest.Changes.Count == 1 ? "1 change" : $"{guest.Changes.Count} changes"),
                Element("table", Class("changes"), Element("thead", Row("th", "Where", "What", "Why")), guest.Changes.Select(change => Row("td", Element("code", change.Path), change.What, change.Why)))))));

    private static object?[] Fact(string name, string value) => value.Length == 0 ? [] : [Element("dt", name), Element("dd", value)];

    private static XElement? Advice(string? advice) => string.IsNullOrEmpty(advice) ? null : Element("p", Class("advice"), advice);

    private static XElement Legend(IEnumerable<(string Class, string Name)> items) =>
        Element("p", Class("legend"), items.Select(item => Element("span", Element("i", Class(item.Class)), item.Name)));

    private static XElement Row(string cell, params object?[] cells) => Element("tr", cells.Select(content => Element(cell, content is object?[] several ? several : [content])));

    private static List<object> Separated(IEnumerable<XElement> items) => [.. items.SelectMany((item, index) => index == 0 ? new object[] { item } : [", ", item])];

    private static XElement Link(IReadOnlyList<ReportGuest> guests, ReportGuest guest) =>
        Element("a", Attribute("href", "#" + Anchor(guests.TakeWhile(other => !ReferenceEquals(other, guest)).Count())), guest.Name);

    private static string Anchor(int index) => string.Create(CultureInfo.InvariantCulture, $"guest-{index + 1}");

    private static XElement Badge(ReportOutcome outcome) => Element("span", Class("badge " + Word(outcome)), Word(outcome));

    private static XElement Badge(ConcernSeverity severity) => severity switch
    {
        ConcernSeverity.Critical => Element("span", Class("badge refused"), "critical"),
        ConcernSeverity.Warning => Element("span", Class("badge warning"), "warning"),
        _ => Element("span", Class("badge note"), "note"),
    };

    private static string Word(ReportOutcome outcome) => outcome switch
    {
        ReportOutcome.Converted => "converted",
        ReportOutcome.Convertible => "convertible",
        ReportOutcome.Refused => "refused",
        _ => "failed",
    };

    private static string Version() => typeof(HtmlReport).Assembly.GetName().Version!.ToString(3);

    private static string Style()
    {
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream("Report.css")!);
        return reader.ReadToEnd();
    }
}
