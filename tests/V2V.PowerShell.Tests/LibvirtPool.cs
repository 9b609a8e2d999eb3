using System.ComponentModel;
using System.Diagnostics;

namespace V2V.PowerShell.Tests;

/// <summary>A pool of this machine's libvirt in a folder, and the domain of the same name. Both are undefined afterwards.</summary>
internal sealed class LibvirtPool : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    public LibvirtPool(string folder)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root, for a pool of libvirt's own");
        Assert.SkipUnless(Run("version").ExitCode == 0, "needs a running libvirtd with QEMU at qemu:///system");
        Virsh("pool-create-as", Name, "dir", "--target", folder);
    }

    public string Name { get; } = $"v2v-test-{Guid.NewGuid():N}";

    public static string Virsh(params string[] arguments)
    {
        var (exitCode, output) = Run(arguments);
        Assert.True(exitCode == 0, $"virsh {string.Join(' ', arguments)} ended with {exitCode}: {output}");
        return output;
    }

    public void Dispose()
    {
        Run("undefine", "--nvram", Name);
        Run("pool-destroy", Name);
    }

    private static (int ExitCode, string Output) Run(params string[] arguments)
    {
        try
        {
            var start = new ProcessStartInfo("virsh", ["-c", "qemu:///system", .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
            start.Environment["LC_ALL"] = "C";
            using var process = Process.Start(start)!;
            var errors = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            Assert.True(process.WaitForExit(Limit), "virsh did not end.");
            return (process.ExitCode, output + errors.GetAwaiter().GetResult());
        }
        catch (Win32Exception)
        {
            return (-1, "There is no virsh.");
        }
    }
}
