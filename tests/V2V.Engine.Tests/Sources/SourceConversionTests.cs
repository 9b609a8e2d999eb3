using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Xml.Linq;
using V2V.Engine.Sources;
using V2V.Engine.Sources.DiskOnly;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Directory;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Sources;

/// <summary>
/// One guest in the form of each sample converts end to end. What it is converted to is, file by file, what becomes of its bare raw disk; only
/// the files that keep the names of network adapters are there in addition, one for each adapter that the source tells of.
/// </summary>
[Trait("Category", "Slow")]
public sealed class SourceConversionTests(SourceConversionTests.SystemDisk system) : IClassFixture<SourceConversionTests.SystemDisk>
{
    /// <summary>Names of interfaces depend on the adapters, which a bare disk tells nothing of.</summary>
    private const string InterfaceNames = "/etc/systemd/network/10-v2v-";

    /// <summary>The guest was installed on SCSI and names its swap space /dev/sda2: on NVMe and virtio that is no disk of the guest, and left as it is.</summary>
    private const string DiskNames = "/etc/fstab ";

    /// <summary>Samples into which no guest on a disk of its own fits.</summary>
    private static readonly Dictionary<string, string> Others = new()
    {
        ["hyperv-2012r2-gen2"] = "its disk is the empty one of a checkpoint",
        ["libvirt-debian5-xen-partitions"] = "its disks are partitions",
        ["virtualbox-7-windows-host"] = "its disk is the difference from another",
        ["xcp-ng-8.2"] = "its disk is too small",
    };

    public static TheoryData<string> Names() => [.. SourceSample.Names.Except(Others.Keys)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_guest_converts_from_every_form(string name)
    {
        using var sample = SourceSample.Make(name, system.Path);
        using var output = new TemporaryFolder();
        var source = Assert.Single(sample.Open());

        var result = Convert(source, output);

        var files = Files(result.Disks[SystemIndex(source)], output);
        var isNamedOtherwise = source.Disks[SystemIndex(source)].Controller is DiskController.Nvme or DiskController.Virtio;
        Assert.Equal(
            system.Expected.Where(f => !isNamedOtherwise || !f.StartsWith(DiskNames, StringComparison.Ordinal)),
            files.Where(f => !f.StartsWith(InterfaceNames, StringComparison.Ordinal) && (!isNamedOtherwise || !f.StartsWith(DiskNames, StringComparison.Ordinal))));
        var domain = XDocument.Parse(result.DomainXml).Root!;
        Assert.Equal(source.Disks.Count, result.Disks.Count);
        Assert.Equal(source.NetworkAdapters.Count, domain.Descendants("interface").Count());
        Assert.Equal(
            source.NetworkAdapters.Select(a => a.MacAddress).OfType<string>(),
            domain.Descendants("interface").Select(i => (string)i.Element("mac")!.Attribute("address")!).Where(m => source.NetworkAdapters.Any(a => a.MacAddress == m)));
        Assert.Equal(source.CpuCount.ToString(CultureInfo.InvariantCulture), domain.Element("vcpu")!.Value);
    }

    /// <summary>The system is on the first disk of the recipe, which need not be the first of the guest: the only one with a boot record.</summary>
    private static int SystemIndex(SourceGuest source) => source.Disks.ToList().FindIndex(disk =>
    {
        using var device = disk.Open();
        var sector = new byte[512];
        device.Read(0, sector);
        return sector is [.., 0x55, 0xAA];
    });

    private static ConversionResult Convert(SourceGuest source, TemporaryFolder output)
    {
        using var target = new DirectoryTarget(output.Path);
        return new GuestConversion(source, new ConversionOptions { Format = ImageFormat.Raw }).Convert(target, cancellation: TestContext.Current.CancellationToken);
    }

    /// <summary>Every file of the root file system with its digest, as e2fsprogs reads them.</summary>
    private static List<string> Files(string disk, TemporaryFolder folder)
    {
        var start = JsonDocument.Parse(ExternalTool.Check("sfdisk", "--json", disk)).RootElement.GetProperty("partitiontable").GetProperty("partitions")[0].GetProperty("start").GetInt64();
        var tree = Directory.CreateDirectory(folder["tree"]).FullName;
        ExternalTool.Check("debugfs", "-R", $"rdump / {tree}", $"{disk}?offset={start * 512}");
        return
        [
            .. Directory.EnumerateFiles(tree, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
                .Select(f => $"{f[tree.Length..]} {Digest(f)}").Order(StringComparer.Ordinal),
        ];
    }

    private static string Digest(string path)
    {
        using var file = File.OpenRead(path);
        return System.Convert.ToHexStringLower(SHA256.HashData(file));
    }

    /// <summary>The disk of samples/debian12.ova, and what it is converted to.</summary>
    public sealed class SystemDisk : IDisposable
    {
        private readonly TemporaryFolder _folder = new();

        public SystemDisk()
        {
            ExternalTool.Need("tar", "qemu-img", "debugfs", "sfdisk");
            ExternalTool.Check("tar", "-C", _folder.Path, "-xf", Sample());
            ExternalTool.Check("qemu-img", "convert", "-f", "vmdk", "-O", "raw", _folder["debian12-1.vmdk"], Path);
            var result = Convert(DiskSource.FromDisks([Path], "debian12"), _folder);
            Expected = Files(Assert.Single(result.Disks), _folder);
            Assert.InRange(Expected.Count, 40, 1000);
        }

        public string Path => _folder["system.raw"];

        public IReadOnlyList<string> Expected { get; }

        public void Dispose() => _folder.Dispose();

        private static string Sample([CallerFilePath] string here = "") => System.IO.Path.GetFullPath(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(here)!, "../../../samples/debian12.ova"));
    }
}
