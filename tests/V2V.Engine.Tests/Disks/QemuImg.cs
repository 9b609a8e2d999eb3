using System.Diagnostics;
using Xunit;

namespace V2V.Engine.Tests.Disks;

/// <summary>QEMU's image tools: they make the images that are read here, and judge the ones that were put together by hand.</summary>
internal static class QemuImg
{
    public static void Require() => Assert.SkipUnless(
        Exists("qemu-img") && Exists("qemu-io"), "needs qemu-img and qemu-io (package qemu-utils)");

    public static string Run(params string[] arguments) => Execute("qemu-img", arguments);

    /// <summary>Runs qemu-io commands such as "write -P 17 64k 4k" on an image.</summary>
    public static void Io(string format, string image, params string[] commands) =>
        Execute("qemu-io", ["-f", format, .. commands.SelectMany(c => new[] { "-c", c }), image]);

    private static string Execute(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {errors.Result}{output}");
        return output;
    }

    private static bool Exists(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));
}
