using System.Xml.Linq;
using V2V.Engine.Sources;
using V2V.Engine.Targets.Directory;
using Xunit;

namespace V2V.Engine.Tests.Guests;

/// <summary>A real Debian guest as Xen had it, paravirtual and without a boot loader, comes up on virtio when it is started as its domain says.</summary>
[Collection(DebianGuestsCollection.Name)]
[Trait("Category", "Slow")]
public sealed class XenBootTests(DebianGuests guests) : IDisposable
{
    private readonly string _out = Directory.CreateTempSubdirectory("v2v-xen").FullName;

    public void Dispose() => Directory.Delete(_out, recursive: true);

    [Theory]
    [InlineData("disk", "virtio", "virtio_blk", "/dev/vda2")]
    [InlineData("disk", "scsi", "virtio_scsi", "/dev/sda2")]
    [InlineData("partitions", "virtio", "virtio_blk", "/dev/vda")]
    public void A_converted_guest_starts_as_its_domain_says(string form, string bus, string driver, string swap)
    {
        var source = Assert.Single(GuestSources.Open(guests.Xen(form), TestContext.Current.CancellationToken));
        using var target = new DirectoryTarget(_out);
        var result = new GuestConversion(source, new ConversionOptions()).Convert(target, cancellation: TestContext.Current.CancellationToken);

        Assert.Contains(result.Assessment.Concerns, c => c.Id == "DirectKernelBoot");
        ExternalTool.Check("virt-xml-validate", result.DomainXmlPath!, "domain");
        var domain = XDocument.Parse(result.DomainXml).Root!;
        var os = domain.Element("os")!;
        Assert.DoesNotContain("xvd", (string)os.Element("cmdline")!, StringComparison.Ordinal);
        Assert.DoesNotContain("hvc0", (string)os.Element("cmdline")!, StringComparison.Ordinal);
        foreach (var disk in result.Disks)
        {
            ExternalTool.Check("qemu-img", "check", disk);
        }

        var macs = domain.Descendants("interface").SelectMany(i => new[] { "--mac", (string)i.Element("mac")!.Attribute("address")! });
        ExternalTool.CheckWithin(
            TimeSpan.FromMinutes(6),
            DebianGuests.Script("boot-check.sh"),
            [
                .. result.Disks, "--bus", bus, .. macs,
                "--kernel", (string)os.Element("kernel")!, "--initrd", (string)os.Element("initrd")!, "--append", (string)os.Element("cmdline")!,
                "--expect", $"V2V-GUEST-UP disk={driver} nic=virtio_net,virtio_net eth0=up eth1=192\\.0\\.2\\.10/24 swap={swap} failed=none",
            ]);
    }
}
