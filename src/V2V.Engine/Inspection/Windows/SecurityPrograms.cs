using V2V.Engine.Registry;

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

    /// <summary>
    /// Services and drivers of antivirus software, by their keys below Services: they are there too when the program hides its uninstaller.
    /// Microsoft's own (WinDefend, Sense) are not among them.
    /// </summary>
    private static readonly (string Product, string[] Services)[] AntivirusServices =
    [
        ("Avast or AVG", ["avast! Antivirus", "aswSnx", "aswSP", "AVG Antivirus", "avgSnx"]),
        ("Avira", ["AntiVirService", "avgntflt"]),
        ("Bitdefender", ["VSSERV", "EPSecurityService", "bdelam"]),
        ("Carbon Black", ["CbDefense", "CarbonBlack", "carbonblackk"]),
        ("Cortex XDR", ["cyserver", "cyvrfsfd"]),
        ("CrowdStrike Falcon", ["CSFalconService", "CSAgent"]),
        ("Cylance", ["CylanceSvc", "CyProtectDrv"]),
        ("ESET", ["ekrn", "eamonm"]),
        ("Kaspersky", ["klif", "klhk", "klnagent"]),
        ("Malwarebytes", ["MBAMService", "mbamchameleon"]),
        ("McAfee or Trellix", ["McShield", "mfehidk", "mfefire", "masvc"]),
        ("Norton or Symantec", ["SepMasterService", "NortonSecurity", "SymEFA", "SymEvent"]),
        ("Panda", ["PSUAService", "NanoServiceMain"]),
        ("SentinelOne", ["SentinelAgent", "SentinelMonitor"]),
        ("Sophos", ["SAVService", "SAVOnAccess", "Sophos Endpoint Defense", "SophosED"]),
        ("Trend Micro", ["ntrtscan", "ds_agent", "tmcomm", "Amsp"]),
        ("WithSecure", ["fsulhoster", "fshoster"]),
    ];

    private const uint Disabled = 4;

    private const string PolicyHistory = @"Microsoft\Windows\CurrentVersion\Group Policy\History";

    private const string DeviceRestrictions = @"Policies\Microsoft\Windows\DeviceInstall\Restrictions";

    private const string Defender = @"Microsoft\Windows Defender";

    /// <summary>Setup classes of the virtio devices: storage controllers, disks, network adapters, system devices.</summary>
    private static readonly string[] Classes =
    [
        "{4d36e97b-e325-11ce-bfc1-08002be10318}", "{4d36e967-e325-11ce-bfc1-08002be10318}", "{4d36e972-e325-11ce-bfc1-08002be10318}", "{4d36e97d-e325-11ce-bfc1-08002be10318}",
    ];

    /// <summary>How the hardware ids of the virtio devices begin.</summary>
    private static readonly string[] HardwareIds = [@"PCI\VEN_1AF4", @"PCI\CC_01", @"PCI\CC_02", @"SCSI\Disk"];

    public static IEnumerable<Concern> Check(WindowsSystem windows)
    {
        var programs = windows.Applications.Where(IsAntivirus).Select(a => a.DisplayName).Distinct().Order(StringComparer.Ordinal).ToList();
        if (programs.Count == 0)
        {
            programs = [.. RunningAntivirus(windows)];
        }

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

        if (software.Find(DeviceRestrictions) is { } key && Restrictions(key).ToArray() is { Length: > 0 } restrictions)
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

    /// <summary>
    /// What forbids every device that no list allows, or names the virtio devices (DeviceInstallation.admx: a value switches a list on, which is
    /// below the key of the same name). Lists of other devices, such as USB storage, do not matter.
    /// </summary>
    private static IEnumerable<string> Restrictions(RegistryKey key)
    {
        bool Lists(string list, Func<string, bool> matches) =>
            key.GetUInt32(list) == 1 && key.Find(list)?.Values.Any(v => v.AsString() is { } text && matches(text.Trim())) == true;

        if (key.GetUInt32("DenyUnspecified") == 1)
        {
            yield return "DenyUnspecified";
        }

        if (Lists("DenyDeviceClasses", text => Classes.Contains(text, StringComparer.OrdinalIgnoreCase)))
        {
            yield return "DenyDeviceClasses";
        }

        if (Lists("DenyDeviceIDs", text => HardwareIds.Any(id => text.StartsWith(id, StringComparison.OrdinalIgnoreCase))))
        {
            yield return "DenyDeviceIDs";
        }
    }

    /// <summary>"Sophos (service SAVService)".</summary>
    private static IEnumerable<string> RunningAntivirus(WindowsSystem windows)
    {
        var services = windows.Registry.System.Find($@"{windows.ControlSet}\Services");
        return AntivirusServices
            .Select(known => (known.Product, Service: known.Services.FirstOrDefault(s => services?.Find(s)?.GetUInt32("Start") is < Disabled)))
            .Where(found => found.Service is not null)
            .Select(found => $"{found.Product} (service {found.Service})");
    }

    private static bool IsAntivirus(InstalledApplication application) =>
        Antivirus.Any(word =>
            application.DisplayName.Contains(word, StringComparison.OrdinalIgnoreCase)
            || application.KeyName.Contains(word, StringComparison.OrdinalIgnoreCase)
            || application.Publisher?.Contains(word, StringComparison.OrdinalIgnoreCase) == true);
}
