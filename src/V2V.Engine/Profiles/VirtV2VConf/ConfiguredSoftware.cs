using V2V.Engine.Conversion.Software;
using V2V.Engine.Inspection;

namespace V2V.Engine.Profiles.VirtV2VConf;

/// <summary>The software of configuration files, asked for inspected guests.</summary>
/// <param name="Catalogue">What the files name.</param>
/// <param name="Root">As with <see cref="SoftwareCatalogue.Resolve"/>.</param>
public sealed record ConfiguredSoftware(SoftwareCatalogue Catalogue, string? Root) : GuestSoftware
{
    /// <summary>The name that the directory of virtio drivers has in the configuration.</summary>
    private const string WindowsDrivers = "virtio";

    public override ResolvedSoftware Resolve(InspectedGuest guest, string capability) => Catalogue.Resolve(SoftwareGuest.Of(guest), capability, Root);

    public override SoftwarePackage? FindDrivers(InspectedGuest guest)
    {
        var described = SoftwareGuest.Of(guest);
        return Catalogue.TryFindApp(described, WindowsDrivers, described.Architecture) is null
            ? null
            : Catalogue.ResolveApp(described, WindowsDrivers, Root).Packages.First(package => package.Name == WindowsDrivers);
    }
}
