namespace V2V.Engine.Conversion.Windows.FirstBoot;

/// <summary>Registers the service that tells the balloon device how much memory the guest uses, from where its program was staged.</summary>
internal static class BalloonServiceScript
{
    public const string Program = "blnsvr.exe";

    public static FirstBootScript Create() => new(
        FirstBootPriorities.InstallBalloonService, "install-balloon-service", FirstBootScriptKind.Batch,
        Batch.File(
            $"""
            set "program=%SystemRoot%\{StageDrivers.Folder}\{Program}"
            if not exist "%program%" exit /b 0
            sc query BalloonService >nul 2>&1
            if not errorlevel 1 exit /b 0
            "%program%" -i
            exit /b %errorlevel%
            """))
    { Limit = TimeSpan.FromMinutes(5) };
}
