using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using V2V.Engine.Sources;
using V2V.Engine.Tests.Disks.Vhd;
using V2V.Engine.Tests.Disks.Vhdx;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Sources;

/// <summary>
/// What is wrong with a source has an error of its own, which says what and where, what was found and what is needed, and what to do about
/// it. What a user may want in spite of it is a concern.
/// </summary>
public sealed class BadSourceTests : IDisposable
{
    private const string Vmx = "esxi-8";
    private const string Ovf = "vsphere-7-ovf-uefi";
    private const string Ova = "vsphere-6.5-ova";
    private const string VirtualBox = "virtualbox-6-linux-host";
    private const string LibvirtXml = "libvirt-kvm-2012";
    private const string Xva = "xcp-ng-8.2";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // Packages

    [Fact]
    public void A_package_without_a_descriptor()
    {
        File.WriteAllBytes(_folder["web-disk1.vmdk"], new byte[512]);
        Pack("web.ova", "web-disk1.vmdk");
        AssertError(_folder["web.ova"], V2VError.SourceInvalid, "neither the descr");
    }

    [Fact]
    public void A_package_with_two_descriptors()
    {
        File.WriteAllText(_folder["a.ovf"], "<Envelope/>");
        File.WriteAllText(_folder["b.ovf"], "<Envelope/>");
        Pack("web.ova", "a.ovf", "b.ovf");
        AssertError(_folder["web.ova"], V2VError.SourceUnsupported, "2 descriptions of guests", "a.ovf", "b.ovf");
    }

    [Fact]
    public void A_folder_without_a_guest()
    {
        File.WriteAllText(_folder["notes.txt"], "x");
        AssertError(_folder.Path, V2VError.SourceUnsupported, "holds no");
    }

    [Fact]
    public void A_descriptor_with_another_digest_than_the_manifest_says()
    {
        using var sample = SourceSample.Make(Ovf);
        var expected = Digest(sample.SourcePath);
        File.AppendAllText(sample.SourcePath, "\n");
        AssertError(sample.SourcePath, V2VError.SourceChecksumMismatch, "SHA256", expected, Digest(sample.SourcePath));
    }

    [Fact]
    public void A_disk_with_another_digest_than_the_manifest_says()
    {
        using var sample = SourceSample.Make(Ovf);
        var disk = sample.Folder["web-and-shop-2.vmdk"];
        var expected = Digest(disk);
        using (var file = File.OpenWrite(disk))
        {
            file.Seek(0, SeekOrigin.End);
            file.WriteByte(1);
        }

        var digest = Assert.Single(sample.Open()).Disks[1].ExpectedDigest!;
        AssertError(Assert.Throws<SourceException>(() => digest.Verify(cancellation: TestContext.Current.CancellationToken)), V2VError.SourceChecksumMismatch, disk, "SHA256", expected, Digest(disk));
    }

    // Disks

    [Theory]
    [InlineData(Vmx, "debian12.vmdk", "scsi0:0")]
    [InlineData(Vmx, "debian12-flat.vmdk", "")]
    [InlineData(Ovf, "web-and-shop-1.vmdk", "")]
    [InlineData(VirtualBox, "build.vdi", "SAS, port 0")]
    [InlineData(LibvirtXml, "web-logs.img", "sda")]
    [InlineData("esxi-6.5-windows-snapshots", "filer01_1-000001.vmdk", "")]
    public void A_missing_disk(string name, string disk, string place)
    {
        using var sample = SourceSample.Make(name);
        File.Delete(sample.Folder[disk]);
        if (name == LibvirtXml)
        {
            Edit(sample.SourcePath, "/var/lib/libvirt/images/", "");
        }

        AssertError(sample.SourcePath, V2VError.DiskImageNotFound, disk, place);
    }

    [Fact]
    public void A_disk_that_is_missing_in_an_archive()
    {
        using var sample = SourceSample.Make(Ova);
        ExternalTool.Check("tar", "--delete", "-f", sample.SourcePath, "mail-disk2.vmdk");
        AssertError(sample.SourcePath, V2VError.DiskImageNotFound, "mail-disk2.vmdk");
    }

    [Theory]
    [InlineData(Vmx, "debian12.vmx", "\"debian12.vmdk\"", "\"../debian12.vmdk\"")]
    [InlineData(Vmx, "debian12.vmx", "\"debian12.vmdk\"", "\"/etc/passwd\"")]
    [InlineData(Ovf, "web-and-shop.ovf", "href=\"web-and-shop-1.vmdk\"", "href=\"../../etc/passwd\"")]
    [InlineData(Ovf, "web-and-shop.ovf", "href=\"web-and-shop-1.vmdk\"", "href=\"%2e%2e/passwd\"")]
    [InlineData(VirtualBox, "build.vbox", "location=\"build.vdi\"", "location=\"../build.vdi\"")]
    [InlineData(LibvirtXml, "web.xml", "/var/lib/libvirt/images/web.qcow2", "../web.qcow2")]
    public void A_path_that_leaves_the_package(string name, string file, string text, string by)
    {
        using var sample = SourceSample.Make(name);
        File.Delete(sample.Folder["web-and-shop.mf"]);
        Edit(sample.Folder[file], text, by);
        AssertError(sample.SourcePath, V2VError.DiskImageOutsideFolder, by.Split('"') is { Length: > 1 } quoted ? Uri.UnescapeDataString(quoted[1]) : by);
    }

    [Fact]
    public void A_path_that_leaves_an_archive()
    {
        using var sample = SourceSample.Make(Ova);
        Edit(sample.Folder["mail.ovf"], "href=\"mail-disk1.vmdk\"", "href=\"../mail-disk1.vmdk\"");
        ExternalTool.Check("tar", "-C", sample.Folder.Path, "-cf", sample.SourcePath, "mail.ovf", "mail-disk1.vmdk");
        AssertError(sample.SourcePath, V2VError.DiskImageOutsideFolder, "../mail-disk1.vmdk");
    }

    [Fact]
    public void An_image_that_leads_out_of_its_folder()
    {
        ExternalTool.Need("qemu-img");
        ExternalTool.Check("qemu-img", "create", "-q", "-f", "qcow2", "-u", "-b", "/etc/passwd", "-F", "raw", _folder["web.qcow2"], "8M");
        AssertError(_folder["web.qcow2"], V2VError.DiskImageOutsideFolder, "/etc/passwd");
    }

    /// <summary>A guest may write what it likes into its own raw disk: a header that claims to build upon a file of the host.</summary>
    [Theory]
    [InlineData("web.img", V2VError.DiskImageUnsupported, "named like a raw image, but its content looks like qcow2")]
    [InlineData("web-disk", V2VError.SourceUnsupported, "does not tell the format")]
    public void A_raw_disk_that_poses_as_qcow2_with_a_backing_file(string disk, V2VError error, string said)
    {
        ExternalTool.Need("qemu-img");
        ExternalTool.Check("qemu-img", "create", "-q", "-f", "qcow2", "-u", "-b", "/etc/passwd", "-F", "raw", _folder[disk], "8M");
        File.WriteAllText(
            _folder["web.xml"], $"<domain type='kvm'><name>web</name><memory>1048576</memory><devices><disk type='file'><source file='{disk}'/><target dev='vda'/></disk></devices></domain>");
        AssertError(_folder["web.xml"], error, _folder[disk], said);
        // Given alone, a file without a name that says raw is what its content says, and is not followed out of its folder.
        AssertError(_folder[disk], error == V2VError.SourceUnsupported ? V2VError.DiskImageOutsideFolder : error, _folder[disk]);
        // Described as raw it is what it was for its guest: data.
        Edit(_folder["web.xml"], "<source", "<driver type='raw'/><source");
        using var device = Assert.Single(Assert.Single(SampleData.Open(_folder["web.xml"])).Disks).Open();
        var start = new byte[4];
        device.Read(0, start);
        Assert.Equal("QFI\u00FB", Encoding.Latin1.GetString(start));
    }

    // Chains

    [Fact]
    public void A_cyclic_chain_of_VMDK_snapshots()
    {
        using var sample = SourceSample.Make("esxi-6.5-windows-snapshots");
        Edit(sample.Folder["filer01-000001.vmdk"], "parentFileNameHint=\"filer01.vmdk\"", "parentFileNameHint=\"filer01-000002.vmdk\"");
        AssertError(sample.SourcePath, V2VError.DiskImageCorrupt, "filer01-000002.vmdk", "back to itself");
    }

    [Fact]
    public void A_cyclic_chain_of_qcow2_images()
    {
        ExternalTool.Need("qemu-img");
        foreach (var (name, below) in new[] { ("a", "b"), ("b", "c"), ("c", "a") })
        {
            ExternalTool.Check("qemu-img", "create", "-q", "-f", "qcow2", "-u", "-b", below + ".qcow2", "-F", "qcow2", _folder[name + ".qcow2"], "8M");
        }

        AssertError(_folder["a.qcow2"], V2VError.DiskImageCorrupt, "a.qcow2", "back to itself");
    }

    [Fact]
    public void A_cyclic_chain_of_VHD_images()
    {
        var (a, b) = (Guid.NewGuid(), Guid.NewGuid());
        File.WriteAllBytes(_folder["a.vhd"], new VhdWriter { Id = a, ParentId = b, ParentName = "b.vhd", RelativePath = @".\b.vhd" }.Write(new byte[8 << 20], []));
        File.WriteAllBytes(_folder["b.vhd"], new VhdWriter { Id = b, ParentId = a, ParentName = "a.vhd", RelativePath = @".\a.vhd" }.Write(new byte[8 << 20], []));
        AssertError(_folder["a.vhd"], V2VError.DiskImageCorrupt, "a.vhd", "back to itself");
    }

    [Fact]
    public void A_cyclic_chain_of_VHDX_images()
    {
        ExternalTool.Need("qemu-img");
        ExternalTool.Check("qemu-img", "create", "-q", "-f", "vhdx", _folder["a.vhdx"], "8M");
        var image = new VhdxImage(File.ReadAllBytes(_folder["a.vhdx"]));
        image.MakeDifferencing(("parent_linkage", image.DataWriteGuid.ToString("B")), ("relative_path", @".\a.vhdx"));
        File.WriteAllBytes(_folder["a.vhdx"], image.Bytes);
        AssertError(_folder["a.vhdx"], V2VError.DiskImageCorrupt, "a.vhdx", "back to itself");
    }

    [Fact]
    public void A_cyclic_chain_of_VDI_images()
    {
        ExternalTool.Need("qemu-img");
        ExternalTool.Check("qemu-img", "create", "-q", "-f", "vdi", _folder["a.vdi"], "8M");
        ExternalTool.Check("qemu-img", "create", "-q", "-f", "vdi", _folder["b.vdi"], "8M");
        var (a, b) = (File.ReadAllBytes(_folder["a.vdi"]), File.ReadAllBytes(_folder["b.vdi"]));
        foreach (var (image, parent) in new[] { (a, b), (b, a) })
        {
            BinaryPrimitives.WriteInt32LittleEndian(image.AsSpan(76), 4); // differencing
            parent.AsSpan(392, 32).CopyTo(image.AsSpan(424));
        }

        File.WriteAllBytes(_folder["a.vdi"], a);
        File.WriteAllBytes(_folder["b.vdi"], b);
        AssertError(_folder["a.vdi"], V2VError.DiskImageCorrupt, ".vdi", "back to itself");
    }

    // Encryption

    [Theory]
    [InlineData(Vmx, "debian12.vmx", "memSize", "encryption.keySafe = \"x\"\nencryption.data = \"y\"\nmemSize")]
    [InlineData(VirtualBox, "build.vbox", "<Machine uuid", "<MachineEncrypted/><Machine uuid")]
    [InlineData(VirtualBox, "build.vbox", "location=\"build.vdi\" format=\"VDI\" type=\"Normal\"/>", "location=\"build.vdi\" format=\"VDI\"><Property name=\"CRYPT/KeyStore\" value=\"x\"/></HardDisk>")]
    [InlineData(Ovf, "web-and-shop.ovf", "<DiskSection>", "<EncryptedData xmlns=\"http://www.w3.org/2001/04/xmlenc#\"/><DiskSection>")]
    [InlineData(LibvirtXml, "web.xml", "<target dev='vda'", "<encryption format='luks'/><target dev='vda'")]
    public void An_encrypted_guest(string name, string file, string text, string by)
    {
        using var sample = SourceSample.Make(name);
        File.Delete(sample.Folder["web-and-shop.mf"]);
        Edit(sample.Folder[file], text, by);
        AssertError(sample.SourcePath, V2VError.SourceUnsupported, "encrypted");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void An_encrypted_qcow2_image(byte method)
    {
        ExternalTool.Need("qemu-img");
        // QEMU's own (AES) encryption: making LUKS measures how fast the machine is, which fails on busy ones. Byte 35 tells which of them it is.
        ExternalTool.Check("qemu-img", "create", "-q", "-f", "qcow2", _folder["web.qcow2"], "8M");
        using (var file = File.OpenWrite(_folder["web.qcow2"]))
        {
            file.Position = 35;
            file.WriteByte(method);
        }

        AssertError(_folder["web.qcow2"], V2VError.DiskImageUnsupported, "web.qcow2", "encrypt");
    }

    // Guests that are not shut down

    [Theory]
    [InlineData("debian12.vmx.lck")]
    [InlineData("debian12.vmem")]
    [InlineData("debian12-4a2b.vswp")]
    [Shows("GuestRunning")]
    public void A_running_guest_of_VMware(string file)
    {
        using var sample = SourceSample.Make(Vmx);
        File.AppendAllText(sample.SourcePath, "sched.swap.derivedName = \"/vmfs/volumes/5c0f1a2b-3c4d/debian12/debian12-4a2b.vswp\"\n");
        Assert.Empty(Assert.Single(sample.Open()).Concerns);
        File.WriteAllText(sample.Folder[file], "");
        var guest = Assert.Single(sample.Open());
        AssertConcern(guest, ConcernSeverity.Critical, "GuestRunning", file);
        Assert.Equal(GuestState.Running, guest.State);
    }

    [Fact]
    public void A_suspended_guest_of_VMware()
    {
        using var sample = SourceSample.Make(Vmx);
        File.AppendAllText(sample.SourcePath, "checkpoint.vmState = \"debian12-7f3e.vmss\"\n");
        File.WriteAllText(sample.Folder["debian12.vmem"], "");
        AssertConcern(sample, "GuestSuspended", "debian12-7f3e.vmss");
    }

    [Fact]
    public void A_running_guest_of_libvirt()
    {
        using var sample = SourceSample.Make(LibvirtXml);
        Edit(sample.SourcePath, "<domain type='kvm'>", "<domain type='kvm' id='4'>");
        AssertConcern(sample, "GuestMayBeRunning", sample.SourcePath);
    }

    // Memory

    [Theory]
    [InlineData(Vmx, "debian12.vmx", "memSize = \"2048\"", "memSize = \"2097152\"", "2097152 MiB", 2048)]
    [InlineData(Ovf, "web-and-shop.ovf", "byte * 2^20", "byte * 2^30", "8192 x byte * 2^30", 8192)]
    [InlineData(VirtualBox, "build.vbox", "RAMSize=\"4096\"", "RAMSize=\"4194304\"", "4194304 MiB", 4096)]
    [InlineData(LibvirtXml, "web.xml", "unit='KiB'>4194304", "unit='MiB'>4194304", "4194304 MiB", 4096)]
    [Shows("MemoryUnitDoubtful")]
    public void A_memory_of_TiB_that_is_a_mistake_of_units(string name, string file, string text, string by, string written, long taken)
    {
        using var sample = SourceSample.Make(name);
        File.Delete(sample.Folder["web-and-shop.mf"]);
        Edit(sample.Folder[file], text, by);
        AssertConcern(sample, "MemoryUnitDoubtful", written, string.Create(CultureInfo.InvariantCulture, $"{taken} MiB are used"));
        Assert.Equal(taken, Assert.Single(sample.Open()).MemoryMiB);
    }

    // XML

    public static TheoryData<string, string> Bombs()
    {
        var data = new TheoryData<string, string>();
        foreach (var name in new[] { Ovf, VirtualBox, LibvirtXml, Xva })
        {
            data.Add(name, "entities");
            data.Add(name, "external entity");
            data.Add(name, "depth");
            data.Add(name, "length");
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Bombs))]
    public void An_XML_bomb(string name, string kind)
    {
        using var sample = SourceSample.Make(name);
        File.Delete(sample.Folder["web-and-shop.mf"]);
        var path = sample.Folder[Path.GetFileName(name == Xva ? "ova.xml" : sample.SourcePath)];
        var text = File.ReadAllText(path);
        var root = text.IndexOf(name switch { Ovf => "<Envelope", VirtualBox => "<VirtualBox", LibvirtXml => "<domain", _ => "<value" }, StringComparison.Ordinal);
        var end = text.IndexOf('>', root) + 1;
        var entities = new StringBuilder("<!ENTITY a0 'boom'>");
        for (var i = 1; i < 30; i++)
        {
            entities.Append(CultureInfo.InvariantCulture, $"<!ENTITY a{i} '&a{i - 1};&a{i - 1};&a{i - 1};&a{i - 1};'>");
        }

        var (bomb, said) = kind switch
        {
            "entities" => ($"<!DOCTYPE x [{entities}]>{text[root..end]}<x>&a29;</x>{text[end..]}", "document type"),
            "external entity" => ($"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>{text[root..end]}<x>&a;</x>{text[end..]}", "document type"),
            "depth" => (text[root..end] + new StringBuilder().Insert(0, "<x>", 5000).Insert(15000, "</x>", 5000) + text[end..], "nested deeper"),
            _ => (text[root..end] + new string(' ', 5 << 20) + text[end..], "larger than"),
        };
        File.WriteAllText(path, bomb);
        if (name == Xva)
        {
            ExternalTool.Check("tar", "--force-local", "--format=ustar", "-C", sample.Folder.Path, "-cf", sample.SourcePath, "ova.xml");
        }

        var error = AssertError(sample.SourcePath, V2VError.SourceInvalid, said);
        Assert.DoesNotContain("root:", error.Message, StringComparison.Ordinal);
    }

    private static void AssertConcern(SourceSample sample, string id, params string[] said) =>
        AssertConcern(Assert.Single(sample.Open()), ConcernSeverity.Warning, id, said);

    private static void AssertConcern(SourceGuest guest, ConcernSeverity severity, string id, params string[] said)
    {
        var concern = Assert.Single(guest.Concerns, c => c.Id == id);
        Assert.Equal(severity, concern.Severity);
        Assert.All(said, s => Assert.Contains(s, concern.Message, StringComparison.Ordinal));
        Assert.False(string.IsNullOrEmpty(concern.Advice));
    }

    private static V2VException AssertError(string path, V2VError error, params string[] said)
    {
        var e = Assert.ThrowsAny<V2VException>(() => SampleData.Open(path));
        // A folder's or archive's own name is in what messages call the files in it.
        AssertError(e, error, [.. said, Path.GetDirectoryName(path)!]);
        return e;
    }

    private static void AssertError(V2VException e, V2VError error, params string[] said)
    {
        Assert.Equal(error, e.Error);
        Assert.All(said, s => Assert.Contains(s, e.Message, StringComparison.Ordinal));
        Assert.False(string.IsNullOrEmpty(e.Path));
        Assert.False(string.IsNullOrEmpty(e.Advice), $"there is no advice with: {e.Message}");
    }

    private static void Edit(string path, string text, string by)
    {
        var content = File.ReadAllText(path);
        Assert.Contains(text, content, StringComparison.Ordinal);
        File.WriteAllText(path, content.Replace(text, by, StringComparison.Ordinal));
    }

    private static string Digest(string path) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)));

    private void Pack(string name, params string[] members)
    {
        ExternalTool.Need("tar");
        ExternalTool.Check("tar", ["--format=ustar", "-C", _folder.Path, "-cf", _folder[name], .. members]);
    }
}
