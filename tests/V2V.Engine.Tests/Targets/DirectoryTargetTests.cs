using V2V.Engine.Targets;
using V2V.Engine.Targets.Directory;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Targets;

public sealed class DirectoryTargetTests : IDisposable
{
    private const int Capacity = 4 << 20;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Disks_and_description_appear_under_their_names_at_the_end_only()
    {
        using var target = new DirectoryTarget(_folder["out"]);
        Assert.Empty(target.Check(Request()));
        Assert.False(Directory.Exists(_folder["out"]));
        var disk = Fill(target);
        Assert.DoesNotContain("web-sda.qcow2", Names("out"));

        var defined = target.Define(SampleDomain.Create() with { Disks = [disk.Source] });
        Assert.Equal(["web-sda.qcow2", "web.sh", "web.xml"], Names("out"));
        Assert.Equal(Path.Combine(_folder["out"], "web.xml"), defined.XmlPath);
        Assert.Contains(Path.Combine(_folder["out"], "web-sda.qcow2"), File.ReadAllText(defined.XmlPath!), StringComparison.Ordinal);
        ExternalTool.Check("virt-xml-validate", defined.XmlPath!, "domain");
        Assert.Equal([Path.Combine(_folder["out"], "web.sh"), defined.XmlPath!], defined.Descriptions);
        ExternalTool.Check("qemu-img", "check", "-f", "qcow2", Path.Combine(_folder["out"], "web-sda.qcow2"));
        Assert.Empty(target.RollBack());
        Assert.Equal(["web-sda.qcow2", "web.sh", "web.xml"], Names("out"));
    }

    [Theory]
    [InlineData(ImageFormat.Raw)]
    [InlineData(ImageFormat.Qcow2)]
    public void A_disk_takes_all_its_space_when_that_is_asked_for(ImageFormat format)
    {
        using var target = new DirectoryTarget(_folder.Path);
        var disk = target.CreateDisk(Disk() with { Format = format, Allocation = ImageAllocation.Preallocated });
        disk.Writer.Complete();
        target.Define(SampleDomain.Create() with { Disks = [disk.Source] });

        var blocks = long.Parse(ExternalTool.Check("stat", "-c", "%b", disk.Source.Path!), System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(blocks * 512, Capacity, Capacity + (1 << 20));
    }

    [Fact]
    public void Nothing_is_left_of_a_conversion_that_is_rolled_back()
    {
        using (var target = new DirectoryTarget(Path.Combine(_folder.Path, "a", "b")))
        {
            target.Check(Request());
            Fill(target);
            Assert.Empty(target.RollBack());
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    /// <summary>Files have no names while they are written, so the folder looks empty meanwhile.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_folder_stays_while_another_conversion_writes_into_it(bool otherEndsWell)
    {
        using (var first = new DirectoryTarget(_folder["out"]))
        using (var other = new DirectoryTarget(_folder["out"]))
        {
            first.CreateDisk(Disk() with { FileName = "failing.qcow2" });
            var disk = Fill(other);

            Assert.Empty(first.RollBack());

            if (otherEndsWell)
            {
                other.Define(SampleDomain.Create() with { Disks = [disk.Source] });
                Assert.Equal(["web-sda.qcow2", "web.sh", "web.xml"], Names("out"));
            }
        }

        Assert.Equal(otherEndsWell, Directory.Exists(_folder["out"]));
    }

    [Fact]
    public void A_target_that_is_only_disposed_rolls_back_too()
    {
        using (var target = new DirectoryTarget(_folder["out"]))
        {
            Fill(target);
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Rolling_back_leaves_the_files_and_folders_of_others_alone()
    {
        Directory.CreateDirectory(_folder["out"]);
        File.WriteAllText(Path.Combine(_folder["out"], "other"), "x");
        using (var target = new DirectoryTarget(_folder["out"]))
        {
            Fill(target);
        }

        Assert.Equal(["other"], Names("out"));
    }

    [Theory]
    [InlineData("web-sda.qcow2")]
    [InlineData("web.sh")]
    [InlineData("web.xml")]
    [InlineData("web-sda.qcow2.part")]
    [Shows("TargetExists")]
    public void What_exists_already_stands_against_a_conversion(string name)
    {
        File.WriteAllText(_folder[name], "mine");
        using var target = new DirectoryTarget(_folder.Path);
        var concern = Assert.Single(target.Check(Request()));
        Assert.Equal((ConcernSeverity.Critical, "TargetExists"), (concern.Severity, concern.Id));
        Assert.Contains(name, concern.Message, StringComparison.Ordinal);
        Assert.Empty(target.Check(Request() with { Overwrite = true }));
    }

    [Fact]
    public void Files_are_replaced_at_the_end_and_come_back_when_that_fails()
    {
        File.WriteAllText(_folder["web-sda.qcow2"], "old disk");
        File.WriteAllText(_folder["web.xml"], "old xml");
        using (var target = new DirectoryTarget(_folder.Path))
        {
            target.Check(Request() with { Overwrite = true });
            var disk = Fill(target);
            Assert.Equal("old disk", File.ReadAllText(_folder["web-sda.qcow2"]));
            // A folder in the way of the XML makes the very last step fail.
            File.Delete(_folder["web.xml"]);
            Directory.CreateDirectory(_folder["web.xml"]);
            Assert.Throws<TargetException>(() => target.Define(SampleDomain.Create() with { Disks = [disk.Source] }));
            Assert.Empty(target.RollBack());
        }

        Assert.Equal("old disk", File.ReadAllText(_folder["web-sda.qcow2"]));
        Assert.Equal(["web-sda.qcow2", "web.xml"], Names("."));
        Directory.Delete(_folder["web.xml"]);

        using (var target = new DirectoryTarget(_folder.Path))
        {
            target.Check(Request() with { Overwrite = true });
            target.Define(SampleDomain.Create() with { Disks = [Fill(target).Source] });
        }

        Assert.Equal(["web-sda.qcow2", "web.sh", "web.xml"], Names("."));
        ExternalTool.Check("qemu-img", "check", "-f", "qcow2", _folder["web-sda.qcow2"]);
    }

    [Fact]
    public void Without_leave_nothing_is_replaced_even_if_nobody_checked()
    {
        File.WriteAllText(_folder["web-sda.qcow2"], "mine");
        using var target = new DirectoryTarget(_folder.Path);
        Assert.Equal(V2VError.TargetExists, Assert.Throws<TargetException>(() => Fill(target)).Error);
        Assert.Empty(target.RollBack());
        Assert.Equal("mine", File.ReadAllText(_folder["web-sda.qcow2"]));
    }

    [Fact]
    [Shows("TargetFull")]
    public void Too_little_space_is_found_before_anything_is_written()
    {
        using var target = new DirectoryTarget(_folder["out"]);
        var concern = Assert.Single(target.Check(Request(estimated: long.MaxValue / 2)));
        Assert.Equal("TargetFull", concern.Id);
        Assert.False(Directory.Exists(_folder["out"]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("a\nb")]
    [Shows("NameInvalid")]
    public void Names_that_are_no_file_names_are_refused(string name)
    {
        using var target = new DirectoryTarget(_folder.Path);
        Assert.Equal("NameInvalid", Assert.Single(target.Check(Request() with { Name = name })).Id);
    }

    [Fact]
    [Shows("TargetNotWritable")]
    public void A_folder_that_cannot_be_written_is_found_by_the_check()
    {
        Assert.SkipUnless(Directory.Exists("/proc/self"), "needs a folder that nobody can write to, such as /proc");
        using var target = new DirectoryTarget("/proc/v2v");
        Assert.Contains(target.Check(Request()), c => c.Id == "TargetNotWritable");
        Assert.Equal(V2VError.TargetUnavailable, Assert.Throws<TargetException>(() => Fill(target)).Error);
    }

    private static TargetRequest Request(long estimated = Capacity) => new("web", [Disk(estimated)]);

    private static TargetDiskRequest Disk(long estimated = Capacity) => new("web-sda.qcow2", ImageFormat.Qcow2, Capacity, estimated);

    private static TargetDisk Fill(DirectoryTarget target)
    {
        var disk = target.CreateDisk(Disk());
        disk.Writer.Write(0, new byte[65536].AsSpan());
        disk.Writer.Complete();
        return disk;
    }

    private IEnumerable<string?> Names(string folder) => Directory.EnumerateFileSystemEntries(_folder[folder]).Select(Path.GetFileName).Order();
}
