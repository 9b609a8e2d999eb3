using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace V2V.PowerShell.Tests;

/// <summary>A run that is stopped while it copies leaves nothing, however it is stopped.</summary>
public sealed class KilledRunTests : IDisposable
{
    private const int SIGINT = 2;
    private const int SIGKILL = 9;
    private const int SIGTERM = 15;

    /// <summary>A disk beside the guest's own that takes a while to copy: 512 MiB without a single zero page.</summary>
    private const long DataDiskLength = 512 << 20;

    private readonly string _folder = Directory.CreateTempSubdirectory("v2v-killed-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(SIGINT)]
    [InlineData(SIGTERM)]
    [InlineData(SIGKILL)]
    public void A_run_stopped_during_the_copy_leaves_nothing(int signal)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs Linux's signals, and its files without a name");
        var output = Directory.CreateDirectory(Path.Combine(_folder, "out")).FullName;
        var start = ShellProcess.Create(
            "-Command", $"Get-V2VSourceGuest -Disk '{SystemDisk()}', '{DataDisk()}' -Name killed | Invoke-V2VConversion -OutputDirectory '{output}'");
        start.RedirectStandardError = start.RedirectStandardOutput = true;
        using var process = Process.Start(start)!;

        WaitFor(process, "Copy: Copying");
        Assert.Equal(0, Kill(process.Id, signal));
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(60)), "The run did not end.");

        Assert.NotEqual(0, process.ExitCode);
        Assert.Empty(Directory.EnumerateFileSystemEntries(output));
    }

    /// <summary>The sample's disk as QEMU's tools unpack it.</summary>
    private string SystemDisk()
    {
        using var tar = Process.Start("tar", ["-xf", Repository.SampleGuest, "-C", _folder]);
        tar.WaitForExit();
        return Path.Combine(_folder, "debian12-1.vmdk");
    }

    private string DataDisk()
    {
        var path = Path.Combine(_folder, "data.raw");
        var data = new byte[16 << 20];
        RandomNumberGenerator.Fill(data);
        using var file = File.Create(path);
        for (long written = 0; written < DataDiskLength; written += data.Length)
        {
            file.Write(data);
        }

        return path;
    }

    private static void WaitFor(Process process, string progress)
    {
        while (process.StandardError.ReadLine() is { } line)
        {
            if (line.Contains(progress, StringComparison.Ordinal))
            {
                return;
            }
        }

        Assert.Fail($"The run ended before '{progress}': {process.StandardOutput.ReadToEnd()}");
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}
