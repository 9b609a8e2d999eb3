namespace V2V.Engine.Inspection.Windows;

/// <summary>What a Windows tells for a conversion that changes nothing inside, as far as its hives can be read.</summary>
internal static class WindowsSurvey
{
    /// <summary>AHCI's driver since Windows 8, and in Vista and 7.</summary>
    private static readonly string[] AhciDrivers = ["storahci", "msahci"];

    public static bool? ClockIsLocalTime(WindowsInstallation windows) => Read<bool?>(windows, (registry, version) => WindowsClock.Read(registry.System, version.ControlSet).IsLocalTime, null);

    /// <summary>A service of start type 0 is loaded by the boot loader, unless an override for some hardware says otherwise (StartOverride).</summary>
    public static bool DrivesSata(WindowsInstallation windows) => Read(
        windows,
        (registry, version) => AhciDrivers.Select(d => registry.System.Find($@"{version.ControlSet}\Services\{d}"))
            .Any(key => key?.GetUInt32("Start") == 0 && key.Find("StartOverride")?.Values.Any(v => v.AsUInt32() is > 0) != true),
        false);

    private static T Read<T>(WindowsInstallation windows, Func<Registry.GuestRegistry, WindowsVersion, T> read, T unknown)
    {
        try
        {
            return windows is { Registry: { } registry, Version: { } version } ? read(registry, version) : unknown;
        }
        catch (GuestFileSystemException)
        {
            return unknown;
        }
    }
}
