using System.Text;
using System.Xml;

namespace V2V.Engine.Targets.Libvirt;

/// <summary>Names and notes of foreign guests may hold characters that XML 1.0 cannot carry, not even escaped.</summary>
internal static class XmlText
{
    /// <summary>The text with such characters replaced by blanks.</summary>
    public static string Clean(string text)
    {
        var clean = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (XmlConvert.IsXmlChar(text[i]))
            {
                clean.Append(text[i]);
            }
            else if (i + 1 < text.Length && XmlConvert.IsXmlSurrogatePair(text[i + 1], text[i]))
            {
                clean.Append(text[i]).Append(text[++i]);
            }
            else
            {
                clean.Append(' ');
            }
        }

        return clean.ToString();
    }
}
