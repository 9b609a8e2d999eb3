using System.ComponentModel;
using System.Diagnostics;
using System.Text;
#pragma warning disable IDE0005 // The other tests, which have this file too, use it everywhere.
using Xunit;
#pragma warning restore IDE0005

namespace V2V.Engine.Tests;

/// <summary>Runs programs that judge or make what is tested. A missing one skips the test with its name.</summary>
internal static class ExternalTool
{
    /// <summary>
    /// Runs a program and returns its exit code with everything that it printed (Latin-1, so that bytes survive). Programs of this kind end within seconds; a hang is a
    /// failure of the test, not of the test run.
    /// </summary>
    internal static (int ExitCode, string Output) Run(string program, params string[] arguments) => RunWithInput("", program, arguments);

    internal static (int ExitCode, string Output) RunWithInput(string input, string program, params string[] arguments) =>
        RunWithin(Watchdog.Limit, input, program, arguments);

    internal static (int ExitCode, string Output) RunWithin(TimeSpan limit, string input, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(Find(program) ?? program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            StandardOutputEncoding = Encoding.Latin1,
            StandardErrorEncoding = Encoding.Latin1,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["LC_ALL"] = "C";
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            Assert.Skip($"needs {program}");
            throw;
        }

        using (process)
        {
            var errors = process.StandardError.ReadToEndAsync();
            process.StandardInput.Write(input);
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync();
            if (!process.WaitForExit(limit))
            {
                process.Kill(entireProcessTree: true);
                Assert.Fail($"{program} did not end within {limit}.");
            }

            return (process.ExitCode, output.GetAwaiter().GetResult() + errors.GetAwaiter().GetResult());
        }
    }

    /// <summary>Runs a program that must succeed.</summary>
    internal static string Check(string program, params string[] arguments) => CheckWithin(Watchdog.Limit, program, arguments);

    internal static string CheckWithin(TimeSpan limit, string program, params string[] arguments)
    {
        var (exitCode, output) = RunWithin(limit, "", program, arguments);
        Assert.True(exitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {exitCode}: {output}");
        return output;
    }

    /// <summary>Skips the test, by name, unless all of these programs are installed.</summary>
    internal static void Need(params string[] programs)
    {
        var missing = programs.Where(p => Find(p) is null).ToArray();
        Assert.SkipUnless(missing.Length == 0, $"needs {string.Join(", ", missing)}");
    }

    /// <summary>The administrator's programs are looked for too, whoever runs the tests.</summary>
    internal static string? Find(string program) =>
        $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin".Split(':').Select(d => Path.Combine(d, program)).FirstOrDefault(File.Exists);

    internal static void NeedRoot() => Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root, for mounts");
}
