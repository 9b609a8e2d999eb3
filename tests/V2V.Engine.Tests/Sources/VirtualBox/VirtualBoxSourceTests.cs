using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Sources.VirtualBox;

public sealed class VirtualBoxSourceTests : IDisposable
{
    private SourceSample? _sample;

    public void Dispose() => _sample?.Dispose();

    /// <summary>The sample, edited.</summary>
    private string Place(Func<string, string>? edit = null)
    {
        _sample = SourceSample.Make("virtualbox-7-windows-host");
        if (edit is not null)
        {
            File.WriteAllText(_sample.SourcePath, edit(File.ReadAllText(_sample.SourcePath)));
        }

        return _sample.SourcePath;
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
        Assert.Equal("Accounts & Billing", Assert.Single(SampleData.Open(_sample!.Folder.Path)).Name);
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
    [InlineData("RAMSize=\"6144\"", "RAMSize=\"-1\"", "MemoryNotTold")]
    [InlineData("CPU count=\"3\"", "CPU count=\"-1\"", "ValueReplaced")]
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
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["VirtualBox.xml"], "<VirtualBox xmlns=\"http://www.virtualbox.org/\"><Global/></VirtualBox>");
        Assert.Contains("list", Assert.Throws<SourceException>(() => SampleData.Open(folder["VirtualBox.xml"])).Message, StringComparison.Ordinal);
    }
}
