namespace V2V.Engine.Conversion.Windows.FirstBoot;

/// <summary>
/// Installs QEMU's guest agent from its Windows Installer package. The installer may be busy or not ready yet at a first start, so these answers
/// (1618, 1601, 1719) are waited out for some minutes; other failures get one more try.
/// </summary>
internal static class AgentScript
{
    /// <param name="package">The package's file name, beside the script.</param>
    public static FirstBootScript Create(string package) => new(
        FirstBootPriorities.InstallAgent, "install-qemu-guest-agent", FirstBootScriptKind.Batch,
        Batch.File(
            $"""
            set "package=%~dp0{Batch.Name(package)}"
            set busy=20
            set tries=2
            :install
            start "" /wait "%SystemRoot%\System32\msiexec.exe" /i "%package%" /qn /norestart /l*v "%V2V_FIRSTBOOT%\logs\qemu-guest-agent.msi.log"
            set result=%errorlevel%
            echo msiexec ended with %result%.
            if "%result%"=="0" exit /b 0
            if "%result%"=="3010" exit /b 3010
            if "%result%"=="1641" exit /b 3010
            rem 1638: another version of it is installed.
            if "%result%"=="1638" exit /b 0
            if "%result%"=="1618" goto busy
            if "%result%"=="1601" goto busy
            if "%result%"=="1719" goto busy
            set /a tries-=1
            if %tries% leq 0 exit /b %result%
            {Batch.Sleep(15)}
            goto install
            :busy
            set /a busy-=1
            if %busy% leq 0 exit /b %result%
            {Batch.Sleep(15)}
            goto install
            """));
}
