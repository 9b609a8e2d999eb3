namespace V2V.Engine.Conversion.Windows.FirstBoot;

/// <summary>
/// Lets Windows finish the updates that it was in the middle of, by restarting it: driver packages cannot be added meanwhile. After the last
/// retry the other scripts run all the same. Files that wait to be renamed (PendingFileRenameOperations) are no reason: many programs keep
/// entries there for ever, and drivers do not mind.
/// </summary>
internal static class ServicingScript
{
    public static FirstBootScript Create() => new(
        FirstBootPriorities.WaitForServicing, "finish-updates", FirstBootScriptKind.Batch,
        Batch.File(
            $"""
            set "key=HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion"
            set "pending="
            reg query "%key%\WindowsUpdate\Auto Update\RebootRequired" >nul 2>&1
            if not errorlevel 1 set "pending=Windows Update"
            reg query "%key%\Component Based Servicing\RebootPending" >nul 2>&1
            if not errorlevel 1 set "pending=component based servicing"
            if not defined pending exit /b 0
            echo Windows waits for a restart: %pending%.
            if not "%V2V_RETRIES_LEFT%"=="0" exit /b {FirstBootRunner.RetryAfterRestart}
            echo It still does after several restarts. The drivers are installed nevertheless.
            exit /b 0
            """));
}
