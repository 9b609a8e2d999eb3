using V2V.Engine.Inspection.Windows;

namespace V2V.Engine.Conversion.Windows.FirstBoot;

/// <summary>
/// Takes the tools of other hypervisors away with their own uninstallers, without questions and without a restart of theirs. Their drivers and
/// services were disabled before the first start, so nothing depends on it: some of these uninstallers (VMware's) may refuse to work on other
/// hardware, which is recorded as a failure of this script.
/// </summary>
internal static class UninstallScript
{
    private const string MsiCommon = "REBOOT=ReallySuppress REMOVE=ALL";

    /// <summary>Red Hat's drivers for Windows as a guest of Xen; the name of their key in the list of programs.</summary>
    private const string RedHatXen = "Red Hat Paravirtualized Xen Drivers for Windows(R)";

    /// <summary>Which applications they are, and how each goes.</summary>
    private static readonly (Func<InstalledApplication, bool> Is, Func<InstalledApplication, FirstBootScript?> Create)[] Known =
    [
        (a => Has(a, "VMware Tools"), a => FromPackage(a, "vmware-tools", "", MsiCommon)),
        // Without the count of its users, Parallels' storage filter is taken away for good.
        (a => Has(a, "Parallels Tools") || Has(a, "Virtuozzo Tools"), a => FromPackage(
            a, "parallels-tools", "reg delete \"HKLM\\SYSTEM\\CurrentControlSet\\Services\\prl_strg\\DriverInfo\" /v RefCount /f\n",
            $"{MsiCommon} PREVENT_REBOOT=Yes LAUNCHED_BY_SETUP_EXE=Yes")),
        (a => Has(a, "VirtualBox Guest Additions"), a => FromProgram(a, "virtualbox-guest-additions", " /S", p => p)),
        (a => a.KeyName == RedHatXen, a => FromProgram(a, "xen-drivers", "", WithoutQuestions)),
    ];

    /// <summary>Whether an application is one that has to go, and its script; that is null when it has no uninstaller that could run by itself.</summary>
    public static bool IsForeign(InstalledApplication application, out FirstBootScript? script)
    {
        var (isKnown, create) = Known.FirstOrDefault(k => k.Is(application));
        script = isKnown is null ? null : create(application);
        return isKnown is not null;
    }

    private static bool Has(InstalledApplication application, string name) => application.DisplayName.Contains(name, StringComparison.OrdinalIgnoreCase);

    private static FirstBootScript? FromPackage(InstalledApplication application, string name, string before, string properties) =>
        ProductCode(application) is not { } product ? null : Script(
            name,
            $"""
            {before}set busy=20
            :uninstall
            start "" /wait "%SystemRoot%\System32\msiexec.exe" /x {product} /qn /norestart /l*v "%V2V_FIRSTBOOT%\logs\{name}.msi.log" {properties}
            set result=%errorlevel%
            echo msiexec ended with %result%.
            if "%result%"=="0" exit /b 0
            if "%result%"=="3010" exit /b 3010
            if "%result%"=="1641" exit /b 3010
            rem 1605: it is not installed.
            if "%result%"=="1605" exit /b 0
            if not "%result%"=="1618" goto failed
            set /a busy-=1
            if %busy% leq 0 goto failed
            {Batch.Sleep(15)}
            goto uninstall
            :failed
            echo {Batch.Plain(application.ToString())} stays in the list of programs. Its drivers and services are disabled and do no harm.
            exit /b %result%
            """);

    /// <summary>An uninstaller that is a program of its own. It may copy itself and end at once; the runner waits for its children.</summary>
    private static FirstBootScript? FromProgram(InstalledApplication application, string name, string arguments, Func<string, string> change)
    {
        if (Program(application.UninstallString) is not { } program || !Batch.CanQuote(program))
        {
            return null;
        }

        // Percent signs stay as they are: they are Windows' own variables.
        return Script(
            name,
            $"""
            set "program={change(program)}"
            if not exist "%program%" exit /b 0
            start "" /wait "%program%"{arguments}
            exit /b %errorlevel%
            """);
    }

    private static FirstBootScript Script(string name, string text) =>
        new(FirstBootPriorities.Uninstall, $"uninstall-{name}", FirstBootScriptKind.Batch, Batch.File(text));

    /// <summary>uninst.exe asks, and starts _uninst.exe, which does not.</summary>
    private static string WithoutQuestions(string program) => program.EndsWith(@"\uninst.exe", StringComparison.OrdinalIgnoreCase) ? program[..^"uninst.exe".Length] + "_uninst.exe" : program;

    /// <summary>The braced GUID that the Windows Installer knows the application by: the key's name, or what its command has behind /I or /X.</summary>
    private static string? ProductCode(InstalledApplication application)
    {
        if (application.KeyName.StartsWith('{') && Guid.TryParseExact(application.KeyName, "B", out var key))
        {
            return key.ToString("B").ToUpperInvariant();
        }

        var command = application.UninstallString ?? "";
        var brace = command.IndexOf('{');
        return command.Contains("msiexec", StringComparison.OrdinalIgnoreCase) && brace >= 0 && command.Length >= brace + 38
            && Guid.TryParseExact(command.Substring(brace, 38), "B", out var product) ? product.ToString("B").ToUpperInvariant() : null;
    }

    /// <summary>The program of a command: what is quoted, or everything up to ".exe".</summary>
    private static string? Program(string? command)
    {
        command = command?.Trim() ?? "";
        if (command.StartsWith('"'))
        {
            var end = command.IndexOf('"', 1);
            return end > 1 ? command[1..end] : null;
        }

        var exe = command.IndexOf(".exe", StringComparison.OrdinalIgnoreCase);
        return exe > 0 ? command[..(exe + 4)] : null;
    }
}
