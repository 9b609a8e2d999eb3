using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using V2V.Engine.Sources;
using V2V.Engine.Sources.DiskOnly;
using V2V.Engine.Tests.Disks;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Sources.Ovf;

/// <summary>OVF packages in archives of every kind, in pieces, compressed, signed.</summary>
public sealed class OvfPackageTests : IDisposable
{
    private const string DiskName = "debian12-1.vmdk";

    private const int LargeDisk = 6 << 20;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("tar", "tar -czf x.ova debian12.ovf debian12.mf debian12-1.vmdk")]
    [InlineData("xz", "tar -cJf x.ova debian12.ovf debian12.mf debian12-1.vmdk")]
    [InlineData("xz", "tar -cf - debian12.ovf debian12.mf debian12-1.vmdk | xz -T2 --block-size=20000 -c > x.ova")]
    [InlineData("zstd", "tar -cf - debian12.ovf debian12.mf debian12-1.vmdk | zstd -q -c > x.ova")]
    [InlineData("bzip2", "tar -cjf x.ova debian12.ovf debian12.mf debian12-1.vmdk")]
    [InlineData("tar", "tar -czf x.ova debian12-1.vmdk debian12.ovf debian12.mf")]
    [InlineData("zip", "zip -q x.ova debian12-1.vmdk debian12.ovf debian12.mf")]
    [InlineData("zip", "zip -q -0 x.ova debian12-1.vmdk debian12.ovf debian12.mf")]
    [InlineData("tar", "mkdir web && mv debian12* web && tar -czf x.ova web")]
    public void Archives_of_every_kind_are_read(string program, string command)
    {
        Make(program, command);
        File.Delete(_folder[DiskName]);
        var guest = Assert.Single(SampleData.Open(_folder["x.ova"]));
        Assert.Equal(("OVA", "debian12"), (guest.SourceKind, guest.Name));
        var disk = Assert.Single(guest.Disks);
        Assert.Equal(("vmdk", SampleDisks.Capacity), (disk.Format, disk.Capacity));
        AssertContent(disk);
        Assert.NotNull(disk.ExpectedDigest);
        disk.ExpectedDigest.Verify(cancellation: TestContext.Current.CancellationToken);
        Assert.DoesNotContain(Directory.EnumerateFiles(_folder.Path), f => f.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public void A_compressed_archive_is_listed_without_being_unpacked()
    {
        WriteLargeDisk();
        File.WriteAllText(_folder["debian12.ovf"], SampleData.Read("vsphere.ovf"));
        WriteManifest("debian12.mf", "debian12.ovf", DiskName);
        ExternalTool.Check("tar", "-C", _folder.Path, "-czf", _folder["whole.ova"], "debian12.ovf", "debian12.mf", DiskName);
        // What is listed is in the first part of it: the rest may be anything.
        var packed = File.ReadAllBytes(_folder["whole.ova"]);
        File.WriteAllBytes(_folder["x.ova"], packed[..(packed.Length * 2 / 3)]);
        var guest = Assert.Single(SampleData.Open(_folder["x.ova"]));
        Assert.Equal(LargeDisk, guest.Disks[0].Capacity);
        var error = Assert.ThrowsAny<V2VException>(() =>
        {
            using var device = guest.Disks[0].Open();
            device.Read(0, new byte[LargeDisk]);
        });
        Assert.Equal(V2VError.DiskImageCorrupt, error.Error);
        Assert.Contains("ends early", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_manifest_the_checksums_of_the_compression_are_compared()
    {
        Make("tar", "tar -czf x.ova debian12.ovf debian12-1.vmdk");
        var disk = SampleData.Open(_folder["x.ova"])[0].Disks[0];
        disk.ExpectedDigest!.Verify(cancellation: TestContext.Current.CancellationToken);
        var packed = File.ReadAllBytes(_folder["x.ova"]);
        packed[^6] ^= 1;
        File.WriteAllBytes(_folder["x.ova"], packed);
        disk = SampleData.Open(_folder["x.ova"])[0].Disks[0];
        var error = Assert.Throws<DiskImageException>(() => disk.ExpectedDigest!.Verify(cancellation: TestContext.Current.CancellationToken));
        Assert.Contains("checksum", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_manifest_behind_the_disks_of_a_compressed_archive_is_checked_during_the_conversion(bool isDamaged)
    {
        WriteLargeDisk();
        File.WriteAllText(_folder["debian12.ovf"], SampleData.Read("vsphere.ovf"));
        WriteManifest("debian12.mf", "debian12.ovf", DiskName);
        if (isDamaged)
        {
            File.AppendAllText(_folder["debian12.ovf"], "\n");
        }

        ExternalTool.Check("tar", "-C", _folder.Path, "-czf", _folder["x.ova"], "debian12.ovf", DiskName, "debian12.mf");
        var digest = SampleData.Open(_folder["x.ova"])[0].Disks[0].ExpectedDigest!;
        Assert.Null(digest.Expected);
        if (isDamaged)
        {
            Assert.Equal(V2VError.SourceChecksumMismatch, Assert.Throws<SourceException>(() => digest.Verify(cancellation: TestContext.Current.CancellationToken)).Error);
        }
        else
        {
            digest.Verify(cancellation: TestContext.Current.CancellationToken);
        }
    }

    [Theory]
    [InlineData("split -b 20000 -d -a 9 debian12-1.vmdk debian12-1.vmdk.", "ovf:chunkSize=\"20000\"")]
    [InlineData("gzip debian12-1.vmdk && mv debian12-1.vmdk.gz debian12-1.vmdk", "ovf:compression=\"gzip\"")]
    [InlineData("gzip debian12-1.vmdk && split -b 20000 -d -a 9 debian12-1.vmdk.gz debian12-1.vmdk.", "ovf:chunkSize=\"20000\" ovf:compression=\"gzip\"")]
    [InlineData("split -b 20000 -d -a 9 debian12-1.vmdk debian12-1.vmdk. && gzip debian12-1.vmdk.0* && for f in *.gz; do mv $f ${f%.gz}; done", "ovf:chunkSize=\"20000\" ovf:compression=\"gzip\"")]
    public void Disks_in_pieces_and_compressed_ones_are_read_with_their_digests(string command, string attributes)
    {
        ExternalTool.Need("split", "gzip");
        SampleDisks.WriteStreamOptimized(_folder, DiskName);
        ExternalTool.Check("sh", "-c", $"cd {_folder.Path} && {command} && rm -f debian12-1.vmdk.gz; test ! -e debian12-1.vmdk.000000000 || rm -f debian12-1.vmdk");
        File.WriteAllText(_folder["debian12.ovf"], SampleData.Read("vsphere.ovf")
            .Replace("ovf:href=\"debian12-1.vmdk\"", "ovf:href=\"debian12-1.vmdk\" " + attributes, StringComparison.Ordinal)
            .Replace("ovf:size=\"189710336\"", "", StringComparison.Ordinal));
        string[] stored = [.. Directory.EnumerateFiles(_folder.Path, "debian12-1.vmdk*").Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];
        WriteManifest("debian12.mf", ["debian12.ovf", .. stored]);
        var disk = SampleData.Open(_folder["debian12.ovf"])[0].Disks[0];
        AssertContent(disk);
        disk.ExpectedDigest!.Verify(cancellation: TestContext.Current.CancellationToken);

        // In an archive too; and a piece that was changed is found.
        File.AppendAllText(_folder[stored[^1]], "x");
        ExternalTool.Check("sh", "-c", $"cd {_folder.Path} && tar -cf x.ova debian12.ovf debian12.mf debian12-1.vmdk*");
        if (!attributes.Contains("gzip", StringComparison.Ordinal))
        {
            var digest = SampleData.Open(_folder["x.ova"])[0].Disks[0].ExpectedDigest!;
            var error = Assert.Throws<SourceException>(() => digest.Verify(cancellation: TestContext.Current.CancellationToken));
            Assert.Contains(stored[^1], error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_missing_piece_is_named()
    {
        SampleDisks.WriteStreamOptimized(_folder, DiskName);
        var size = new FileInfo(_folder[DiskName]).Length;
        ExternalTool.Check("split", "-b", "20000", "-d", "-a", "9", _folder[DiskName], _folder[DiskName] + ".");
        File.Delete(_folder[DiskName]);
        var last = Directory.EnumerateFiles(_folder.Path).Max(StringComparer.Ordinal)!;
        File.Delete(last);
        File.WriteAllText(_folder["x.ovf"], SampleData.Read("vsphere.ovf").Replace(
            "ovf:size=\"189710336\"", string.Create(CultureInfo.InvariantCulture, $"ovf:chunkSize=\"20000\" ovf:size=\"{size}\""), StringComparison.Ordinal));
        var error = Assert.Throws<SourceException>(() => SampleData.Open(_folder["x.ovf"]));
        Assert.Equal(V2VError.DiskImageNotFound, error.Error);
        Assert.Contains(Path.GetFileName(last), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_last_of_numbered_snapshots_counts()
    {
        SampleDisks.WriteStreamOptimized(_folder, DiskName);
        ExternalTool.Check("qemu-img", "create", "-q", "-f", "vmdk", _folder[DiskName + ".000000001"], "4M");
        File.Move(_folder[DiskName], _folder[DiskName + ".000000002"]);
        File.WriteAllText(_folder["x.ovf"], SampleData.Read("vsphere.ovf"));
        AssertContent(SampleData.Open(_folder["x.ovf"])[0].Disks[0]);
    }

    [Fact]
    public void A_delta_disk_is_read_over_its_parent()
    {
        var below = SampleDisk.Create(8 << 20);
        var above = new byte[8 << 20];
        new Random(3).NextBytes(above.AsSpan(1 << 20, 1 << 20));
        foreach (var (name, content) in new[] { ("base.vmdk", below), (DiskName, above) })
        {
            File.WriteAllBytes(_folder["x.raw"], content);
            ExternalTool.Check("qemu-img", "convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized", _folder["x.raw"], _folder[name]);
        }

        File.WriteAllText(_folder["x.ovf"], SampleData.Read("vsphere.ovf")
            .Replace("<References>", "<References><File ovf:href=\"base.vmdk\" ovf:id=\"file0\"/>", StringComparison.Ordinal)
            .Replace("<Info>Virtual disk information</Info>", "<Info/><Disk ovf:diskId=\"base\" ovf:capacity=\"8388608\" ovf:fileRef=\"file0\"/>", StringComparison.Ordinal)
            .Replace("ovf:diskId=\"vmdisk1\"", "ovf:diskId=\"vmdisk1\" ovf:parentRef=\"base\"", StringComparison.Ordinal));
        above.AsSpan(1 << 20, 1 << 20).CopyTo(below.AsSpan(1 << 20));
        using var device = SampleData.Open(_folder["x.ovf"])[0].Disks[0].Open();
        DiskAssert.Holds(below, device);
    }

    /// <summary>What the guest made zero is zero, whatever the disk below holds.</summary>
    [Fact]
    public void Zeros_of_a_delta_disk_hide_what_is_below_them()
    {
        File.WriteAllBytes(_folder["x.raw"], SampleDisk.Create(8 << 20));
        ExternalTool.Check("qemu-img", "convert", "-f", "raw", "-O", "vmdk", _folder["x.raw"], _folder["base.vmdk"]);
        ExternalTool.Check("qemu-img", "create", "-q", "-f", "vmdk", "-o", "zeroed_grain=on", "-b", _folder["base.vmdk"], "-F", "vmdk", _folder[DiskName]);
        ExternalTool.Check("qemu-io", "-f", "vmdk", "-c", "write -z 0 1M", "-c", "write -P 90 4M 64k", _folder[DiskName]);
        ExternalTool.Check("qemu-img", "convert", "-f", "vmdk", "-O", "raw", _folder[DiskName], _folder["x.raw"]);

        // A package's images do not name each other. QEMU writes the number without leading zeros, so that the text may become longer.
        var delta = File.ReadAllBytes(_folder[DiskName]);
        var area = delta.AsSpan(512, 20 * 512);
        var descriptor = Regex.Replace(Encoding.Latin1.GetString(area).TrimEnd('\0'), "(?m)^parentCID=[0-9a-f]+", "parentCID=ffffffff");
        area.Clear();
        Encoding.Latin1.GetBytes(descriptor, area);
        File.WriteAllBytes(_folder[DiskName], delta);
        File.WriteAllText(_folder["x.ovf"], SampleData.Read("vsphere.ovf")
            .Replace("<References>", "<References><File ovf:href=\"base.vmdk\" ovf:id=\"file0\"/>", StringComparison.Ordinal)
            .Replace("<Info>Virtual disk information</Info>", "<Info/><Disk ovf:diskId=\"base\" ovf:capacity=\"8388608\" ovf:fileRef=\"file0\"/>", StringComparison.Ordinal)
            .Replace("ovf:diskId=\"vmdisk1\"", "ovf:diskId=\"vmdisk1\" ovf:parentRef=\"base\"", StringComparison.Ordinal));
        using var device = SampleData.Open(_folder["x.ovf"])[0].Disks[0].Open();
        DiskAssert.Holds(File.ReadAllBytes(_folder["x.raw"]), device);
    }

    [Fact]
    public void Files_without_an_entry_in_the_disk_section_are_disks_too()
    {
        SampleDisks.WriteStreamOptimized(_folder, DiskName);
        File.WriteAllText(_folder["x.ovf"], SampleData.Read("vsphere.ovf").Replace("ovf:/disk/vmdisk1", "ovf:/file/file1", StringComparison.Ordinal));
        AssertContent(SampleData.Open(_folder["x.ovf"])[0].Disks[0]);
    }

    [Theory]
    [InlineData("rsa:2048", "sha256", "SHA256")]
    [InlineData("rsa:2048", "sha1", "SHA1")]
    [InlineData("ec", "sha512", "SHA512")]
    [Shows("PackageSigned", "SignatureNotChecked")]
    public void A_signature_is_checked_with_the_certificate_beside_it(string key, string algorithm, string name)
    {
        ExternalTool.Need("openssl", "sh");
        SampleDisks.WriteStreamOptimized(_folder, DiskName);
        File.WriteAllText(_folder["x.ovf"], SampleData.Read("vsphere.ovf"));
        WriteManifest("x.mf", "x.ovf", DiskName);
        var options = key == "ec" ? "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1" : $"-newkey {key}";
        ExternalTool.Check("sh", "-c", $"cd {_folder.Path} && openssl req -x509 {options} -nodes -keyout key.pem -out cert.pem -days 1 -subj '/CN=Example Appliances' 2>/dev/null"
            + $" && openssl dgst -{algorithm} -sign key.pem -out sig x.mf && (printf '{name}(x.mf)= '; od -An -v -tx1 sig | tr -d ' \\n'; echo; cat cert.pem) > x.cert");
        var concern = Assert.Single(SampleData.Open(_folder["x.ovf"])[0].Concerns, c => c.Id == "PackageSigned");
        Assert.Equal(ConcernSeverity.Information, concern.Severity);
        Assert.Contains("CN=Example Appliances", concern.Message, StringComparison.Ordinal);

        File.AppendAllText(_folder["x.mf"], "\n");
        var error = Assert.Throws<SourceException>(() => SampleData.Open(_folder["x.ovf"]));
        Assert.Equal(V2VError.SourceChecksumMismatch, error.Error);
        Assert.Contains("signature", error.Message, StringComparison.Ordinal);
        File.WriteAllText(_folder["x.cert"], "SHA256(x.mf)= abcd\nno certificate");
        Assert.Contains(SampleData.Open(_folder["x.ovf"])[0].Concerns, c => c.Id == "SignatureNotChecked");
    }

    [Theory]
    [InlineData("sha256sum", "SHA256")]
    [InlineData("sha1sum", "SHA1")]
    [InlineData("sha512sum", "SHA512")]
    [InlineData("md5sum", "MD5")]
    [Shows("ManifestFileMissing")]
    public void Digests_are_those_of_other_programs(string program, string name)
    {
        SampleDisks.WriteStreamOptimized(_folder, DiskName);
        File.WriteAllText(_folder["x.ovf"], SampleData.Read("vsphere.ovf"));
        string Hex(string file) => ExternalTool.Check(program, _folder[file]).Split(' ')[0];
        File.WriteAllText(_folder["x.mf"], $"{name}(x.ovf)= {Hex("x.ovf")}\r\n{name} ({DiskName}) = {Hex(DiskName).ToUpperInvariant()}\r\n{name}(gone.iso)= {Hex(DiskName)}\r\n");
        var guest = SampleData.Open(_folder["x.ovf"])[0];
        guest.Disks[0].ExpectedDigest!.Verify(cancellation: TestContext.Current.CancellationToken);
        Assert.Contains(guest.Concerns, c => c.Id == "ManifestFileMissing" && c.Message.Contains("gone.iso", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("4096", "byte", 4096, "MemoryUnitDoubtful")]
    [InlineData("4", "byte * 2^20", 4096, "MemoryUnitDoubtful")]
    [InlineData("1048576", "byte * 2^20", 1024, "MemoryUnitDoubtful")]
    [InlineData("2048", "furlong", 2048, "MemoryUnitUnknown")]
    [InlineData("512", "byte * 2^20", 512, null)]
    [InlineData("16", "GigaBytes", 16384, null)]
    [Shows("MemoryUnitUnknown")]
    public void Memory_in_the_wrong_unit_is_recognised(string quantity, string units, long expected, string? concern)
    {
        SampleDisks.WriteStreamOptimized(_folder, DiskName);
        File.WriteAllText(_folder["x.ovf"], SampleData.Read("vsphere.ovf")
            .Replace("<rasd:VirtualQuantity>2048<", $"<rasd:VirtualQuantity>{quantity}<", StringComparison.Ordinal)
            .Replace("<rasd:AllocationUnits>byte * 2^20<", $"<rasd:AllocationUnits>{units}<", StringComparison.Ordinal));
        var guest = SampleData.Open(_folder["x.ovf"])[0];
        Assert.Equal(expected, guest.MemoryMiB);
        Assert.Equal(concern, guest.Concerns.FirstOrDefault(c => c.Id.StartsWith("Memory", StringComparison.Ordinal))?.Id);
    }

    [Theory]
    [InlineData("tar", "tar -czf x.tgz notes.txt mail.img")]
    [InlineData("zip", "zip -q x.tgz notes.txt mail.img")]
    [InlineData("xz", "xz -0 mail.img && tar -cf x.tgz notes.txt mail.img.xz")]
    public void The_one_disk_image_in_an_archive_is_a_guest(string program, string command)
    {
        ExternalTool.Need(program, "sh");
        File.WriteAllText(_folder["notes.txt"], new string('n', 100_000));
        var content = SampleDisk.Create(1 << 20);
        File.WriteAllBytes(_folder["mail.img"], content);
        ExternalTool.Check("sh", "-c", $"cd {_folder.Path} && {command}");
        var guest = Assert.Single(SampleData.Open(_folder["x.tgz"]));
        Assert.Equal(("Disk", "mail"), (guest.SourceKind, guest.Name));
        using var device = guest.Disks[0].Open();
        DiskAssert.Holds(content, device);
    }

    [Fact]
    public void Of_several_disk_images_in_an_archive_each_can_be_named()
    {
        File.WriteAllBytes(_folder["a.img"], new byte[1 << 20]);
        var content = SampleDisk.Create(1 << 20);
        Directory.CreateDirectory(_folder["sub"]);
        File.WriteAllBytes(_folder["sub/b.img"], content);
        ExternalTool.Check("tar", "-C", _folder.Path, "-czf", _folder["x.tar.gz"], "a.img", "sub");
        var error = Assert.Throws<SourceException>(() => SampleData.Open(_folder["x.tar.gz"]));
        Assert.Contains("a.img, sub/b.img", error.Message, StringComparison.Ordinal);
        Assert.Contains("x.tar.gz!a.img", error.Advice, StringComparison.Ordinal);
        var guest = DiskSource.FromDisks([_folder["x.tar.gz"] + "!sub/b.img", _folder["x.tar.gz"] + "!a.img"], "pair", cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(2, guest.Disks.Count);
        using var device = guest.Disks[0].Open();
        DiskAssert.Holds(content, device);
        Assert.Equal("b", SampleData.Open(_folder["x.tar.gz"] + "!sub/b.img")[0].Name);
        Assert.Equal(V2VError.SourceNotFound, Assert.Throws<SourceException>(() => SampleData.Open(_folder["x.tar.gz"] + "!c.img")).Error);
        Assert.ThrowsAny<V2VException>(() => SampleData.Open(_folder["x.tar.gz"] + "!../a.img"));
    }

    [Fact]
    public void Other_descriptors_in_an_archive_are_read_too()
    {
        SampleDisks.WriteFlat(_folder, "web.vmdk");
        File.WriteAllText(_folder["web.vmx"], "displayName = \"web\"\nscsi0.present = \"TRUE\"\nscsi0:0.present = \"TRUE\"\nscsi0:0.fileName = \"web.vmdk\"\n");
        ExternalTool.Check("sh", "-c", $"cd {_folder.Path} && zip -q web.zip web*");
        var guest = Assert.Single(SampleData.Open(_folder["web.zip"]));
        Assert.Equal("VMX", guest.SourceKind);
        AssertContent(guest.Disks[0]);
    }

    [Theory]
    [InlineData("7z a -bd -t7z x.ova debian12.ovf", "7-Zip")]
    [InlineData("zip -q -P secret x.ova debian12.ovf debian12-1.vmdk", "encrypted")]
    public void Packages_that_cannot_be_read_are_refused_by_name(string command, string named)
    {
        ExternalTool.Need(command.Split(' ')[0]);
        Make("sh", command + " > /dev/null");
        var error = Assert.ThrowsAny<V2VException>(() => SampleData.Open(_folder["x.ova"]));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.NotNull(error.Advice);
    }

    [Fact]
    public void An_export_domain_of_oVirt_keeps_disks_elsewhere_which_has_to_be_allowed()
    {
        const string Group = "5a8f9c1e-6f1b-4f0e-9a34-0d8f3f6d2a01";
        const string Image = "c0b7b7a2-3f0b-4c55-9d7a-7a6b3a1f0b02";
        Directory.CreateDirectory(_folder["master/vms/1"]);
        Directory.CreateDirectory(_folder[$"images/{Group}"]);
        SampleDisks.WriteStreamOptimized(_folder, $"images/{Group}/{Image}");
        var descriptor = _folder["master/vms/1/1.ovf"];
        File.WriteAllText(descriptor, SampleData.Read("vsphere.ovf").Replace("ovf:href=\"debian12-1.vmdk\"", $"ovf:href=\"{Group}/{Image}\"", StringComparison.Ordinal));
        var error = Assert.Throws<SourceException>(() => SampleData.Open(descriptor));
        Assert.Equal(V2VError.DiskImageOutsideFolder, error.Error);
        Assert.Contains("-AllowDiskFolder", error.Advice, StringComparison.Ordinal);
        var options = new SourceOptions { AllowDiskFolders = [_folder["images"]] };
        AssertContent(GuestSources.Open(descriptor, options, TestContext.Current.CancellationToken)[0].Disks[0]);
    }

    [Fact]
    public void Links_and_names_that_lead_out_of_an_archive_are_no_files()
    {
        Directory.CreateDirectory(_folder["in"]);
        Make("tar", "ln -s /etc/passwd in/debian12-1.vmdk && cd in && tar -P -cf ../links.ova -C .. debian12.ovf -C in debian12-1.vmdk && tar -P -cf ../out.ova ../debian12.ovf ../debian12-1.vmdk");
        Assert.Equal(V2VError.DiskImageNotFound, Assert.Throws<SourceException>(() => SampleData.Open(_folder["links.ova"])).Error);
        Assert.Contains("neither the description", Assert.Throws<SourceException>(() => SampleData.Open(_folder["out.ova"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Disks_that_build_upon_each_other_in_a_circle_are_refused()
    {
        SampleDisks.WriteStreamOptimized(_folder, DiskName);
        File.WriteAllText(_folder["x.ovf"], SampleData.Read("vsphere.ovf")
            .Replace("<Info>Virtual disk information</Info>", "<Info/><Disk ovf:diskId=\"other\" ovf:fileRef=\"file1\" ovf:parentRef=\"vmdisk1\"/>", StringComparison.Ordinal)
            .Replace("ovf:diskId=\"vmdisk1\"", "ovf:diskId=\"vmdisk1\" ovf:parentRef=\"other\"", StringComparison.Ordinal));
        var error = Assert.Throws<SourceException>(() => SampleData.Open(_folder["x.ovf"]));
        Assert.Equal(V2VError.SourceInvalid, error.Error);
        Assert.Contains("builds upon itself", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_packages_are_read_or_refused_but_break_nothing()
    {
        Make("tar", "tar -cf whole.ova debian12.ovf debian12.mf debian12-1.vmdk");
        var original = File.ReadAllBytes(_folder["whole.ova"]);
        var descriptorEnd = 512 + ((int)new FileInfo(_folder["debian12.ovf"]).Length | 511) + 1;
        var random = new Random(11);
        for (var i = 0; i < 300; i++)
        {
            byte[] damaged = [.. original];
            for (var n = random.Next(1, 5); n > 0; n--)
            {
                // Headers of members, the manifest, the descriptor.
                var at = random.Next(3) switch { 0 => random.Next(512), 1 => descriptorEnd + random.Next(1536), _ => random.Next(descriptorEnd) };
                damaged[at] = (byte)random.Next(32, 127);
            }

            File.WriteAllBytes(_folder["x.ova"], damaged);
            try
            {
                SampleData.Open(_folder["x.ova"]);
            }
            catch (V2VException)
            {
            }
        }
    }

    /// <summary>Of noise, so that its image is too large to be looked behind.</summary>
    private void WriteLargeDisk()
    {
        var noise = new byte[LargeDisk];
        new Random(9).NextBytes(noise);
        File.WriteAllBytes(_folder["disk.raw"], noise);
        ExternalTool.Check("qemu-img", "convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized", _folder["disk.raw"], _folder[DiskName]);
        File.Delete(_folder["disk.raw"]);
    }

    private void Make(string program, string command)
    {
        ExternalTool.Need(program, "sh");
        SampleDisks.WriteStreamOptimized(_folder, DiskName);
        File.WriteAllText(_folder["debian12.ovf"], SampleData.Read("vsphere.ovf"));
        WriteManifest("debian12.mf", "debian12.ovf", DiskName);
        ExternalTool.Check("sh", "-c", $"cd {_folder.Path} && {command}");
    }

    private void WriteManifest(string name, params string[] files) =>
        File.WriteAllLines(_folder[name], files.Select(f => $"SHA256({f})= {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(_folder[f])))}"));

    private static void AssertContent(SourceDisk disk)
    {
        using var device = disk.Open();
        var start = new byte[SampleDisks.Content().Length];
        device.Read(0, start);
        Assert.Equal(SampleDisks.Content(), start);
    }
}
