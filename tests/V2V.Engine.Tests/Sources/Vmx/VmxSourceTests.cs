using V2V.Engine.Sources;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Sources.Vmx;

public sealed class VmxSourceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Disks_come_in_the_order_SCSI_NVMe_SATA_IDE_and_by_number_not_by_letter()
    {
        string[] places = ["ide0:0", "sata0:1", "scsi1:0", "nvme0:0", "scsi0:10", "scsi0:2"];
        foreach (var place in places)
        {
            SampleDisks.WriteFlat(_folder, Name(place));
        }

        var guest = Read(string.Concat(places.Select(p => $"{p}.fileName = \"{Name(p)}\"\n{p}.present = \"TRUE\"\n")));
        Assert.Equal(
            ["scsi0-2.vmdk", "scsi0-10.vmdk", "scsi1-0.vmdk", "nvme0-0.vmdk", "sata0-1.vmdk", "ide0-0.vmdk"],
            guest.Disks.Select(d => Path.GetFileName(d.Path)));

        static string Name(string place) => place.Replace(':', '-') + ".vmdk";
    }

    [Theory]
    [InlineData("scsi0:1.present = \"FALSE\"")]
    [InlineData("scsi0.present = \"FALSE\"")]
    [InlineData("SCSI0:1.Present = \"false\"")]
    public void Devices_that_are_not_present_are_left_out(string line)
    {
        var guest = Read($"scsi0:1.fileName = \"missing.vmdk\"\n{line}\nethernet0.present = \"FALSE\"\nethernet0.virtualDev = \"e1000\"");
        Assert.Empty(guest.Disks);
        Assert.Empty(guest.NetworkAdapters);
    }

    [Fact]
    public void Drives_without_a_disk_in_them_are_removable_drives()
    {
        var guest = Read("""
            ide1:0.deviceType = "cdrom-image"
            ide1:0.fileName = "/vmfs/volumes/iso/install.iso"
            ide1:0.present = "TRUE"
            scsi0:3.deviceType = "cdrom-raw"
            scsi0:3.present = "TRUE"
            sata0:2.fileName = "drivers.iso"
            sata0:2.present = "TRUE"
            floppy0.present = "TRUE"
            """);
        Assert.Empty(guest.Disks);
        Assert.Equal(
            [
                new RemovableDrive(RemovableDriveKind.CdRom, DiskController.Scsi, 3),
                new RemovableDrive(RemovableDriveKind.CdRom, DiskController.Sata, 2),
                new RemovableDrive(RemovableDriveKind.CdRom, DiskController.Ide, 2),
                new RemovableDrive(RemovableDriveKind.Floppy, DiskController.Unknown, 0),
            ],
            guest.RemovableDrives);
    }

    [Fact]
    public void Firmware_secure_boot_TPM_sound_and_generation_id_are_read()
    {
        // The id that VMware shows as 8c1d1f8e-5d14-4b67-9a3c-0c8f1e2d3b4a, in the two numbers in which it stores it.
        var id = Guid.Parse("8c1d1f8e-5d14-4b67-9a3c-0c8f1e2d3b4a").ToByteArray();
        var guest = Read($"""
            firmware = "efi"
            uefi.secureBoot.enabled = "TRUE"
            vtpm.present = "TRUE"
            vmx.encryptionType = "partial"
            encryption.keySafe = "vmware:key/list/..."
            sound.present = "TRUE"
            sound.virtualDev = "hdaudio"
            vm.genid = "{BitConverter.ToInt64(id)}"
            vm.genidX = "{BitConverter.ToInt64(id, 8)}"
            """);
        Assert.Equal(Firmware.Uefi, guest.Firmware);
        Assert.True(guest.SecureBoot);
        Assert.True(guest.HasTpm);
        Assert.Contains(guest.Concerns, c => c.Id == "TpmContentsStay");
        Assert.Equal("ich6", guest.SoundModel);
        Assert.Equal(Guid.Parse("8c1d1f8e-5d14-4b67-9a3c-0c8f1e2d3b4a"), guest.GenerationId);
    }

    [Theory]
    [InlineData("firmware = \"bios\"", null)]
    [InlineData("firmware = \"coreboot\"", "FirmwareUnknown")]
    [InlineData("memSize = \"plenty\"", "MemoryNotTold")]
    [InlineData("memSize = \"-4\"", "MemoryNotTold")]
    [InlineData("memSize = \"4194304\"", "MemoryUnitDoubtful")]
    [InlineData("numvcpus = \"99999999999\"", "ValueReplaced")]
    [InlineData("numvcpus = \"4\"\ncpuid.coresPerSocket = \"3\"", "TopologyIgnored")]
    [InlineData("checkpoint.vmState = \"web-1.vmss\"", "GuestSuspended")]
    [InlineData("pciPassthru0.present = \"TRUE\"", "PassthroughIgnored")]
    [InlineData("ethernet0.virtualDev = \"e1000\"\nethernet0.generatedAddress = \"none\"", "MacAddressIgnored")]
    [Shows("FirmwareUnknown", "TopologyIgnored", "ValueReplaced")]
    public void Doubtful_settings_are_reported(string text, string? concern)
    {
        var memory = text.Contains("memSize", StringComparison.Ordinal) ? "" : "\nmemSize = \"1024\"";
        Assert.Equal(concern is null ? [] : [concern], Read(text + memory).Concerns.Select(c => c.Id));
    }

    [Theory]
    [InlineData("static", "00:50:56:00:00:01")]
    [InlineData("generated", "00:0c:29:00:00:02")]
    public void The_address_type_tells_which_MAC_address_counts(string type, string expected)
    {
        var guest = Read($"""
            ethernet0.addressType = "{type}"
            ethernet0.address = "00:50:56:00:00:01"
            ethernet0.generatedAddress = "00:0C:29:00:00:02"
            """);
        Assert.Equal(expected, Assert.Single(guest.NetworkAdapters).MacAddress);
    }

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("../other/disk.vmdk")]
    [InlineData("sub/../../disk.vmdk")]
    [InlineData("C:\\\\VMs\\\\disk.vmdk")]
    [InlineData("\\\\\\\\server\\\\disk.vmdk")]
    public void Disks_outside_the_folder_are_refused(string fileName)
    {
        var error = Assert.Throws<SourceException>(() => Read($"scsi0:0.fileName = \"{fileName.Replace(@"\\", @"\", StringComparison.Ordinal)}\""));
        Assert.Equal(V2VError.DiskImageOutsideFolder, error.Error);
        Assert.NotNull(error.Advice);
    }

    [Fact]
    public void A_link_that_leads_out_of_the_folder_is_refused()
    {
        using var other = new TemporaryFolder();
        SampleDisks.WriteFlat(other, "disk.vmdk");
        File.CreateSymbolicLink(_folder["disk.vmdk"], other["disk.vmdk"]);
        Assert.Equal(V2VError.DiskImageOutsideFolder, Assert.Throws<SourceException>(() => Read("scsi0:0.fileName = \"disk.vmdk\"")).Error);
    }

    [Fact]
    public void A_link_to_the_descriptors_own_folder_is_followed()
    {
        SampleDisks.WriteFlat(_folder, "disk.vmdk");
        File.WriteAllText(_folder["guest.vmx"], "displayName = \"x\"\nscsi0:0.fileName = \"disk.vmdk\"");
        using var other = new TemporaryFolder();
        Directory.CreateSymbolicLink(other["link"], _folder.Path);
        Assert.Single(SampleData.Open(Path.Combine(other["link"], "guest.vmx"))[0].Disks);
    }

    [Fact]
    public void Folders_written_with_backslashes_are_found()
    {
        Directory.CreateDirectory(_folder["disks"]);
        SampleDisks.WriteFlat(_folder, "d.vmdk");
        File.Move(_folder["d.vmdk"], Path.Combine(_folder["disks"], "d.vmdk"));
        File.Move(_folder["d-flat.vmdk"], Path.Combine(_folder["disks"], "d-flat.vmdk"));
        Assert.Single(Read("scsi0:0.fileName = \"disks\\d.vmdk\"").Disks);
    }

    [Theory]
    [InlineData("encryption.keySafe = \"x\"\nencryption.data = \"y\"")]
    [InlineData("encryption.bundle = \"x\"")]
    [InlineData("encryptedVM.guid = \"x\"")]
    [InlineData("vmx.encryptionType = \"partial\"\nencryption.data = \"y\"")]
    public void Encrypted_guests_are_refused_by_name(string text)
    {
        var error = Assert.Throws<SourceException>(() => Read(text));
        Assert.Equal(V2VError.SourceUnsupported, error.Error);
        Assert.Contains("encrypt", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_disk_image_named_like_a_description_is_refused()
    {
        SampleDisks.WriteFlat(_folder, "disk.vmdk");
        File.Copy(_folder["disk.vmdk"], _folder["disk.vmx"]);
        var error = Assert.Throws<SourceException>(() => SampleData.Open(_folder["disk.vmx"]));
        Assert.Contains("VMDK", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_disk_is_named_with_the_place_that_it_belongs_to()
    {
        var error = Assert.Throws<SourceException>(() => Read("scsi0:4.fileName = \"gone.vmdk\""));
        Assert.Equal(V2VError.DiskImageNotFound, error.Error);
        Assert.Contains("scsi0:4", error.Message, StringComparison.Ordinal);
        Assert.Contains("gone.vmdk", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_disk_that_is_no_VMDK_is_refused()
    {
        File.WriteAllBytes(_folder["disk.bin"], new byte[65536]);
        Assert.Equal(V2VError.SourceInvalid, Assert.Throws<SourceException>(() => Read("scsi0:0.fileName = \"disk.bin\"")).Error);
    }

    [Fact]
    [Shows("NameFromFile")]
    public void A_guest_without_a_name_is_called_like_its_file()
    {
        File.WriteAllText(_folder["mail.vmx"], "config.version = \"8\"\nmemSize = \"64\"");
        var guest = SampleData.Open(_folder["mail.vmx"])[0];
        Assert.Equal("mail", guest.Name);
        Assert.Equal("NameFromFile", Assert.Single(guest.Concerns).Id);
    }

    private SourceGuest Read(string text)
    {
        text = text.Contains("displayName", StringComparison.Ordinal) ? text : "displayName = \"x\"\n" + text;
        text = text.Contains("memSize", StringComparison.Ordinal) ? text : text + "\nmemSize = \"1024\"\n";
        File.WriteAllText(_folder["guest.vmx"], text);
        return Assert.Single(SampleData.Open(_folder["guest.vmx"]));
    }
}
