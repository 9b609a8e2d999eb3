using System.Xml.Linq;

namespace V2V.Engine.Profiles.VirtV2VConf;

/// <summary>
/// What an app or capability element is for. An attribute that is missing is null and leaves open what it would say; one that is there must be
/// equal. Elements are tried from the most particular on, so each form of missing attributes has its own turn: <see cref="For"/>.
/// </summary>
internal sealed record SoftwareSelector(string? Name, string? Os, string? Distro, string? Major, string? Minor, string? Architecture)
{
    public static SoftwareSelector Of(XElement element) => new(
        ConfigXml.Attribute(element, "name"),
        ConfigXml.Attribute(element, "os"),
        ConfigXml.Attribute(element, "distro"),
        ConfigXml.Attribute(element, "major"),
        ConfigXml.Attribute(element, "minor"),
        ConfigXml.Attribute(element, "arch"));

    /// <summary>The elements that are for a guest, the most particular first.</summary>
    /// <param name="guest">The guest.</param>
    /// <param name="name">Name of the app or capability.</param>
    /// <param name="architecture">Of the package, which need not be the guest's.</param>
    public static IEnumerable<SoftwareSelector> For(SoftwareGuest guest, string name, string? architecture)
    {
        var os = new SoftwareSelector(name, guest.Os, null, null, null, null);
        var distro = os with { Distro = guest.Os == SoftwareGuest.Linux ? guest.Distro : null };
        var major = distro with { Major = guest.Major };
        var minor = major with { Minor = guest.Minor };
        SoftwareSelector?[] forms = [guest.Major is null || guest.Minor is null ? null : minor, guest.Major is null ? null : major, distro, os];
        return forms.OfType<SoftwareSelector>()
            .SelectMany(form => architecture is null ? [form] : new[] { form with { Architecture = architecture }, form })
            .Distinct();
    }

    /// <summary>As a message names what was looked for.</summary>
    public static string Describe(SoftwareGuest guest, string name, string? architecture) => string.Join(' ', new[]
    {
        $"os='{guest.Os}'",
        $"name='{name}'",
        guest is { Os: SoftwareGuest.Linux, Distro: not null } ? $"distro='{guest.Distro}'" : null,
        guest.Major is null ? null : $"major='{guest.Major}'",
        guest.Minor is null ? null : $"minor='{guest.Minor}'",
        architecture is null ? null : $"arch='{architecture}'",
    }.OfType<string>());
}
