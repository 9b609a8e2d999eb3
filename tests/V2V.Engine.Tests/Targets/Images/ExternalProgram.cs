using System.ComponentModel;
using System.Diagnostics;
using Xunit;

namespace V2V.Engine.Tests.Targets.Images;

/// <summary>Programs by others that judge what the engine writes. A test whose program is missing is skipped, and says so.</summary>
internal static class ExternalProgram
{
    public static (int ExitCode, string Output) Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using var process = Process.Start(start)!;
            var error = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output + error.GetAwaiter().GetResult());
        }
        catch (Win32Exception e)
        {
            Assert.Skip($"needs {program}: {e.Message}");
            throw;
        }
    }

    public static string Succeed(string program, params string[] arguments)
    {
        var (exitCode, output) = Run(program, arguments);
        Assert.True(exitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {exitCode}: {output}");
        return output;
    }

    /// <summary>Fails unless QEMU finds the qcow2 image without an error, without a leaked cluster, and equal to the raw image.</summary>
    public static void AssertImage(string qcow2, string raw)
    {
        Succeed("qemu-img", "check", "-f", "qcow2", qcow2);
        Succeed("qemu-img", "compare", "-f", "raw", "-F", "qcow2", raw, qcow2);
    }
}
