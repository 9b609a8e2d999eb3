using System.Diagnostics;
using Xunit;

namespace V2V.Engine.Tests.Disks;

/// <summary>7-Zip reads the disk formats of Hyper-V and VirtualBox, chains of differencing disks among them, with code of its own.</summary>
internal static class SevenZip
{
    /// <summary>The disk in an image, whose parents lie in the same folder.</summary>
    public static byte[] ReadDisk(string format, string image)
    {
        ExternalTool.Need("7z");
        using var process = Process.Start(new ProcessStartInfo("7z", ["e", $"-t{format}", "-so", image])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        using var disk = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(disk);
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"7z ended with {process.ExitCode}: {errors.Result}");
        return disk.ToArray();
    }
}
