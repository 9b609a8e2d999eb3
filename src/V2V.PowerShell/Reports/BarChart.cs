using System.Globalization;
using System.Xml.Linq;
using static V2V.PowerShell.Reports.Html;

namespace V2V.PowerShell.Reports;

/// <summary>
/// A horizontal bar for each guest, of one or several parts. Its elements are those of the page, so that the text of a chart is as large as all
/// other text however narrow the window is.
/// </summary>
internal static class BarChart
{
    /// <param name="Label">The guest, linked to what is told of it.</param>
    /// <param name="Value">What stands at the bar's end.</param>
    /// <param name="Parts">Each part's size in the unit of all bars, its colour's class, and what is shown of it when pointed at.</param>
    public sealed record Item(XElement Label, string Value, IReadOnlyList<(double Size, string Class, string Title)> Parts);

    /// <param name="description">What the chart shows, for those who do not see it.</param>
    /// <param name="items">The bars from top to bottom.</param>
    public static XElement Draw(string description, IReadOnlyList<Item> items)
    {
        var longest = items.Max(item => item.Parts.Sum(part => part.Size));
        return Element(
            "div", Class("chart"), Attribute("role", "group"), Attribute("aria-label", description),
            items.Select(item => Element(
                "div", Class("bar"), item.Label, Element("span", Class("track"), item.Parts.Select(part => DrawPart(part, longest)), Element("span", Class("value"), item.Value)))));
    }

    private static XElement DrawPart((double Size, string Class, string Title) part, double longest) => Element(
        "i", Class(part.Class), Attribute("title", part.Title),
        Attribute("style", string.Create(CultureInfo.InvariantCulture, $"--share:{(longest > 0 ? Math.Max(part.Size, 0) / longest : 0):0.####}")));
}
