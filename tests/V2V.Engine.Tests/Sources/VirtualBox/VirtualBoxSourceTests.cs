using V2V.Engine.Sources;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Sources.VirtualBox;

public sealed class VirtualBoxSourceTests : IDisposable
{
    private const string Snapshot = "{11111111-0000-4000-8000-000000000002}.vdi";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>The sample with its disks, the first of them a snapshot's in a folder below the machine's.</summary>
    private string Place(Func<string, string>? edit = null)
    {
        ExternalTool.Need("qemu-img", "qemu-io");
        Directory.CreateDirectory(_folder["Snapshots"]);
        foreach (var (format, name) in new[] { ("vdi", "billing.vdi"), ("vdi", $"Snapshots/{Snapshot}"), ("vmdk", "archive.vmdk"), ("vpc", "swap.vhd") })
        {
            ExternalTool.Check("qemu-img", ["create", "-f", format, .. format == "vpc" ? new[] { "-o", "force_size=on" } : [], _folder[name], "8M"]);
        }

        ExternalTool.Check("qemu-io", "-f", "vdi", "-c", "write -P 7 1M 1M", _folder["billing.vdi"]);
        ExternalTool.Check("qemu-io", "-f", "vdi", "-c", "write -P 9 3M 1M", _folder["Snapshots/" + Snapshot]);
        MakeSnapshot(_folder["billing.vdi"], _folder["Snapshots/" + Snapshot]);
        var path = _folder["billing.vbox"];
        var text = SampleData.Read("virtualbox.vbox");
        File.WriteAllText(path, edit?.Invoke(text) ?? text);
        return path;
    }

    /// <summary>QEMU makes no differencing VDIs: sets the type and the parent's ids in the header.</summary>
    private static void MakeSnapshot(string parent, string child)
    {
        var header = File.ReadAllBytes(parent);
        using var file = File.OpenWrite(child);
        file.Position = 76;
        file.WriteByte(4);
        file.Position = 424;
        file.Write(header, 392, 16);
        file.Write(header, 408, 16);
    }

    [Fact]
    public void A_machine_is_read_completely()
    {
        var guest = Assert.Single(SampleData.Open(Place()));
        Assert.Equal("VirtualBox", guest.SourceKind);
        Assert.Equal("VirtualBox", guest.Hypervisor);
        Assert.Equal("Accounts & Billing", guest.Name);
        Assert.Equal("Billing of the north office", guest.Annotation);
        Assert.Equal("Debian12_64", guest.GuestOsHint);
        Assert.Equal((3, 6144), (guest.CpuCount, guest.MemoryMiB));
        Assert.Equal(Firmware.Uefi, guest.Firmware);
        Assert.True(guest.SecureBoot);
        Assert.True(guest.HasTpm);
        Assert.False(guest.ClockIsLocalTime);
        Assert.Equal("ich6", guest.SoundModel);
        Assert.Equal(
            [
                new SourceNetworkAdapter("08:00:27:a0:b1:c2", "e1000", null),
                new SourceNetworkAdapter("08:00:27:b1:c2:d3", "virtio", "vboxnet0"),
                new SourceNetworkAdapter("08:00:27:d4:e5:f6", "pcnet", "dmz"),
            ],
            guest.NetworkAdapters);
        Assert.Equal(
            [
                (Snapshot, "vdi", DiskController.Sata, "ahci"),
                ("archive.vmdk", "vmdk", DiskController.Sata, "ahci"),
                ("swap.vhd", "vhd", DiskController.Scsi, "lsilogic"),
            ],
            guest.Disks.Select(d => (Path.GetFileName(d.Path), d.Format, d.Controller, d.ControllerModel ?? "")));
        Assert.Equal(
            [new RemovableDrive(RemovableDriveKind.CdRom, DiskController.Ide, 2), new RemovableDrive(RemovableDriveKind.Floppy, DiskController.Unknown, 0)],
            guest.RemovableDrives);
        Assert.Equal(["SnapshotsIgnored", "TpmContentsStay"], guest.Concerns.Select(c => c.Id).Order());
    }

    [Fact]
    public void The_disk_of_a_snapshot_is_read_over_the_machine_s_own()
    {
        var guest = Assert.Single(SampleData.Open(Place()));
        using var device = guest.Disks[0].Open();
        foreach (var (at, value) in new[] { (0, 0), (1, 7), (2, 0), (3, 9), (4, 0) })
        {
            var block = new byte[1 << 20];
            device.Read((long)at << 20, block);
            Assert.False(block.AsSpan().ContainsAnyExcept((byte)value), $"MiB {at} is not all {value}");
        }
    }

    [Fact]
    public void A_folder_with_one_machine_is_that_machine()
    {
        Place();
        Assert.Equal("Accounts & Billing", Assert.Single(SampleData.Open(_folder.Path)).Name);
    }

    [Fact]
    public void Older_files_have_the_controllers_beside_the_hardware_and_the_clock_on_local_time()
    {
        var guest = Assert.Single(SampleData.Open(Place(text =>
        {
            var start = text.IndexOf("<StorageControllers>", StringComparison.Ordinal);
            var end = text.IndexOf("</StorageControllers>", StringComparison.Ordinal) + "</StorageControllers>".Length;
            var controllers = text[start..end];
            return text.Remove(start, end - start)
                .Replace("</Machine>", controllers + "</Machine>", StringComparison.Ordinal)
                .Replace("<RTC localOrUTC=\"UTC\"/>", "", StringComparison.Ordinal);
        })));
        Assert.Equal(3, guest.Disks.Count);
        Assert.True(guest.ClockIsLocalTime);
    }

    [Theory]
    [InlineData("<Machine uuid", "<Machine stateFile=\"Snapshots/state.sav\" uuid", "GuestSuspended")]
    [InlineData("<Machine uuid", "<Machine aborted=\"true\" uuid", "DiskNotClosed")]
    [InlineData("<Firmware type=\"EFI\"/>", "<Firmware type=\"EFI32\"/>", "UefiFirmware32Bit")]
    [InlineData("controller=\"HDA\"", "controller=\"GUS\"", "SoundIgnored")]
    [InlineData("MACAddress=\"080027A0B1C2\"", "MACAddress=\"080027A0B1\"", "MacAddressIgnored")]
    [InlineData("RAMSize=\"6144\"", "RAMSize=\"-1\"", "ValueReplaced")]
    public void What_is_unusual_is_reported(string text, string by, string concern)
    {
        var guest = Assert.Single(SampleData.Open(Place(t => t.Replace(text, by, StringComparison.Ordinal))));
        Assert.Contains(concern, guest.Concerns.Select(c => c.Id));
    }

    [Theory]
    [InlineData("{22222222-0000-4000-8000-000000000001}\" location", "{22222222-0000-4000-8000-000000000009}\" location", V2VError.SourceUnsupported, "does not say where")]
    [InlineData("location=\"billing.vdi\" format=\"VDI\" type=\"Normal\">", "location=\"billing.vdi\" format=\"VDI\"><Property name=\"CRYPT/KeyStore\" value=\"x\"/>", V2VError.SourceUnsupported, "encrypted")]
    [InlineData("format=\"VMDK\"", "format=\"iSCSI\"", V2VError.SourceUnsupported, "iSCSI")]
    [InlineData("archive.vmdk\"", "none.vmdk\"", V2VError.DiskImageOutsideFolder, "none.vmdk")]
    [InlineData("location=\"billing.vdi\"", "location=\"../elsewhere/billing.vdi\"", null, "")]
    [InlineData("Hardware>", "Hardware9>", V2VError.SourceInvalid, "")]
    [InlineData("<Machine uuid", "<MachineEncrypted/><Machine uuid", V2VError.SourceUnsupported, "encrypted")]
    public void What_cannot_be_read_is_refused_by_name(string text, string by, V2VError? error, string message)
    {
        var path = Place(t => t.Replace(text, by, StringComparison.Ordinal));
        if (error is null)
        {
            // Only the innermost image of a chain is opened by its location; the others are found by their ids.
            Assert.Equal(3, Assert.Single(SampleData.Open(path)).Disks.Count);
            return;
        }

        var e = Assert.ThrowsAny<V2VException>(() => SampleData.Open(path));
        Assert.Equal(error, e.Error);
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.NotNull(e.Advice);
    }

    [Fact]
    public void The_list_of_machines_is_no_machine()
    {
        File.WriteAllText(_folder["VirtualBox.xml"], "<VirtualBox xmlns=\"http://www.virtualbox.org/\"><Global/></VirtualBox>");
        Assert.Contains("list", Assert.Throws<SourceException>(() => SampleData.Open(_folder["VirtualBox.xml"])).Message, StringComparison.Ordinal);
    }
}
