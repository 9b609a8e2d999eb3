namespace V2V.Engine.Conversion.Windows.FirstBoot;

/// <summary>The order of the scripts of the first boot.</summary>
internal static class FirstBootPriorities
{
    public const int WaitForServicing = 500;

    public const int InstallDrivers = 1000;

    /// <summary>Disks and addresses before anything that may want to use them.</summary>
    public const int OnlineDisks = 2000;

    public const int StaticAddresses = 2500;

    /// <summary>After the serial port's driver, through which the agent speaks.</summary>
    public const int InstallAgent = 4000;

    public const int InstallBalloonService = 4100;

    /// <summary>After what replaces it.</summary>
    public const int Uninstall = 6000;

    public const int RestoreSanPolicy = 9000;
}
