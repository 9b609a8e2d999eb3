namespace V2V.Engine.Inspection.Windows;

/// <summary>Programs and policies that may keep drivers from being installed: antivirus software and group policy.</summary>
internal static class SecurityPrograms
{
    /// <summary>Parts of names and publishers, as virt-v2v has them, and some that came since.</summary>
    private static readonly string[] Antivirus =
    [
        "virus", "kaspersky", "mcafee", "norton", "sophos", "ApexOneNT", "avg technologies", "trellix", "crowdstrike", "sentinelone", "eset ", "bitdefender",
        "symantec endpoint", "trend micro", "malwarebytes", "carbon black", "cylance", "cortex xdr", "f-secure", "withsecure",
    ];

    private const string PolicyHistory = @"Microsoft\Windows\CurrentVersion\Group Policy\History";

    private const string DeviceRestrictions = @"Policies\Microsoft\Windows\DeviceInstall\Restrictions";

    private const string Defender = @"Microsoft\Windows Defender";

    /// <summary>What forbids devices that no list allows, or those on a list (DeviceInstallation.admx). DenyRemovableDevices does not concern a disk.</summary>
    private static readonly string[] Restrictions =
        ["DenyUnspecified", "DenyDeviceClasses", "DenyDeviceIDs", "DenyInstanceIDs", "DenyUnsignedDrivers"];

    public static IEnumerable<Concern> Check(WindowsSystem windows)
    {
        var programs = windows.Applications.Where(IsAntivirus).Select(a => a.DisplayName).Distinct().Order(StringComparer.Ordinal).ToList();
        if (programs.Count > 0)
        {
            yield return new Concern(
                ConcernSeverity.Warning, "AntivirusInstalled",
                $"The guest has antivirus software, which can keep the new drivers from being installed at the first start (error 0x7B at the second): {string.Join(", ", programs)}.",
                "Uninstall it, or exclude C:\\Windows\\Drivers from its watch, until the guest has started twice on KVM.");
        }

        var software = windows.Registry.Software;
        if (software.Find(Defender) is { } defender && defender.GetUInt32("DisableAntiVirus") != 1 && defender.GetUInt32("DisableAntiSpyware") != 1)
        {
            yield return new Concern(ConcernSeverity.Information, "DefenderActive", "Windows Defender is active. It is not known to stand in the way.");
        }

        if (software.Find(DeviceRestrictions) is { } key && Restrictions.Where(r => key.GetUInt32(r) == 1).ToArray() is { Length: > 0 } restrictions)
        {
            yield return new Concern(
                ConcernSeverity.Warning, "DeviceInstallRestricted",
                $"A policy of the guest forbids the installation of devices ({string.Join(", ", restrictions)} below HKLM\\SOFTWARE\\{DeviceRestrictions}). The virtio devices may stay without "
                + "drivers, and the guest may stop with the error 0x7B.",
                "Lift the policy for the guest (Computer Configuration, Administrative Templates, System, Device Installation) and start it once before the conversion.");
        }
        else if (software.Find(PolicyHistory)?.Keys.Any(k => k.Name is ['{', var digit, ..] && char.IsAsciiHexDigit(digit)) == true)
        {
            yield return new Concern(
                ConcernSeverity.Information, "GroupPolicyApplied",
                "Group policy of a domain is applied to the guest. Nothing in it forbids drivers now, but it is applied again at the first start.",
                "Make sure that no policy restricts the installation of devices or drivers.");
        }
    }

    private static bool IsAntivirus(InstalledApplication application) =>
        Antivirus.Any(word =>
            application.DisplayName.Contains(word, StringComparison.OrdinalIgnoreCase)
            || application.KeyName.Contains(word, StringComparison.OrdinalIgnoreCase)
            || application.Publisher?.Contains(word, StringComparison.OrdinalIgnoreCase) == true);
}
