namespace V2V.Engine.Conversion.Windows.FirstBoot;

/// <summary>
/// The batch file that runs a PowerShell script that lies beside it. The script's text is evaluated instead of run as a file, since a group
/// policy that allows signed files only cannot be overridden with -ExecutionPolicy.
/// </summary>
internal static class PowerShellScript
{
    /// <param name="fileName">Name of the script's file: "2500-00-example.ps1".</param>
    public static string Wrapper(string fileName) => Batch.File(
        $$"""
        set "powershell=%SystemRoot%\System32\WindowsPowerShell\v1.0\powershell.exe"
        if not exist "%powershell%" (
            echo Windows PowerShell is not installed, so this script cannot run.
            exit /b 2
        )
        set "V2V_SCRIPT=%~dp0{{fileName}}"
        "%powershell%" -NoLogo -NoProfile -NonInteractive -Command "Invoke-Expression (Get-Content -LiteralPath $env:V2V_SCRIPT -Encoding UTF8 | Out-String)"
        exit /b %errorlevel%
        """);
}
