using System.Text.RegularExpressions;

namespace V2V.Engine.Targets.Descriptions;

/// <summary>Names of Kubernetes' objects: parts of domain names (RFC 1123), in lower case.</summary>
internal static partial class KubeNames
{
    /// <summary>A machine's name is also the value of a label, which has no more.</summary>
    private const int MaximumLength = 63;

    public const string Rule = "names of Kubernetes (RFC 1123) have at most 63 lower-case letters, digits, '-' and '.', and begin and end with a letter or digit";

    public static bool IsName(string name) => name.Length <= MaximumLength && Subdomain().IsMatch(name);

    /// <summary>NAMESPACE/NAME, or a name in the machine's own namespace.</summary>
    public static bool IsReference(string reference) => reference.Split('/') is { Length: <= 2 } parts && parts.All(IsName);

    [GeneratedRegex(@"\A[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Subdomain();
}
