using System.Text;
using System.Text.RegularExpressions;
using V2V.Engine.Sources;
using V2V.Engine.Targets.Libvirt;
using V2V.Engine.Tests.Targets.Libvirt;
using Xunit;

namespace V2V.Engine.Tests.Guests;

/// <summary>
/// Guests converted into a pool of a real libvirt daemon are defined there, with all that its host offers, and come up: in the forms and layouts that
/// <see cref="BootTests"/> leaves out.
/// </summary>
[Collection(DebianGuestsCollection.Name)]
[Trait("Category", "Slow")]
public sealed partial class LibvirtBootTests(DebianGuests guests, LoopbackSsh ssh) : IClassFixture<LoopbackSsh>, IDisposable
{
    private const string Uri = "qemu:///system";
    private const string Name = "v2v-boot-test";
    private const int MaximumShown = 4096;

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
    public void A_guest_is_converted_into_a_pool_and_started()
    {
        MakePool();

        var result = Convert(Uri, guests.Source("flat"), start: true);

        Assert.True(result.IsStarted, string.Join('\n', result.Assessment.Concerns));
        Assert.Contains($"{Name}-sda.qcow2", Virsh("vol-list", Name), StringComparison.Ordinal);
        ComesUp("swap=/dev/vda2 failed=none root=ext4");
    }

    [Fact]
    public void A_guest_is_converted_into_a_pool_of_another_host_and_starts_there()
    {
        MakePool();
        var path = guests.Source("ova");
        var before = DebianGuests.Digests(path);

        var result = Convert(ssh.Uri, path, start: false);

        Assert.Equal(before, DebianGuests.Digests(path));
        Assert.Equal(["ext4", "swap"], new ConvertedDisk(Assert.Single(result.Disks), _pool).Check());
        ExternalTool.Check("virsh", "-c", ssh.Uri, "start", Name);
        ComesUp("swap=/dev/vda2 failed=none root=ext4");
    }

    /// <summary>Its firmware has the vendors' keys and verifies shim, shim GRUB, and GRUB the kernel.</summary>
    [Fact]
    public void A_guest_with_secure_boot_and_a_TPM_has_both_afterwards()
    {
        MakePool();
        using (var host = new LibvirtTarget(Uri, Name) { DomainType = "qemu" })
        {
            Assert.SkipUnless(host.Capabilities.HasSecureBoot == true, "needs UEFI firmware with secure boot (package ovmf)");
            Assert.SkipWhen(host.Capabilities.TpmModels is [], "needs an emulated TPM (packages swtpm, swtpm-tools)");
        }

        var disk = guests.RawDisk("--firmware uefi --no-efi-fallback");

        var result = Convert(Uri, disk, start: false, s => s with { SecureBoot = true, HasTpm = true });

        Assert.Equal(["vfat", "ext4", "swap"], new ConvertedDisk(Assert.Single(result.Disks), _pool).Check());
        Virsh("start", Name);
        ComesUp("swap=/dev/vda3 failed=none root=ext4 secureboot=1 tpm=2");
    }

    private void MakePool()
    {
        LibvirtDaemon.Need(Uri);
        // QEMU runs as another user, which has to reach the pool.
        ExternalTool.Check("chmod", "755", _pool);
        var network = Path.Combine(_pool, "network.xml");
        File.WriteAllText(network, $"<network><name>{Name}</name><bridge name='v2vtest0'/></network>");
        Virsh("net-create", network);
        Virsh("pool-create-as", Name, "dir", "--target", _pool);
    }

    private static ConversionResult Convert(string uri, string path, bool start, Func<SourceGuest, SourceGuest>? change = null)
    {
        var source = DebianGuests.WithAdapters(Assert.Single(GuestSources.Open(path, TestContext.Current.CancellationToken)));
        using var target = new LibvirtTarget(uri, Name) { DomainType = "qemu" };
        var options = new ConversionOptions { Name = Name, Start = start, NetworkRules = [new NetworkRule(null, IsBridge: false, Name)] };
        var result = new GuestConversion(change?.Invoke(source) ?? source, options).Convert(target, cancellation: TestContext.Current.CancellationToken);
        Assert.Contains(Name, Virsh("list", "--all", "--name"), StringComparison.Ordinal);
        return result;
    }

    /// <summary>Waits for the guest's word that it is up, and looks what it found.</summary>
    private static void ComesUp(string expected)
    {
        var console = ReadConsole(SignOfLife());
        Assert.True(
            Regex.IsMatch(console, $"disk=virtio_blk nic=virtio_net,virtio_net ens192=up ens224=192\\.0\\.2\\.10/24 {expected}"),
            console.Length > MaximumShown ? console[^MaximumShown..] : console);
    }

    private static string Virsh(params string[] arguments) => ExternalTool.Check("virsh", ["-c", Uri, .. arguments]);

    /// <summary>Reads the guest's console until a line matches; the text so far when none does in time.</summary>
    private static string ReadConsole(Regex expected)
    {
        var limit = TimeSpan.FromMinutes(6);
        var text = new StringBuilder();
        var found = new ManualResetEventSlim();
        using var stream = new FileStream(Virsh("ttyconsole", Name).Trim(), FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
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
