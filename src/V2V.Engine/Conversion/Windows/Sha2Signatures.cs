using V2V.Engine.Inspection.Windows;

namespace V2V.Engine.Conversion.Windows;

/// <summary>
/// The change from SHA-1 to SHA-2 in driver signatures (support.microsoft.com, "2019 SHA-2 Code Signing Support requirement for Windows and
/// WSUS", KB4472027). Later cumulative updates include what these bring; their packages are listed under other numbers.
/// </summary>
internal static class Sha2Signatures
{
    private const string Packages = @"Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages";

    /// <summary>What virtio-win's last drivers with both signatures for Windows 7 are dated (61.77.104.17200).</summary>
    public static DateOnly LastSha1Driver { get; } = new(2019, 6, 7);

    /// <summary>The updates that a Windows needs: NT 6.1 is 7 and 2008 R2, NT 6.0 Vista and 2008.</summary>
    public static string Updates(int minorVersion) => minorVersion == 1 ? "KB4474419 and KB4490628" : "KB4474419 and KB4493730";

    /// <summary>Whether an update of the time is installed: the one for signatures itself, or a monthly roll-up, which are numbered upwards.</summary>
    public static bool AreUnderstood(WindowsSystem windows, int minorVersion) =>
        windows.Registry.Software.Find(Packages)?.Keys.Any(k => IsUpdate(k.Name, minorVersion)) == true;

    private static bool IsUpdate(string package, int minorVersion) =>
        package.StartsWith("Package_for_KB4474419", StringComparison.OrdinalIgnoreCase)
        || (minorVersion == 1 && package.StartsWith("Package_for_RollupFix~31bf3856ad364e35~", StringComparison.OrdinalIgnoreCase)
            && package[(package.LastIndexOf('~') + 1)..].Split('.') is ["7601", var revision, ..] && int.TryParse(revision, out var number) && number >= 24520);
}
