using V2V.Engine.Conversion.Windows.Drivers;

namespace V2V.Engine.Conversion.Windows.FirstBoot;

/// <summary>
/// Installs one driver. Each has a script of its own, so that the runner's journal knows which of them brings Windows down, and the others are
/// installed all the same.
/// </summary>
internal static class DriverScript
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    /// <summary>Windows 10 version 1607, the first whose pnputil knows /add-driver.</summary>
    private const int FirstBuildWithAddDriver = 14393;

    /// <param name="package">The driver, whose files lie in <see cref="StageDrivers.Folder"/>.</param>
    /// <param name="buildNumber">Windows' build.</param>
    public static FirstBootScript Create(DriverPackage package, int buildNumber)
    {
        var command = buildNumber >= FirstBuildWithAddDriver ? "/add-driver \"%inf%\" /install" : "-i -a \"%inf%\"";
        return new FirstBootScript(
            FirstBootPriorities.InstallDrivers, $"install-{package.Name}", FirstBootScriptKind.Batch,
            Batch.File(
                $"""
                echo {Batch.Plain($"{package}")}
                set "inf=%SystemRoot%\{StageDrivers.Folder}\{package.Name}.inf"
                set tries=3
                :install
                "%SystemRoot%\System32\pnputil.exe" {command}
                set result=%errorlevel%
                echo pnputil ended with %result%.
                rem 259: no device has this driver, or each has it already.
                if "%result%"=="0" exit /b 0
                if "%result%"=="259" exit /b 0
                if "%result%"=="3010" exit /b 3010
                if "%result%"=="1641" exit /b 3010
                set /a tries-=1
                if %tries% leq 0 exit /b %result%
                {Batch.Sleep(20)}
                goto install
                """))
        { Limit = Limit };
    }
}
