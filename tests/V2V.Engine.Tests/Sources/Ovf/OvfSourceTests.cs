using System.Security.Cryptography;
using V2V.Engine.Sources;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Sources.Ovf;

public sealed class OvfSourceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    [Shows("CapacityDiffers")]
    public void A_guest_exported_from_vSphere_is_read_completely()
    {
        SampleDisks.WriteStreamOptimized(_folder, "debian12-1.vmdk");
        var guest = Read(SampleData.Read("vsphere.ovf"));

        Assert.Equal("debian12", guest.Name);
        Assert.Equal("OVF", guest.SourceKind);
        Assert.Equal("VMware", guest.Hypervisor);
        Assert.Equal(2, guest.CpuCount);
        Assert.Equal(2048, guest.MemoryMiB);
        Assert.Equal(Firmware.Bios, guest.Firmware);
        Assert.False(guest.SecureBoot);
        Assert.Equal("debian12_64Guest", guest.GuestOsHint);
        Assert.Equal("Made for tests of conversions", guest.Annotation);
        Assert.Equal([new RemovableDrive(RemovableDriveKind.CdRom, DiskController.Sata, 0)], guest.RemovableDrives);
        Assert.Equal(
            [
                new SourceNetworkAdapter(null, "vmxnet3", "VM Network", PciSlot: 192),
                new SourceNetworkAdapter(null, "e1000", "Storage \"A\" & backup", PciSlot: 224),
            ],
            guest.NetworkAdapters);
        var disk = Assert.Single(guest.Disks);
        Assert.Equal("vmdk", disk.Format);
        Assert.Equal(SampleDisks.Capacity, disk.Capacity);
        Assert.Equal((DiskController.Scsi, "pvscsi"), (disk.Controller, disk.ControllerModel));
        Assert.Null(disk.ExpectedDigest);
        AssertContent(disk);
        // The sample's descriptor belongs to a disk of 2 GiB.
        Assert.Equal("CapacityDiffers", Assert.Single(guest.Concerns).Id);
    }

    [Theory]
    [InlineData("--format=ustar")]
    [InlineData("--format=gnu")]
    [InlineData("--format=pax")]
    public void An_archive_is_read_in_place(string format)
    {
        SampleDisks.WriteStreamOptimized(_folder, "debian12-1.vmdk");
        File.WriteAllText(_folder["debian12.ovf"], SampleData.Read("vsphere.ovf"));
        WriteManifest("debian12.mf", "debian12.ovf", "debian12-1.vmdk");
        ExternalTool.Check("tar", "-C", _folder.Path, format, "-cf", _folder["debian12.ova"], "debian12.ovf", "debian12.mf", "debian12-1.vmdk");
        File.Delete(_folder["debian12-1.vmdk"]);

        var guest = Assert.Single(SampleData.Open(_folder["debian12.ova"]));
        Assert.Equal("OVA", guest.SourceKind);
        var disk = Assert.Single(guest.Disks);
        Assert.Equal($"{_folder["debian12.ova"]}!debian12-1.vmdk", disk.Path);
        AssertContent(disk);
        Assert.NotNull(disk.ExpectedDigest);
        disk.ExpectedDigest.Verify(cancellation: TestContext.Current.CancellationToken);
    }

    [Fact]
    public void A_disk_that_was_changed_after_the_export_is_found_by_its_digest()
    {
        SampleDisks.WriteStreamOptimized(_folder, "debian12-1.vmdk");
        File.WriteAllText(_folder["guest.ovf"], SampleData.Read("vsphere.ovf"));
        WriteManifest("guest.mf", "guest.ovf", "debian12-1.vmdk");
        var disk = SampleData.Open(_folder["guest.ovf"])[0].Disks[0];
        using (var file = File.OpenHandle(_folder["debian12-1.vmdk"], FileMode.Open, FileAccess.ReadWrite))
        {
            var last = new byte[1];
            RandomAccess.Read(file, last, RandomAccess.GetLength(file) - 1);
            RandomAccess.Write(file, [(byte)~last[0]], RandomAccess.GetLength(file) - 1);
        }

        var actual = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(_folder["debian12-1.vmdk"])));
        var error = Assert.Throws<SourceException>(() => disk.ExpectedDigest!.Verify(cancellation: TestContext.Current.CancellationToken));
        Assert.Equal(V2VError.SourceChecksumMismatch, error.Error);
        Assert.Contains("debian12-1.vmdk", error.Message, StringComparison.Ordinal);
        Assert.Contains(actual, error.Message, StringComparison.Ordinal);
        Assert.Contains(disk.ExpectedDigest!.Expected!, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_descriptor_that_was_changed_is_refused_at_once()
    {
        SampleDisks.WriteStreamOptimized(_folder, "debian12-1.vmdk");
        File.WriteAllText(_folder["guest.ovf"], SampleData.Read("vsphere.ovf"));
        WriteManifest("guest.mf", "guest.ovf");
        File.AppendAllText(_folder["guest.ovf"], "\n");
        Assert.Equal(V2VError.SourceChecksumMismatch, Assert.Throws<SourceException>(() => SampleData.Open(_folder["guest.ovf"])).Error);
    }

    [Fact]
    public void A_disk_without_a_file_is_an_empty_disk()
    {
        SampleDisks.WriteStreamOptimized(_folder, "debian12-1.vmdk");
        var disk = Read(SampleData.Read("vsphere.ovf").Replace(" ovf:fileRef=\"file1\"", "", StringComparison.Ordinal)).Disks[0];
        Assert.Equal(2L << 30, disk.Capacity);
        using var device = disk.Open();
        var part = new byte[4096];
        part.AsSpan().Fill(0xFF);
        device.Read((2L << 30) - 4096, part);
        Assert.All(part, b => Assert.Equal(0, b));
        Assert.True(Assert.Single(device.Extents(0, device.Length)).IsZero);
    }

    [Theory]
    [InlineData("ovf:href=\"debian12-1.vmdk\"", "ovf:href=\"/etc/passwd\"", V2VError.DiskImageOutsideFolder)]
    [InlineData("ovf:href=\"debian12-1.vmdk\"", "ovf:href=\"../debian12-1.vmdk\"", V2VError.DiskImageOutsideFolder)]
    [InlineData("ovf:href=\"debian12-1.vmdk\"", "ovf:href=\"%2e%2e/debian12-1.vmdk\"", V2VError.DiskImageOutsideFolder)]
    [InlineData("ovf:href=\"debian12-1.vmdk\"", "ovf:href=\"http://example.com/debian12-1.vmdk\"", V2VError.SourceUnsupported)]
    [InlineData("ovf:href=\"debian12-1.vmdk\"", "ovf:href=\"gone.vmdk\"", V2VError.DiskImageNotFound)]
    [InlineData("ovf:href=\"debian12-1.vmdk\"", "ovf:href=\"file:///etc/passwd\"", V2VError.SourceUnsupported)]
    [InlineData("ovf:href=\"debian12-1.vmdk\"", "ovf:href=\"file:debian12-1.vmdk\"", V2VError.SourceUnsupported)]
    [InlineData("ovf:href=\"debian12-1.vmdk\"", "ovf:compression=\"lzma\" ovf:href=\"debian12-1.vmdk\"", V2VError.SourceUnsupported)]
    [InlineData("ovf:href=\"debian12-1.vmdk\"", "ovf:chunkSize=\"1024\" ovf:href=\"gone.vmdk\"", V2VError.DiskImageNotFound)]
    [InlineData("ovf:fileRef=\"file1\"", "ovf:fileRef=\"file9\"", V2VError.SourceInvalid)]
    [InlineData("ovf:fileRef=\"file1\"", "ovf:fileRef=\"file1\" ovf:parentRef=\"vmdisk0\"", V2VError.SourceInvalid)]
    [InlineData("ovf:/disk/vmdisk1", "ovf:/disk/vmdisk9", V2VError.SourceInvalid)]
    [InlineData("ovf:fileRef=\"file1\"", "ovf:fileRef=\"file1\" ovf:parentRef=\"vmdisk1\"", V2VError.SourceInvalid)]
    [InlineData("ovf:/disk/vmdisk1", "ovf:/file/file9", V2VError.SourceInvalid)]
    [InlineData("ovf:/disk/vmdisk1", "ovf:/network/1", V2VError.SourceUnsupported)]
    [InlineData("<rasd:VirtualQuantity>2<", "<rasd:VirtualQuantity>20000<", V2VError.SourceInvalid)]
    [InlineData("vmw:key=\"firmware\" vmw:value=\"bios\"", "vmw:key=\"firmware\" vmw:value=\"openfirmware\"", V2VError.SourceUnsupported)]
    [InlineData("http://schemas.dmtf.org/ovf/envelope/1", "http://schemas.dmtf.org/ovf/envelope/3", V2VError.SourceUnsupported)]
    [InlineData("<DiskSection>", "<EncryptedData xmlns=\"http://www.w3.org/2001/04/xmlenc#\"/><DiskSection>", V2VError.SourceUnsupported)]
    [InlineData("</Envelope>", "<VirtualSystem/></Envelope>", V2VError.SourceInvalid)]
    [InlineData("</Envelope>", "", V2VError.SourceInvalid)]
    public void What_is_wrong_or_not_supported_is_refused_by_name(string replaced, string by, V2VError expected)
    {
        SampleDisks.WriteStreamOptimized(_folder, "debian12-1.vmdk");
        var error = Assert.Throws<SourceException>(() => Read(SampleData.Read("vsphere.ovf").Replace(replaced, by, StringComparison.Ordinal)));
        Assert.Equal(expected, error.Error);
        Assert.NotNull(error.Path);
    }

    [Fact]
    public void Entities_are_not_expanded()
    {
        const string Dtd = """
            <?xml version="1.0"?>
            <!DOCTYPE Envelope [<!ENTITY a SYSTEM "file:///etc/passwd"><!ENTITY b "&a;&a;&a;">]>
            <Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1"><VirtualSystem><Name>&b;</Name></VirtualSystem></Envelope>
            """;
        var error = Assert.Throws<SourceException>(() => Read(Dtd));
        Assert.DoesNotContain("root:", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Descriptors_without_end_are_refused()
    {
        const string Start = "<Envelope xmlns=\"http://schemas.dmtf.org/ovf/envelope/1\">";
        Assert.Equal(V2VError.SourceInvalid, Assert.Throws<SourceException>(() => Read(Start + string.Concat(Enumerable.Repeat("<a>", 500_000)))).Error);
        Assert.Equal(V2VError.SourceInvalid, Assert.Throws<SourceException>(() => Read(Start + new string(' ', 5 << 20))).Error);
    }

    [Fact]
    public void Members_outside_the_archive_are_refused()
    {
        SampleDisks.WriteStreamOptimized(_folder, "debian12-1.vmdk");
        File.WriteAllText(_folder["debian12.ovf"], SampleData.Read("vsphere.ovf").Replace("href=\"debian12", "href=\"../debian12", StringComparison.Ordinal));
        ExternalTool.Check("tar", "-C", _folder.Path, "-cf", _folder["x.ova"], "debian12.ovf", "debian12-1.vmdk");
        Assert.Equal(V2VError.DiskImageOutsideFolder, Assert.Throws<SourceException>(() => SampleData.Open(_folder["x.ova"])).Error);
    }

    [Fact]
    public void Archives_without_or_with_several_descriptors_are_refused()
    {
        File.WriteAllText(_folder["a.ovf"], "x");
        File.WriteAllText(_folder["b.ovf"], "x");
        File.WriteAllText(_folder["c.txt"], "x");
        ExternalTool.Check("tar", "-C", _folder.Path, "-cf", _folder["two.ova"], "a.ovf", "b.ovf");
        ExternalTool.Check("tar", "-C", _folder.Path, "-cf", _folder["none.ova"], "c.txt");
        Assert.Contains("2 descriptions", Assert.Throws<SourceException>(() => SampleData.Open(_folder["two.ova"])).Message, StringComparison.Ordinal);
        Assert.Contains("neither the description", Assert.Throws<SourceException>(() => SampleData.Open(_folder["none.ova"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_descriptor_is_read_or_refused_but_breaks_nothing()
    {
        SampleDisks.WriteStreamOptimized(_folder, "debian12-1.vmdk");
        var original = System.Text.Encoding.UTF8.GetBytes(SampleData.Read("vsphere.ovf"));
        var random = new Random(7);
        for (var i = 0; i < 500; i++)
        {
            var damaged = original.ToArray();
            for (var n = random.Next(1, 6); n > 0; n--)
            {
                // Digits and letters by others, so that most of them stay well-formed.
                var at = random.Next(damaged.Length);
                damaged[at] = damaged[at] is >= (byte)'0' and <= (byte)'9' ? (byte)random.Next('-', ':') : (byte)random.Next(32, 127);
            }

            File.WriteAllBytes(_folder["guest.ovf"], damaged);
            try
            {
                SampleData.Open(_folder["guest.ovf"]);
            }
            catch (V2VException)
            {
            }
        }
    }

    private static void AssertContent(SourceDisk disk)
    {
        using var device = disk.Open();
        var start = new byte[SampleDisks.Content().Length];
        device.Read(0, start);
        Assert.Equal(SampleDisks.Content(), start);
    }

    private void WriteManifest(string name, params string[] files) =>
        File.WriteAllLines(_folder[name], files.Select(f => $"SHA256({f})= {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(_folder[f])))}"));

    private SourceGuest Read(string text)
    {
        File.WriteAllText(_folder["guest.ovf"], text);
        return Assert.Single(SampleData.Open(_folder["guest.ovf"]));
    }
}
