using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using V2V.Engine.Tests;

namespace V2V.PowerShell.Tests.Faults;

/// <summary>
/// Conversions of the sample guest with a second disk, each in a process of its own that can be killed. They share a state folder, as the runs
/// of one user do, and a folder for temporary files.
/// </summary>
internal sealed class ConversionRuns : IDisposable
{
    public const int SIGINT = 2;
    public const int SIGKILL = 9;
    public const int SIGCONT = 18;
    public const int SIGSTOP = 19;

    public const string Guest = "v2v-fault";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private readonly string _folder = Directory.CreateTempSubdirectory("v2v-runs-").FullName;

    /// <param name="dataLength">Bytes of the second disk, none of which are zero.</param>
    public ConversionRuns(int dataLength)
    {
        Directory.CreateDirectory(Temporary);
        Directory.CreateDirectory(Out);
        ExternalTool.Check("tar", "-xf", Repository.SampleGuest, "-C", _folder);
        var block = new byte[1 << 20];
        new Random(4).NextBytes(block);
        using var data = File.Create(DataDisk);
        for (var written = 0; written < dataLength; written += block.Length)
        {
            data.Write(block.AsSpan(0, Math.Min(block.Length, dataLength - written)));
        }
    }

    /// <summary>Seconds between two checkpoints of a copy; null leaves it to V2V.</summary>
    public string? CheckpointSeconds { get; init; }

    /// <summary>The disk of the sample guest.</summary>
    public string SystemDisk => this["debian12-1.vmdk"];

    /// <summary>Where runs note what they do.</summary>
    public string Journals => Path.Combine(State, "v2v", "runs");

    /// <summary>An empty folder for the guest.</summary>
    public string Out => Path.Combine(_folder, "out");

    public string DataDisk => Path.Combine(_folder, "data.raw");

    /// <summary>A path beside those.</summary>
    public string this[string name] => Path.Combine(_folder, name);

    private string Temporary => Path.Combine(_folder, "tmp");

    private string State => Path.Combine(_folder, "state");

    /// <summary>Starts a conversion.</summary>
    /// <param name="target">Parameters that say where to.</param>
    /// <param name="wrapper">A program with its arguments that runs it; none runs it directly.</param>
    public Process Start(string target, params string[] wrapper) =>
        StartScript($"Get-V2VSourceGuest -Disk '{SystemDisk}', '{DataDisk}' -Name {Guest} | Invoke-V2VConversion {target} -Verbose", wrapper);

    /// <summary>Starts a script in a shell.</summary>
    public Process StartScript(string script, params string[] wrapper)
    {
        var start = wrapper.Length == 0
            ? ShellProcess.Create("-Command", script)
            : new ProcessStartInfo(wrapper[0], [.. wrapper[1..], "dotnet", "exec", Repository.Shell, "-Command", script]);
        start.RedirectStandardError = start.RedirectStandardOutput = true;
        start.Environment["TMPDIR"] = Temporary;
        start.Environment["XDG_STATE_HOME"] = State;
        if (CheckpointSeconds is not null)
        {
            start.Environment["V2V_CHECKPOINT_SECONDS"] = CheckpointSeconds;
        }

        // The runtime's own files for debuggers are not what is tested.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        return Process.Start(start)!;
    }

    /// <summary>Lets a run come to its end, whatever that is.</summary>
    public static (int ExitCode, string Output) End(Process process)
    {
        using (process)
        {
            var errors = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEndAsync();
            if (!process.WaitForExit(Limit))
            {
                process.Kill(entireProcessTree: true);
                Assert.Fail("The run did not end.");
            }

            return (process.ExitCode, output.GetAwaiter().GetResult() + errors.GetAwaiter().GetResult());
        }
    }

    public (int ExitCode, string Output) Run(string target, params string[] wrapper) => End(Start(target, wrapper));

    /// <summary>Reads what a run says until it says this.</summary>
    public static void WaitFor(Process process, string text)
    {
        while (process.StandardError.ReadLine() is { } line)
        {
            if (line.Contains(text, StringComparison.Ordinal))
            {
                return;
            }
        }

        Assert.Fail($"The run ended before '{text}': {process.StandardOutput.ReadToEnd()}");
    }

    /// <summary>Reads what a run says until it has copied so much.</summary>
    public static void WaitForCopy(Process process, int percent)
    {
        while (process.StandardError.ReadLine() is { } line)
        {
            if (line.Contains("Copying", StringComparison.Ordinal) && Regex.Match(line, @"(\d+)%") is { Success: true } done && int.Parse(done.Groups[1].Value) >= percent)
            {
                return;
            }
        }

        Assert.Fail($"The run ended before {percent}%: {process.StandardOutput.ReadToEnd()}");
    }

    public static void Signal(Process process, int signal) => Assert.Equal(0, Kill(process.Id, signal));

    /// <summary>Neither temporary files nor journals. The pipe by which PowerShell lets itself be debugged is its own.</summary>
    public void AssertNothingBeside()
    {
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(Temporary), f => !Path.GetFileName(f).StartsWith("CoreFxPipe_", StringComparison.Ordinal));
        Assert.Empty(Directory.Exists(State) ? Directory.EnumerateFiles(State, "*", SearchOption.AllDirectories) : []);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}
