using System.Xml;
using System.Xml.Linq;

namespace V2V.Engine.Profiles.VirtV2VConf;

/// <summary>A configuration file as XML, with everything bounded that a file from a stranger could overdo.</summary>
internal static class ConfigXml
{
    public const string Format = "virt-v2v.conf";

    /// <summary>virt-v2v's own database has some 10 KB.</summary>
    private const int MaximumLength = 1 << 20;

    /// <summary>The grammar needs four.</summary>
    private const int MaximumDepth = 16;

    /// <summary>Of an element that a message quotes.</summary>
    private const int MaximumQuote = 200;

    /// <summary>The root element, which is virt-v2v.</summary>
    /// <exception cref="ProfileException">The file is missing, unreadable, too long, no well-formed XML, or something else.</exception>
    public static XElement Load(string path)
    {
        var content = Read(path);
        try
        {
            var root = BoundedXml.Load(content, MaximumLength, MaximumDepth, LoadOptions.SetLineInfo);
            return root.Name == "virt-v2v"
                ? root
                : throw Invalid(path, $"Unable to parse config file {path}: its root element is '{root.Name.LocalName}', not 'virt-v2v'.");
        }
        catch (XmlException e)
        {
            throw Invalid(path, $"Unable to parse config file {path}: {e.Message}", e);
        }
    }

    /// <summary>Text without the blanks around it; null when there is none.</summary>
    public static string? Text(XElement? element) => NonEmpty(element?.Value);

    /// <summary>An attribute's text as it is; null when it is missing or empty.</summary>
    public static string? Attribute(XElement element, string name) => NonEmpty((string?)element.Attribute(name));

    public static int Line(XElement element) => ((IXmlLineInfo)element).LineNumber;

    /// <summary>An element as it is written, cut off when it is long.</summary>
    public static string Quote(XElement element)
    {
        var text = element.ToString(SaveOptions.DisableFormatting);
        return text.Length <= MaximumQuote ? text : text[..MaximumQuote] + "...";
    }

    public static ProfileException Invalid(string path, string message, Exception? inner = null) => new(V2VError.ProfileInvalid, message, inner)
    {
        Path = path,
        Format = Format,
        Advice = "Correct the file; docs/profiles.md says what it may hold.",
    };

    private static byte[] Read(string path)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var content = new byte[MaximumLength + 1];
            var length = stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
            return length <= MaximumLength
                ? content[..length]
                : throw Invalid(path, $"Unable to parse config file {path}: it is longer than {MaximumLength} bytes.");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ProfileException(V2VError.ProfileNotFound, $"Config file {path} doesn't exist.", e)
            {
                Path = path,
                Format = Format,
                Advice = "Check the path; virt-v2v 0.9 had its configuration in /etc/virt-v2v.conf and /var/lib/virt-v2v/virt-v2v.db.",
            };
        }
        catch (UnauthorizedAccessException e)
        {
            throw Invalid(path, $"Don't have permissions to read {path}.", e);
        }
        catch (IOException e)
        {
            throw Invalid(path, $"Unable to parse config file {path}: {e.Message}", e);
        }
    }

    private static string? NonEmpty(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
