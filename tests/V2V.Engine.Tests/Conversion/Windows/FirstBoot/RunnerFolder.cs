using System.Diagnostics;
using V2V.Engine.Conversion.Windows.FirstBoot;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Windows.FirstBoot;

/// <summary>The runner's folder in a Wine system, with spaces in its name, and the service that runs it.</summary>
internal sealed class RunnerFolder
{
    private readonly WineSystem _wine;

    private readonly string _path;

    internal RunnerFolder(WineSystem wine)
        : this(wine, "V2V First Boot")
    {
        Directory.CreateDirectory(Path.Combine(_path, "scripts"));
        File.WriteAllBytes(Path.Combine(_path, "v2v-firstboot.exe"), FirstBootRunner.Program("x86_64"));
        Register();
    }

    private RunnerFolder(WineSystem wine, params string[] folder)
    {
        _wine = wine;
        wine.Need();
        _path = Path.Combine([wine.DriveC, "windows", .. folder]);
        if (Directory.Exists(_path))
        {
            Directory.Delete(_path, recursive: true);
        }

        Unregister();
    }

    /// <summary>A folder below the Windows folder, with nothing in it and no service.</summary>
    internal static RunnerFolder At(WineSystem wine, params string[] folder) => new(wine, folder);

    internal string this[string name] => Path.Combine(_path, name.Replace('\\', '/'));

    internal string Log => File.ReadAllText(this["firstboot.log"]);

    /// <summary>The log without its times.</summary>
    internal string[] Events => [.. File.ReadAllLines(this["firstboot.log"]).Select(l => l[20..])];

    internal int Runs(string script) =>
        File.Exists(this["firstboot.log"]) ? Events.Count(e => e.StartsWith(script + ": runs", StringComparison.Ordinal)) : 0;

    internal IEnumerable<string> State => Directory.GetFiles(this["state"]).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal);

    internal RunnerFolder With(string script, params string[] lines)
    {
        File.WriteAllText(this["scripts\\" + script], string.Concat(lines.Prepend("@echo off").Select(l => l + "\r\n")));
        return this;
    }

    internal RunnerFolder WithScript(string name, FirstBootScript script)
    {
        File.WriteAllText(this["scripts\\" + name], script.Content);
        return this;
    }

    internal RunnerFolder WithSettings(params string[] lines)
    {
        File.WriteAllText(this["firstboot.ini"], string.Concat(lines.Select(l => l + "\r\n")));
        return this;
    }

    /// <summary>Starts the service, unless the system has just started and with it the service.</summary>
    internal void Start()
    {
        _wine.Boot();
        _wine.Run("net", "start", "V2VFirstBoot");
    }

    internal void Stop()
    {
        _wine.Check("net", "stop", "V2VFirstBoot");
        WaitUntilStopped();
    }

    /// <summary>Waits until the log holds this.</summary>
    internal void WaitFor(string text) => WaitUntil(() => File.Exists(this["firstboot.log"]) && Log.Contains(text, StringComparison.Ordinal), text);

    /// <summary>
    /// Waits until the service has stopped, or is no longer there. Also one that is slow to start on a busy machine is called stopped meanwhile: what it does is
    /// to be waited for first.
    /// </summary>
    internal void WaitUntilStopped() => WaitUntil(
        () => _wine.Run("sc", "query", "V2VFirstBoot") is var (exitCode, output) && (exitCode != 0 || output.Contains("STOPPED", StringComparison.Ordinal)), "the end");

    internal bool IsRegistered => _wine.Run("reg", "query", @"HKLM\SYSTEM\CurrentControlSet\Services\V2VFirstBoot").ExitCode == 0;

    internal void WaitUntil(Func<bool> condition, string what)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(150), $"waited too long for {what}: {(File.Exists(this["firstboot.log"]) ? Log : "no log")}");
            Thread.Sleep(100);
        }
    }

    private void Register() =>
        _wine.Check("sc", "create", "V2VFirstBoot", "binPath=", "\"%SystemRoot%\\V2V First Boot\\v2v-firstboot.exe\"", "start=", "auto");

    /// <summary>What a test that failed has left.</summary>
    private void Unregister()
    {
        if (IsRegistered)
        {
            _wine.Run("net", "stop", "V2VFirstBoot");
            _wine.Check("sc", "delete", "V2VFirstBoot");
        }
    }
}
