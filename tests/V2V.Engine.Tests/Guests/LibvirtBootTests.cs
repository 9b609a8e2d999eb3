using System.Text;
using System.Text.RegularExpressions;
using V2V.Engine.Sources;
using V2V.Engine.Targets.Libvirt;
using Xunit;

namespace V2V.Engine.Tests.Guests;

/// <summary>A guest converted into a pool of a real libvirt daemon is defined there and starts.</summary>
[Collection(DebianGuestsCollection.Name)]
[Trait("Category", "Slow")]
public sealed partial class LibvirtBootTests(DebianGuests guests) : IDisposable
{
    private const string Uri = "qemu:///system";
    private const string Name = "v2v-boot-test";

    private readonly string _pool = Directory.CreateTempSubdirectory("v2v-pool").FullName;

    public void Dispose()
    {
        foreach (var command in new[] { $"destroy {Name}", $"undefine {Name} --nvram", $"pool-destroy {Name}", $"net-destroy {Name}" })
        {
            ExternalTool.Run("virsh", ["-c", Uri, .. command.Split(' ')]);
        }

        Directory.Delete(_pool, recursive: true);
    }

    [Fact]
    public void A_guest_converted_into_a_pool_starts_and_comes_up()
    {
        LibvirtDaemon.Need(Uri);
        var path = guests.Source("flat");

        // QEMU runs as another user, which has to reach the pool.
        ExternalTool.Check("chmod", "755", _pool);
        var network = Path.Combine(_pool, "network.xml");
        File.WriteAllText(network, $"<network><name>{Name}</name><bridge name='v2vtest0'/></network>");
        Virsh("net-create", network);
        Virsh("pool-create-as", Name, "dir", "--target", _pool);

        var source = Assert.Single(GuestSources.Open(path, TestContext.Current.CancellationToken));
        using (var target = new LibvirtTarget(Uri, Name) { DomainType = "qemu" })
        {
            var options = new ConversionOptions { Name = Name, NetworkRules = [new NetworkRule(null, IsBridge: false, Name)] };
            var result = new GuestConversion(source, options).Convert(target, cancellation: TestContext.Current.CancellationToken);
            Assert.Equal(Name, result.Name);
        }

        Assert.Contains(Name, Virsh("list", "--all", "--name"), StringComparison.Ordinal);
        Assert.Contains($"{Name}-sda.qcow2", Virsh("vol-list", Name), StringComparison.Ordinal);
        Virsh("start", Name);
        var console = ReadConsole(Virsh("ttyconsole", Name).Trim(), SignOfLife(), TimeSpan.FromMinutes(6));
        Assert.Matches("disk=virtio_blk nic=virtio_net,virtio_net ens192=up ens224=192\\.0\\.2\\.10/24 swap=/dev/vda2 failed=none", console);
    }

    private static string Virsh(params string[] arguments) => ExternalTool.Check("virsh", ["-c", Uri, .. arguments]);

    /// <summary>Reads the guest's console until a line matches; the text so far when none does in time.</summary>
    private static string ReadConsole(string device, Regex expected, TimeSpan limit)
    {
        var text = new StringBuilder();
        var found = new ManualResetEventSlim();
        using var stream = new FileStream(device, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        var reader = new Thread(() =>
        {
            var buffer = new byte[4096];
            try
            {
                for (int read; (read = stream.Read(buffer)) > 0;)
                {
                    lock (text)
                    {
                        text.Append(Encoding.Latin1.GetString(buffer, 0, read));
                        if (expected.IsMatch(text.ToString()))
                        {
                            found.Set();
                            return;
                        }
                    }
                }
            }
            catch (IOException)
            {
                // The guest's end of the console was closed; what was read until then tells why.
            }
        })
        { IsBackground = true };
        reader.Start();
        found.Wait(limit, TestContext.Current.CancellationToken);
        lock (text)
        {
            return text.ToString();
        }
    }

    [GeneratedRegex(@"V2V-GUEST-UP [^\n]*\n")]
    private static partial Regex SignOfLife();
}

/// <summary>Makes sure that a libvirt daemon answers, starting one where none runs.</summary>
internal static class LibvirtDaemon
{
    public static void Need(string uri)
    {
        ExternalTool.Need("virsh", "libvirtd", "virtlogd");
        ExternalTool.NeedRoot();
        if (ExternalTool.Run("virsh", "-c", uri, "version").ExitCode != 0)
        {
            ExternalTool.Run("virtlogd", "-d");
            ExternalTool.Run("libvirtd", "-d");
        }

        for (var i = 0; ExternalTool.Run("virsh", "-c", uri, "version").ExitCode != 0; i++)
        {
            Assert.SkipUnless(i < 20, $"no libvirt daemon answers at {uri}");
            Thread.Sleep(500);
        }
    }
}
