using System.Globalization;
using System.Xml.Linq;
using static V2V.PowerShell.Reports.Html;

namespace V2V.PowerShell.Reports;

/// <summary>A horizontal bar for each guest, of one or several parts, as inline SVG whose colours are the page's.</summary>
internal static class BarChart
{
    private const int Width = 960;
    private const int LabelWidth = 190;
    private const int ValueWidth = 90;
    private const int Row = 24;
    private const int Bar = 14;
    private const int LongestLabel = 23;

    /// <param name="Label">The guest.</param>
    /// <param name="Value">What stands at the bar's end.</param>
    /// <param name="Parts">Each part's size in the unit of all bars, its colour's class, and what is shown of it when pointed at.</param>
    public sealed record Item(string Label, string Value, IReadOnlyList<(double Size, string Class, string Title)> Parts);

    /// <param name="description">What the chart shows, for those who do not see it.</param>
    /// <param name="items">The bars from top to bottom.</param>
    public static XElement Draw(string description, IReadOnlyList<Item> items)
    {
        var longest = items.Max(item => item.Parts.Sum(part => part.Size));
        var scale = longest > 0 ? (Width - LabelWidth - ValueWidth) / longest : 0;
        return Element(
            "svg", Class("chart"), Attribute("viewBox", $"0 0 {Width} {items.Count * Row}"), Attribute("role", "img"), Attribute("aria-label", description),
            items.Select((item, index) => DrawItem(item, index * Row, scale)));
    }

    private static XElement DrawItem(Item item, int top, double scale)
    {
        var label = item.Label.Length > LongestLabel ? item.Label[..(LongestLabel - 1)] + "…" : item.Label;
        var bars = new List<object>();
        double x = LabelWidth;
        foreach (var (size, colour, title) in item.Parts)
        {
            bars.Add(Element(
                "rect", Class(colour), Attribute("x", Number(x)), Attribute("y", top + (Row - Bar) / 2), Attribute("width", Number(Math.Max(size * scale, 0))),
                Attribute("height", Bar), Element("title", title)));
            x += size * scale;
        }

        var line = top + Row / 2 + 4;
        return Element(
            "g", Element("text", Attribute("x", LabelWidth - 8), Attribute("y", line), Attribute("text-anchor", "end"), label, Element("title", item.Label)),
            bars, Element("text", Class("value"), Attribute("x", Number(x + 6)), Attribute("y", line), item.Value));
    }

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
