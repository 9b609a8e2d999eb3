namespace V2V.Engine.Conversion.Windows;

/// <summary>Where things stand in the registry of every Windows, by the paths that its own tools show.</summary>
internal static class RegistryPaths
{
    public const string System = @"HKLM\SYSTEM";

    public const string Software = @"HKLM\SOFTWARE";

    public const string DriverDatabase = System + @"\DriverDatabase";

    public const string CurrentVersion = Software + @"\Microsoft\Windows\CurrentVersion";
}
