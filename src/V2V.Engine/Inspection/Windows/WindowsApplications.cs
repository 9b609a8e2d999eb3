using V2V.Engine.Registry;

namespace V2V.Engine.Inspection.Windows;

/// <summary>Reads the list of installed programs from SOFTWARE, on 64-bit systems from both of its views.</summary>
internal static class WindowsApplications
{
    private const string Native = @"Microsoft\Windows\CurrentVersion\Uninstall";

    private const string Wow64 = @"WOW6432Node\" + Native;

    /// <summary>A machine has some hundred; a hive that has more than this is not worth the time.</summary>
    private const int MaxApplications = 20_000;

    public static IReadOnlyList<InstalledApplication> Read(RegistryHive software, bool is64Bit) =>
        [.. Read(software, Native, !is64Bit), .. is64Bit ? Read(software, Wow64, is32Bit: true) : []];

    private static IEnumerable<InstalledApplication> Read(RegistryHive software, string path, bool is32Bit)
    {
        foreach (var key in (software.Find(path)?.Keys ?? []).Take(MaxApplications))
        {
            // Entries without a name are parts of others, which Windows does not show either.
            if (key.Text("DisplayName") is { } name)
            {
                yield return new InstalledApplication
                {
                    KeyName = key.Name,
                    KeyPath = $@"HKLM\SOFTWARE\{path}\{key.Name}",
                    DisplayName = name,
                    DisplayVersion = key.Text("DisplayVersion"),
                    Publisher = key.Text("Publisher"),
                    InstallLocation = key.Text("InstallLocation"),
                    UninstallString = key.Text("UninstallString"),
                    QuietUninstallString = key.Text("QuietUninstallString"),
                    IsWindowsInstaller = key.GetUInt32("WindowsInstaller") == 1,
                    Is32Bit = is32Bit,
                };
            }
        }
    }
}
