using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace V2V.PowerShell.Reports;

/// <summary>
/// Elements of a page. Text never becomes markup, whatever a guest calls itself or its files; what would change how a line is shown (controls,
/// directions of writing) is spelled out.
/// </summary>
internal static class Html
{
    private static readonly HashSet<string> Void = ["meta", "br", "hr", "img", "link", "input"];

    /// <param name="name">The tag.</param>
    /// <param name="content">Attributes (<see cref="XAttribute"/>), elements, text, or sequences of these.</param>
    public static XElement Element(string name, params object?[] content)
    {
        var element = new XElement(name);
        Add(element, content);
        return element;
    }

    public static XAttribute Class(string names) => new("class", names);

    public static XAttribute Attribute(string name, object value) => new(name, Clean(Convert.ToString(value, CultureInfo.InvariantCulture) ?? ""));

    /// <summary>A whole page; no element that HTML wants closed is left to be closed by itself.</summary>
    public static string Write(XElement page)
    {
        foreach (var element in page.DescendantsAndSelf().Where(element => element.IsEmpty && !Void.Contains(element.Name.LocalName)))
        {
            element.Value = "";
        }

        var text = new StringBuilder("<!DOCTYPE html>\n");
        using (var writer = XmlWriter.Create(text, new XmlWriterSettings { OmitXmlDeclaration = true, NewLineHandling = NewLineHandling.Entitize, Indent = false }))
        {
            page.Save(writer);
        }

        return text.Append('\n').ToString();
    }

    public static string Clean(string text)
    {
        if (text.All(IsPlain))
        {
            return text;
        }

        var clean = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogatePair(text, i))
            {
                clean.Append(text, i++, 2);
            }
            else if (IsPlain(text[i]))
            {
                clean.Append(text[i]);
            }
            else
            {
                clean.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:x4}");
            }
        }

        return clean.ToString();
    }

    private static bool IsPlain(char c) => c is '\n' or '\t'
        || char.GetUnicodeCategory(c) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.OtherNotAssigned
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);

    private static void Add(XElement element, IEnumerable<object?> content)
    {
        foreach (var item in content)
        {
            switch (item)
            {
                case null:
                    break;
                case string text:
                    element.Add(new XText(Clean(text)));
                    break;
                case XObject node:
                    element.Add(node);
                    break;
                case IEnumerable<object?> several:
                    Add(element, several);
                    break;
                default:
                    element.Add(new XText(Clean(Convert.ToString(item, CultureInfo.InvariantCulture) ?? "")));
                    break;
            }
        }
    }
}
