namespace V2V.Engine.Conversion.Windows.FirstBoot;

/// <summary>
/// Waits until Windows XP or 2003 has installed the network adapter's driver. They have no pnputil: they find the INF files through DevicePath
/// when they come upon the new devices, and install without asking while the hardware wizard is silenced.
/// </summary>
internal static class PlugAndPlayScript
{
    /// <param name="service">Service of the network adapter's driver: "netkvm".</param>
    public static FirstBootScript Create(string service) => new(
        FirstBootPriorities.InstallDrivers, "wait-for-drivers", FirstBootScriptKind.Batch,
        Batch.File(
            $"""
            set tries=60
            :wait
            reg query {Batch.Quote($@"HKLM\SYSTEM\CurrentControlSet\Services\{service}\Enum")} /v 0 >nul 2>&1
            if not errorlevel 1 exit /b 0
            set /a tries-=1
            if %tries% leq 0 goto missing
            {Batch.Sleep(5)}
            goto wait
            :missing
            echo The driver {Batch.Plain(service)} is not installed. Start the Device Manager and let it search {StageDrivers.Folder} in the Windows folder.
            exit /b 1
            """));
}
