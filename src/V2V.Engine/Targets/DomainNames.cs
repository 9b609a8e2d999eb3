using System.Xml;

namespace V2V.Engine.Targets;

/// <summary>Which names a domain and its files can have.</summary>
internal static class DomainNames
{
    /// <summary>File systems of every host allow 255 bytes; suffixes take some of them.</summary>
    private const int MaximumBytes = 200;

    /// <summary>What is wrong with a name for a domain, which is also the name of files; null if nothing is.</summary>
    public static Concern? Check(string name)
    {
        var what = name switch
        {
            _ when string.IsNullOrWhiteSpace(name) => "is empty",
            "." or ".." => "stands for a folder",
            _ when name.Contains('/') || name.Contains('\\') => "contains a slash",
            _ when name.Any(c => char.IsControl(c) || (!XmlConvert.IsXmlChar(c) && !char.IsSurrogate(c))) => "contains a control character",
            _ when System.Text.Encoding.UTF8.GetByteCount(name) > MaximumBytes => $"is longer than {MaximumBytes} bytes",
            _ => null,
        };
        return what is null ? null : new Concern(ConcernSeverity.Critical, "NameInvalid", $"The name \"{name}\" {what}.", "Choose another name for the converted guest.");
    }
}
