using System.Diagnostics;
using System.Text;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Windows.FirstBoot;

/// <summary>
/// A Wine prefix of its own, whose service control manager, cmd.exe and registry run what goes into a guest. Made when it is first used and
/// deleted with the class of tests that shares it.
/// </summary>
public sealed class WineSystem : IDisposable
{
    /// <summary>Debian's package wine64 puts its program here, and into no folder of PATH.</summary>
    private const string Wine = "/usr/lib/wine/wine64";

    private const string Server = "/usr/lib/wine/wineserver64";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private readonly string _folder = Directory.CreateTempSubdirectory("v2v-wine-").FullName;

    private bool _isMade;

    private Process? _user;

    /// <summary>Drive C: as the host sees it.</summary>
    internal string DriveC => Path.Combine(_folder, "prefix", "drive_c");

    internal void Need()
    {
        Assert.SkipUnless(File.Exists(Wine) && File.Exists(Server), $"needs {Wine} (Debian's package wine64)");
        if (!_isMade)
        {
            Check("wineboot", "-i");
            PullThePlug(); // what making a prefix leaves running does not know the services that come
            _isMade = true;
        }

        Boot();
    }

    /// <summary>Brings the system up, with its automatic services, and keeps it up: Wine shuts down with the last program that is no service.</summary>
    internal void Boot()
    {
        if (_user is null or { HasExited: true })
        {
            _user?.Dispose();
            _user = Start(Wine, "/dev/null", ["ping", "-n", "3600", "127.0.0.1"]);
        }
    }

    /// <summary>Runs a Windows program by name; its exit code and what it printed.</summary>
    internal (int ExitCode, string Output) Run(params string[] arguments) => RunToEnd(Wine, arguments);

    /// <summary>Starts a Windows program that runs beside the test.</summary>
    internal Process Begin(params string[] arguments) => Start(Wine, "/dev/null", arguments);

    internal string Check(params string[] arguments)
    {
        var (exitCode, output) = Run(arguments);
        Assert.True(exitCode == 0, $"{string.Join(' ', arguments)} ended with {exitCode}: {output}");
        return output;
    }

    /// <summary>Ends every process of the prefix at once, as a crash of Windows or a power cut does.</summary>
    internal void PullThePlug()
    {
        RunToEnd(Server, ["-k"]);
        RunToEnd(Server, ["-w"]);
        _user?.WaitForExit(Limit);
    }

    public void Dispose()
    {
        if (_isMade)
        {
            PullThePlug();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private (int ExitCode, string Output) RunToEnd(string program, string[] arguments)
    {
        var output = Path.Combine(_folder, $"output-{Guid.NewGuid():N}");
        using var process = Start(program, output, arguments);
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{program} {string.Join(' ', arguments)} did not end within {Limit}.");
        }

        return (process.ExitCode, File.ReadAllText(output, Encoding.Latin1));
    }

    /// <summary>The output goes to a file, because Wine's own services inherit it and outlive the program.</summary>
    private Process Start(string program, string output, string[] arguments)
    {
        var start = new ProcessStartInfo("/bin/sh");
        foreach (var argument in (string[])["-c", "out=$1; shift; exec \"$@\" >\"$out\" 2>&1 </dev/null", "sh", output, program, .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["WINEPREFIX"] = Path.Combine(_folder, "prefix");
        start.Environment["WINESERVER"] = Server;
        start.Environment["WINEDEBUG"] = "-all";
        start.Environment["WINEARCH"] = "win64";
        start.Environment["WINEDLLOVERRIDES"] = "mscoree,mshtml=;netsh.exe,msiexec.exe=n"; // no offers to install Mono or Gecko; stand-ins for tools that Wine has
        start.Environment["LC_ALL"] = "C";
        start.Environment.Remove("DISPLAY");
        return Process.Start(start)!;
    }
}
