using V2V.Engine.Inspection;
using V2V.Engine.Inspection.Windows;

namespace V2V.Engine.Conversion.Windows.Drivers;

/// <summary>
/// Chooses from a driver source what fits one Windows. A file fits when one element of its path names the version of Windows and another the
/// architecture, so that every layout is understood: viostor/w10/amd64, amd64/w10, drivers/by-os/amd64/w10. What a version lacks is taken from
/// the versions that are closest to it.
/// </summary>
public static class DriverSelector
{
    /// <summary>These two configure the same device and conflict; the one without a driver program yields.</summary>
    private const string FirmwareConfiguration = "fwcfg";
    private const string EmptyFirmwareConfiguration = "qemufwcfg";

    /// <summary>Every driver for the Windows, with what is missing and what is doubtful.</summary>
    /// <param name="source">Where they are.</param>
    /// <param name="system">The guest's system, of the family Windows.</param>
    /// <param name="windows">What its registry says.</param>
    /// <param name="preference">Which storage driver is wanted where there are both.</param>
    /// <exception cref="DriverSourceException">A file of the source cannot be read.</exception>
    public static DriverSelection Select(DriverSource source, OperatingSystemInfo system, WindowsSystem windows, StoragePreference preference)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(system);
        ArgumentNullException.ThrowIfNull(windows);
        return Select(source, DriverTarget.From(system, windows), preference);
    }

    internal static DriverSelection Select(DriverSource source, DriverTarget target, StoragePreference preference)
    {
        var versions = DriverDirectories.For(target);
        var reader = new DriverPackageReader(source, target);
        foreach (var directory in DriverCandidates.Find(source, target, versions))
        {
            reader.Read(directory);
        }

        var packages = reader.Packages;
        if (packages.ContainsKey(FirmwareConfiguration))
        {
            packages.Remove(EmptyFirmwareConfiguration);
        }

        var storage = StorageDrivers.Choose(packages.Values, preference);
        var expected = new ExpectedDirectories(source, target, versions);
        var storageDirectories = storage is null ? expected.Missing(["viostor", "vioscsi"]).ToList() : [];
        var networkDirectories = packages.Values.Any(p => IsNetwork(p.Package)) ? [] : expected.Missing(["NetKVM"]).Except(storageDirectories).ToList();
        return new DriverSelection
        {
            Guest = target.Name,
            Source = source.Description,
            SourcePath = source.Path,
            OsDirectory = versions.Count > 0 ? versions[0] : "",
            Packages = [.. packages.Values.Select(p => p.Package)],
            Storage = storage?.Package,
            Agent = GuestAgentInstaller.Find(source, target),
            BalloonService = packages.GetValueOrDefault("balloon")?.Package.Files.FirstOrDefault(f => Is(f.Name, "blnsvr.exe")),
            Version = SourceVersion.Read(source) ?? storage?.Package.Inf.Version,
            Missing =
            [
                .. storageDirectories,
                .. networkDirectories,
                .. reader.MissingFiles.Select(expected.FullPath),
            ],
            MissingStorage = storageDirectories,
            MissingNetwork = networkDirectories,
            StorageFaults = [.. reader.Faults(StorageDrivers.IsName)],
            Concerns = [.. reader.Faults(), .. reader.Unsigned, .. RelativesUsed(packages.Values, versions), .. StorageDrivers.Concerns(storage?.Package, preference)],
        };
    }

    private static bool IsNetwork(DriverPackage package) =>
        package.Driver is not null && (Is(package.Inf.ClassName, "Net") || Is(package.Name, "netkvm") || Is(package.Name, "virtio_net"));

    /// <summary>Says which drivers were made for another version. Within one build they are the same files, so that is no more than information.</summary>
    private static IEnumerable<Concern> RelativesUsed(IEnumerable<FoundPackage> packages, IReadOnlyList<string> versions) => packages
        .Where(p => p.Version != versions[0])
        .GroupBy(p => p.Version)
        .Select(relative => DriverDirectories.AreOneBuild(versions[0], relative.Key)
            ? new Concern(
                ConcernSeverity.Information, "DriversOfSameBuild",
                $"The source has no directory {versions[0]} for {string.Join(", ", relative.Select(p => p.Package.Name))}: those of {relative.Key}, which are the same files, are taken.")
            : new Concern(
                ConcernSeverity.Warning, "DriversOfOtherVersion",
                $"The source has no directory {versions[0]} for {string.Join(", ", relative.Select(p => p.Package.Name))}: those of {relative.Key} are taken.",
                $"Use a source that has drivers for {versions[0]}, or check these devices after the first start."));

    private static bool Is(string? text, string other) => other.Equals(text, StringComparison.OrdinalIgnoreCase);
}
