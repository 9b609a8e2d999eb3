using System.Diagnostics;

namespace V2V.PowerShell.Tests;

/// <summary>How tests start V2V.Shell as a process of its own.</summary>
internal static class ShellProcess
{
    /// <summary>
    /// A process started in the background of a script ignores SIGINT and hands that down, so on Linux the signals that stop a run are given their
    /// usual meaning back: tests send them.
    /// </summary>
    public static ProcessStartInfo Create(params IReadOnlyList<string> arguments) => OperatingSystem.IsLinux()
        ? new ProcessStartInfo("env", ["--default-signal=INT,TERM", "dotnet", "exec", Repository.Shell, .. arguments])
        : new ProcessStartInfo("dotnet", ["exec", Repository.Shell, .. arguments]);
}
