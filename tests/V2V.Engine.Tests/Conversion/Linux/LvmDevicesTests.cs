using V2V.Engine.Conversion;
using V2V.Engine.Conversion.Linux;
using V2V.Engine.Conversion.Linux.Lvm;
using V2V.Engine.Tests.FileSystems;
using V2V.Engine.Tests.Inspection;
using V2V.Engine.Tests.Volumes.Lvm;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Linux;

public sealed class LvmDevicesTests
{
    private const string Virtio = "a:^/dev/[sv]d[a-z]+[0-9]*$:";

    [Fact]
    public void The_list_of_devices_is_deleted_and_its_backups_stay()
    {
        using var phony = Guest("devices {\n\tuse_devicesfile = 1\n}\n");
        phony.Root.With("/etc/lvm/devices/system.devices", "VERSION=1.1.2\nIDTYPE=sys_wwid IDNAME=naa.6000c29 DEVNAME=/dev/sda3 PVID=x PART=3\n")
            .With("/etc/lvm/devices/dmeventd.devices", "x").With("/etc/lvm/devices/mine.devices", "x").With("/etc/lvm/devices/backup/system.devices-1", "x");

        var context = phony.Run(new LvmDevices());

        Assert.Equal(["/etc/lvm/devices/system.devices", "/etc/lvm/devices/dmeventd.devices"], context.Changes.Select(c => c.Path));
        Assert.All(context.Changes, c => Assert.Equal(ChangeKind.Deleted, c.Kind));
        Assert.Empty(context.Concerns);
    }

    [Fact]
    public void A_list_of_another_name_is_found_by_the_setting()
    {
        using var phony = Guest("devices/devicesfile = \"mine.devices\"\n");
        phony.Root.With("/etc/lvm/devices/mine.devices", "x").With("/etc/lvm/devices/system.devices", "x");

        Assert.Equal("/etc/lvm/devices/mine.devices", Assert.Single(phony.Run(new LvmDevices()).Changes).Path);
    }

    [Theory]
    [InlineData("\"a|.*|\"")]
    [InlineData("\"a/.*/\", \"r/sr0/\"")]
    [InlineData("\"r|/dev/cdrom|\"")]
    [InlineData("\"r|/dev/.*/by-path/.*|\", \"r|/dev/.*/by-id/.*|\", \"r|/dev/fd.*|\", \"a/.*/\"")]
    [InlineData("\"a|/dev/[sv]d.*|\", \"r|.*|\"")]
    [InlineData("\"a|lvm-pv-uuid|\", \"r|.*|\"")]
    public void A_filter_that_lets_the_new_disks_through_stays(string patterns)
    {
        using var phony = Guest($"devices {{\n    filter = [ {patterns} ]\n    preferred_names = [ \"^/dev/sd\" ]\n    types = [ \"cciss\", 16 ]\n}}\n");

        var context = phony.Run(new LvmDevices());

        Assert.Empty(context.Changes);
        Assert.Empty(context.Concerns);
    }

    [Theory]
    [InlineData("[ \"a|^/dev/sda[0-9]|\", \"r|.*|\" ]", $"[ \"{Virtio}\", \"a|^/dev/sda[0-9]|\", \"r|.*|\" ]")]
    [InlineData("[\"a|/dev/sda.*|\",\"r|.*|\"]", $"[ \"{Virtio}\",\"a|/dev/sda.*|\",\"r|.*|\"]")]
    [InlineData("[ 'a(sd)', \"r/.*/\" ] # why", $"[ \"{Virtio}\", 'a(sd)', \"r/.*/\" ] # why")]
    [InlineData("[\n  \"a|^/dev/xvda3$|\",\n  \"r|.*|\"\n]", $"[ \"{Virtio}\",\n  \"a|^/dev/xvda3$|\",\n  \"r|.*|\"\n]")]
    [InlineData("\"r|^/dev/vd|\"", $"[ \"{Virtio}\", \"r|^/dev/vd|\" ]")]
    public void A_filter_that_hides_the_new_disks_gets_a_pattern_in_front(string before, string after)
    {
        using var phony = Guest($"# filter = [ \"r|.*|\" ]\ndevices {{\n\tdir = \"/dev\"\n\tglobal_filter = {before}\n}}\nlog {{ }}\n");

        var context = phony.Run(new LvmDevices());

        Assert.Equal($"# filter = [ \"r|.*|\" ]\ndevices {{\n\tdir = \"/dev\"\n\tglobal_filter = {after}\n}}\nlog {{ }}\n", phony.Root.Text("/etc/lvm/lvm.conf"));
        Assert.Contains("global_filter accepts", Assert.Single(context.Changes).What);
        Assert.Empty(context.Concerns);
    }

    [Theory]
    [InlineData("\"a|/dev/disk/by-id/scsi-36000c29.*|\", \"r|.*|\"")]
    [InlineData("\"a|^/dev/disk/by-path/pci-0000:03:00.0-scsi.*|\", \"r|.*|\"")]
    [InlineData("\"a|/dev/mapper/mpath.*|\", \"r|.*|\"")]
    [InlineData("\"a|(?<=x)y|\", \"r|.*|\"")]
    [Shows("LvmFilterNotUnderstood")]
    public void A_filter_of_names_that_cannot_be_checked_is_corrected_and_reported(string patterns)
    {
        using var phony = Guest($"devices {{ filter = [ {patterns} ] }}\n");

        var context = phony.Run(new LvmDevices());

        Assert.StartsWith($"devices {{ filter = [ \"{Virtio}\", ", phony.Root.Text("/etc/lvm/lvm.conf"));
        var concern = Assert.Single(context.Concerns);
        Assert.Equal((ConcernSeverity.Warning, "LvmFilterNotUnderstood"), (concern.Severity, concern.Id));
        Assert.Contains("disk 1, partition 3", concern.Message);
    }

    [Fact]
    public void A_physical_volume_that_the_guest_did_not_use_stays_hidden()
    {
        using var phony = Guest("devices { filter = [ \"a|^/dev/sda3$|\", \"r|.*|\" ] }\n");
        phony.Add(MemoryVolume.Partition(0, 4, VolumeImages.PhysicalVolume("hidden23456789012345678901234567")));

        phony.Run(new LvmDevices());

        Assert.StartsWith("devices { filter = [ \"a:^/dev/[sv]d(a3)$:\", ", phony.Root.Text("/etc/lvm/lvm.conf"));
    }

    [Fact]
    public void A_filter_that_the_list_of_devices_had_put_out_of_force_is_corrected_too()
    {
        using var phony = Guest("devices { filter = [ \"r|.*|\" ] }\n");
        phony.Root.With("/etc/lvm/devices/system.devices", "x");

        phony.Run(new LvmDevices());

        Assert.Contains(Virtio, phony.Root.Text("/etc/lvm/lvm.conf"));
    }

    [Fact]
    public void A_filter_that_hid_every_physical_volume_before_is_left()
    {
        using var phony = Guest("devices { filter = [ \"r|.*|\" ] }\n");

        Assert.Empty(phony.Run(new LvmDevices()).Changes);
    }

    [Fact]
    public void Disks_on_sata_keep_their_names_and_the_filter()
    {
        using var phony = Guest("devices { filter = [ \"a|^/dev/sda3$|\", \"r|.*|\" ] }\n");
        var context = phony.Context();
        context.Hardware.DiskBus = DiskBus.Sata;

        new LvmDevices().Apply(context);

        Assert.Empty(context.Changes);
    }

    [Fact]
    public void A_scan_of_links_only_includes_the_disks_themselves()
    {
        using var phony = Guest("devices {\n  scan = [ \"/dev/disk/by-id\" ]\n}\n");
        phony.Root.With("/etc/lvm/lvmlocal.conf", "devices { scan = [ \"/dev/\" ] }\n");

        phony.Run(new LvmDevices());

        Assert.Equal("devices {\n  scan = [ \"/dev\", \"/dev/disk/by-id\" ]\n}\n", phony.Root.Text("/etc/lvm/lvm.conf"));
        Assert.Equal("devices { scan = [ \"/dev/\" ] }\n", phony.Root.Text("/etc/lvm/lvmlocal.conf"));
    }

    [Theory]
    [InlineData("devices { filter = [ \"a|x|\", \"r|.*|\"")]
    [InlineData("devices { filter = ")]
    [InlineData("} } filter [ = ]")]
    [InlineData("devices { devices { devices { devices { devices { devices { devices { devices { devices { devices { filter = [] }}}}}}}}}}")]
    [InlineData("devices { filter = { } }")]
    [InlineData("\"")]
    [InlineData("")]
    public void A_configuration_that_lvm_cannot_read_is_left(string text)
    {
        using var phony = Guest(text);

        Assert.Empty(phony.Run(new LvmDevices()).Changes);
    }

    [Theory]
    [InlineData("filter = [ \"a|((((((((((.*)*)*)*)*)*)*)*)*)*)*x|\", \"r|.*|\" ]\n", 10_000)]
    [InlineData("filter = [ \"a|((x{1,999}){1,999}){1,999}|\", \"r|.*|\" ]\n", 10_000)]
    [InlineData("\"r|.*|\", ", 50_000)]
    public void A_hostile_configuration_is_dealt_with_soon(string part, int count)
    {
        var parts = string.Concat(Enumerable.Repeat(part, count));
        using var phony = Guest(part.StartsWith('f') ? $"devices {{\n{parts}}}\n" : $"devices {{ filter = [ {parts} ] }}\n");
        var started = System.Diagnostics.Stopwatch.GetTimestamp();

        phony.Run(new LvmDevices());

        Watchdog.Check(started, part);
    }

    [Fact]
    public void A_second_conversion_changes_nothing()
    {
        using var phony = Guest("devices { filter = [ \"a|^/dev/sda3$|\", \"r|.*|\" ] }\n");
        Assert.Single(phony.Run(new LvmDevices()).Changes);

        Assert.Empty(phony.Run(new LvmDevices()).Changes);
    }

    /// <summary>lvm2 itself decides, by the plain name of a loop device, whether each filter lets it through.</summary>
    [Theory]
    [InlineData("a|.*|")]
    [InlineData("r|.*|")]
    [InlineData("a|^NAME$|", "r|.*|")]
    [InlineData("r|NAME|", "a|.*|")]
    [InlineData("r|^NAM|")]
    [InlineData("r/loop/")]
    [InlineData("a{oop}", "r{.*}")]
    [InlineData("a(/dev/(sd|loop)[0-9a-z]+)", "r(.*)")]
    [InlineData("r|/dev/loop[^0-9]|", "a|x|")]
    [InlineData("r:l.*p:")]
    [InlineData("a|^/dev/sd|", "r|^/dev/mapper|")]
    [InlineData("r|^loop|")]
    [InlineData("r|\\.|")]
    [InlineData("a|/dev/lo+p|", "r|loop?|")]
    public void Filters_are_understood_as_lvm_understands_them(params string[] patterns)
    {
        using var shop = new LvmWorkshop(8 << 20);
        shop.Lvm("pvcreate {0}");
        patterns = [.. patterns.Select(p => p.Replace("NAME", shop.Loops[0].Name, StringComparison.Ordinal))];

        shop.Filter = string.Join(", ", patterns.Select(p => $"\"{p.Replace("\\", "\\\\", StringComparison.Ordinal)}\""));
        var isListed = shop.Report("pvs -a -o pv_name,pv_uuid").Any(r => r[0] == shop.Loops[0].Name);

        Assert.Equal(isListed ? LvmFilterVerdict.Accepts : LvmFilterVerdict.Rejects, new LvmFilter(patterns).Judge([shop.Loops[0].Name]));
    }

    [Fact]
    public void Lvm_reads_what_was_written()
    {
        using var phony = Guest("devices {\n use_devicesfile=0\n global_filter = [ 'a(sda)', \"r|.*|\" ]\n filter=\"r|^/dev/vd|\"\n}\n");
        phony.Run(new LvmDevices());
        using var shop = new LvmWorkshop(8 << 20);

        var settings = shop.LvmConfig(phony.Root.Text("/etc/lvm/lvm.conf"));

        Assert.Contains($"global_filter=[\"{Virtio}\",\"a(sda)\",\"r|.*|\"]", settings);
        Assert.Contains($"filter=[\"{Virtio}\",\"r|^/dev/vd|\"]", settings);
    }

    /// <summary>Debian with a physical volume on the third partition.</summary>
    private static PhonyGuest Guest(string configuration)
    {
        var phony = PhonyGuest.Debian12();
        phony.Source = phony.Source with { Disks = [PhonyGuest.Disk(), PhonyGuest.Disk()] };
        phony.Add(MemoryVolume.Partition(0, 3, VolumeImages.PhysicalVolume("abcdef12345678901234567890123456")));
        phony.Root.With("/etc/lvm/lvm.conf", configuration);
        return phony;
    }
}
