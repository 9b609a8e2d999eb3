using System.Security.Cryptography;
using System.Xml.Linq;
using V2V.Engine.Sources;
using V2V.Engine.Targets.Directory;
using Xunit;

namespace V2V.Engine.Tests.Guests;

/// <summary>A real Debian guest, in every form in which VMware keeps it, comes up on virtio.</summary>
[Collection(DebianGuestsCollection.Name)]
[Trait("Category", "Slow")]
public sealed class BootTests(DebianGuests guests) : IDisposable
{
    private readonly string _out = Directory.CreateTempSubdirectory("v2v-boot").FullName;

    public void Dispose() => Directory.Delete(_out, recursive: true);

    [Theory]
    [InlineData("mbr", "sparse")]
    [InlineData("mbr", "flat")]
    [InlineData("mbr", "ova")]
    [InlineData("gpt", "sparse")]
    [InlineData("gpt", "flat")]
    [InlineData("gpt", "ova")]
    public void A_converted_guest_boots_from_virtio_disks_with_its_network(string table, string form)
    {
        var path = guests.Source(table, form);
        var before = Digests(path);
        var source = Assert.Single(GuestSources.Open(path, TestContext.Current.CancellationToken));
        if (source.NetworkAdapters.Count < 2)
        {
            // A bare disk tells nothing of its adapters; the guest's configuration names two.
            source = source with
            {
                NetworkAdapters =
                [
                    new SourceNetworkAdapter("00:50:56:9a:00:01", "vmxnet3", "VM Network", PciSlot: 192),
                    new SourceNetworkAdapter("00:50:56:9a:00:02", "e1000", "Storage", PciSlot: 224),
                ],
            };
        }

        using var target = new DirectoryTarget(_out);
        var result = new GuestConversion(source, new ConversionOptions()).Convert(target, cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(before, Digests(path));
        var disk = Assert.Single(result.Disks);
        ExternalTool.Check("qemu-img", "check", disk);
        CheckFileSystem(disk, table);

        var macs = XDocument.Parse(result.DomainXml).Descendants("interface").Select(i => (string)i.Element("mac")!.Attribute("address")!).ToArray();
        Assert.Equal(2, macs.Length);
        foreach (var (bus, driver, name) in new[] { ("virtio", "virtio_blk", "vda"), ("scsi", "virtio_scsi", "sda") })
        {
            var swap = $"/dev/{name}{(table == "gpt" ? 3 : 2)}";
            ExternalTool.CheckWithin(
                TimeSpan.FromMinutes(6),
                DebianGuests.Script("boot-check.sh"),
                [
                    disk, "--bus", bus, .. macs.SelectMany(m => new[] { "--mac", m }), "--expect",
                    $"V2V-GUEST-UP disk={driver} nic=virtio_net,virtio_net ens192=up ens224=192\\.0\\.2\\.10/24 swap={swap} failed=none",
                ]);
        }
    }

    [Fact]
    public void An_unconverted_guest_does_not_boot_from_virtio()
    {
        // The control of this class: without it, a guest that needs no conversion would pass everything above.
        var (exitCode, output) = ExternalTool.RunWithin(
            TimeSpan.FromMinutes(6), "", DebianGuests.Script("boot-check.sh"), guests.RawDisk("mbr"), "--bus", "virtio");
        Assert.Equal(1, exitCode);
        Assert.Contains("initramfs", output, StringComparison.Ordinal);
    }

    /// <summary>e2fsck reads the root partition of the converted disk and finds nothing to say.</summary>
    private void CheckFileSystem(string disk, string table)
    {
        var raw = Path.Combine(_out, "check.raw");
        ExternalTool.Check("qemu-img", "convert", "-O", "raw", disk, raw);
        var start = table == "gpt" ? 2 : 1;
        var partition = Path.Combine(_out, "partition.img");
        ExternalTool.Check("dd", $"if={raw}", $"of={partition}", "bs=1M", $"skip={start}", $"count={2048 - start - 128 - 1}", "conv=sparse", "status=none");
        ExternalTool.Check("e2fsck", "-fn", partition);
        File.Delete(raw);
        File.Delete(partition);
    }

    private static string[] Digests(string path) =>
        [.. Directory.GetFiles(Path.GetDirectoryName(path)!).Order(StringComparer.Ordinal).Select(f =>
        {
            using var stream = File.OpenRead(f);
            return $"{f} {Convert.ToHexString(SHA256.HashData(stream))}";
        })];
}
