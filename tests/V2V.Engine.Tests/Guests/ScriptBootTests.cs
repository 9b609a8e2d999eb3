using System.Diagnostics;
using System.Text;
using V2V.Engine.Sources;
using V2V.Engine.Targets.Directory;
using Xunit;

namespace V2V.Engine.Tests.Guests;

/// <summary>A converted guest comes up when the script beside its disks is run, from another folder and without libvirt.</summary>
[Collection(DebianGuestsCollection.Name)]
[Trait("Category", "Slow")]
public sealed class ScriptBootTests(DebianGuests guests) : IDisposable
{
    private readonly string _out = Directory.CreateTempSubdirectory("v2v-script").FullName;

    public void Dispose() => Directory.Delete(_out, recursive: true);

    [Theory]
    [InlineData(DebianGuests.Plain)]
    [InlineData("--lvm --firmware uefi --no-efi-fallback --unsigned-efi")]
    public void A_converted_guest_comes_up(string options)
    {
        var source = Assert.Single(GuestSources.Open(guests.RawDisk(options), TestContext.Current.CancellationToken)) with
        {
            MemoryMiB = 1024,
            CpuCount = 2,
            NetworkAdapters =
            [
                new SourceNetworkAdapter("00:50:56:9a:00:01", "vmxnet3", "VM Network", PciSlot: 192),
                new SourceNetworkAdapter("00:50:56:9a:00:02", "e1000", "v2vtestnone", IsBridge: true, PciSlot: 224),
            ],
        };
        var folder = Path.Combine(_out, "it's $HOME, here");
        using var target = new DirectoryTarget(folder);
        var result = new GuestConversion(source, new ConversionOptions { Name = "web, 'one'" }).Convert(target, cancellation: TestContext.Current.CancellationToken);

        var console = Run(Assert.Single(result.Descriptions, f => f.EndsWith(".sh", StringComparison.Ordinal)));

        Assert.Contains("V2V-GUEST-UP disk=virtio_blk nic=virtio_net,virtio_net ens192=up ens224=192.0.2.10/24", console, StringComparison.Ordinal);
        Assert.Contains("failed=none", console, StringComparison.Ordinal);
    }

    /// <summary>What the guest and QEMU said until the guest was up, QEMU ended, or the time was over.</summary>
    private static string Run(string script)
    {
        var start = new ProcessStartInfo(script, ["--serial", "--tcg", "-no-reboot"])
        {
            WorkingDirectory = "/",
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            StandardOutputEncoding = Encoding.Latin1,
        };
        using var process = Process.Start(start)!;
        var said = new StringBuilder();
        using var done = new ManualResetEventSlim();
        void Add(string? line, bool isEnd)
        {
            lock (said)
            {
                said.AppendLine(line);
                if (isEnd || line?.Contains("failed=", StringComparison.Ordinal) == true)
                {
                    done.Set();
                }
            }
        }

        process.OutputDataReceived += (_, e) => Add(e.Data, e.Data is null);
        process.ErrorDataReceived += (_, e) => Add(e.Data, isEnd: false);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        done.Wait(TimeSpan.FromMinutes(6), TestContext.Current.CancellationToken);
        process.Kill(entireProcessTree: true);
        process.WaitForExit();
        lock (said)
        {
            return said.ToString();
        }
    }
}
