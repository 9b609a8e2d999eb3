using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using V2V.Engine.Inspection.Boot;

namespace V2V.Engine.Profiles.VirtV2VConf;

/// <summary>A version of an RPM package: [epoch:]version[-release]. A missing epoch is 0, a missing release comes before every other.</summary>
internal sealed partial record PackageVersion(long Epoch, string Version, string Release) : IComparable<PackageVersion>
{
    public static bool TryParse(string text, [NotNullWhen(true)] out PackageVersion? version)
    {
        version = null;
        if (Form().Match(text) is not { Success: true } match || !long.TryParse("0" + match.Groups["epoch"].Value, out var epoch))
        {
            return false;
        }

        version = new PackageVersion(epoch, match.Groups["version"].Value, match.Groups["release"].Value);
        return true;
    }

    public int CompareTo(PackageVersion? other) => other is null ? 1
        : Epoch != other.Epoch ? Epoch.CompareTo(other.Epoch)
        : RpmVersionOrder.Compare(Version, other.Version) is var order and not 0 ? order
        : RpmVersionOrder.Compare(Release, other.Release);

    [GeneratedRegex(@"^(?:(?<epoch>[0-9]{1,9}):)?(?<version>[^-:\s]+)(?:-(?<release>[^-\s]+))?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
