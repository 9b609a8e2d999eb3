using V2V.Engine.Conversion.Windows.Drivers;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Windows.Drivers;

public sealed class DriverSourceTests
{
    [Fact]
    public void A_folder_is_a_source()
    {
        using var tree = new DriverTree();
        tree.Add("viostor/w10/amd64", "viostor", "amd64");
        using var source = DriverSource.Open(tree.Root);

        Assert.Equal(
            ["viostor/w10/amd64/viostor.cat", "viostor/w10/amd64/viostor.inf", "viostor/w10/amd64/viostor.pdb", "viostor/w10/amd64/viostor.sys"],
            source.Files.Select(f => f.Path));
        Assert.Equal(tree.Root, source.Path);
        Assert.Equal(File.ReadAllBytes(tree.At("viostor/w10/amd64/viostor.sys")), source.Read(source.Find("VIOSTOR/w10/amd64/viostor.SYS")!));
        Assert.True(source.HasDirectory("viostor/W10"));
        Assert.False(source.HasDirectory("viostor/w1"));
    }

    [Theory]
    [InlineData("virtio-win.iso", "virtio-win-0.1.1.iso")]
    [InlineData("virtio-win-0.1.271.iso", "virtio-win-0.1.100.iso")]
    public void The_newest_image_in_a_folder_is_a_source(string chosen, string other)
    {
        using var tree = new DriverTree();
        tree.Add("viostor/w10/amd64", "viostor", "amd64");
        ExternalTool.Check("genisoimage", "-quiet", "-R", "-o", Path.Combine(tree.Folder, chosen), tree.Root);
        File.WriteAllBytes(Path.Combine(tree.Folder, other), []);
        Directory.Delete(tree.Root, recursive: true);
        using var source = DriverSource.Open(tree.Folder);

        Assert.Equal(Path.Combine(tree.Folder, chosen), source.Path);
        Assert.Equal(4, source.Files.Count);
    }

    [Fact]
    public void Links_are_followed_within_the_folder_only()
    {
        using var tree = new DriverTree();
        tree.Add("viostor/w10/amd64", "viostor", "amd64");
        File.WriteAllText(Path.Combine(tree.Folder, "secret"), "secret");
        Directory.CreateDirectory(tree.At("viostor/2k22"));
        Directory.CreateSymbolicLink(tree.At("viostor/2k16"), "w10");
        Directory.CreateSymbolicLink(tree.At("viostor/w10/loop"), "../..");
        File.CreateSymbolicLink(tree.At("viostor/w10/amd64/inside"), "viostor.sys");
        File.CreateSymbolicLink(tree.At("viostor/w10/amd64/outside"), Path.Combine(tree.Folder, "secret"));
        Directory.CreateSymbolicLink(tree.At("up"), "..");
        File.CreateSymbolicLink(tree.At("dangling"), "nothing");
        File.CreateSymbolicLink(tree.At("endless"), "endless");
        var link = Path.Combine(tree.Folder, "link");
        Directory.CreateSymbolicLink(link, tree.Root);
        using var source = DriverSource.Open(link);

        Assert.NotNull(source.Find("viostor/2k16/amd64/viostor.sys"));
        Assert.NotNull(source.Find("viostor/w10/amd64/inside"));
        Assert.DoesNotContain(source.Files, f => f.Name is "secret" or "outside" or "dangling" || f.Path.Contains("loop/", StringComparison.Ordinal));

        File.Delete(tree.At("viostor/w10/amd64/viostor.sys"));
        File.CreateSymbolicLink(tree.At("viostor/w10/amd64/viostor.sys"), Path.Combine(tree.Folder, "secret"));
        Assert.Throws<DriverSourceException>(() => source.Read(source.Find("viostor/w10/amd64/viostor.sys")!));
    }

    [Fact]
    public void What_cannot_be_a_source_is_refused_with_what_was_looked_for()
    {
        using var tree = new DriverTree();
        var missing = Fault(tree.At("missing"));
        Assert.Equal(V2VError.DriverSourceNotFound, missing.Error);
        Assert.Equal(tree.At("missing"), missing.Path);

        var empty = Fault(tree.Root);
        Assert.Equal(V2VError.DriverSourceInvalid, empty.Error);
        Assert.Contains("viostor/w10/amd64/viostor.inf", empty.Message, StringComparison.Ordinal);
        Assert.Contains("virtio-win*.iso", empty.Message, StringComparison.Ordinal);

        tree.Write("file", new byte[100_000]);
        tree.Write(".hidden/.file", []);
        var other = Fault(tree.At("file"));
        Assert.Equal(V2VError.DriverSourceInvalid, other.Error);
        Assert.Equal(32768, other.Offset);
        Assert.Contains("ISO 9660", other.Message, StringComparison.Ordinal);
        Assert.All([missing, empty, other], e => Assert.Contains("-DriverSource", e.Advice, StringComparison.Ordinal));
    }

    [Fact]
    public void An_image_without_drivers_or_cut_short_is_refused()
    {
        using var tree = new DriverTree();
        tree.Write("readme.txt", "no driver");
        var image = Path.Combine(tree.Folder, "other.iso");
        ExternalTool.Check("genisoimage", "-quiet", "-R", "-o", image, tree.Root);
        var none = Fault(image);
        Assert.Equal(V2VError.DriverSourceInvalid, none.Error);
        Assert.Contains("no INF file", none.Message, StringComparison.Ordinal);

        tree.Add("viostor/w10/amd64", "viostor", "amd64");
        ExternalTool.Check("genisoimage", "-quiet", "-R", "-no-pad", "-o", image, tree.Root);
        File.WriteAllBytes(image, File.ReadAllBytes(image)[..45_000]);
        var cut = Fault(image);
        Assert.Equal(V2VError.DriverSourceInvalid, cut.Error);
        Assert.Equal("iso9660", cut.Format);
        Assert.Contains("download it again", cut.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void The_environment_says_where_the_machines_source_is()
    {
        const string Variable = "VIRTIO_WIN";
        var before = Environment.GetEnvironmentVariable(Variable);
        try
        {
            Environment.SetEnvironmentVariable(Variable, "/srv/virtio-win");
            Assert.Equal("/srv/virtio-win", DriverSource.FindInstalled());
            Environment.SetEnvironmentVariable(Variable, "");
            Assert.True(DriverSource.FindInstalled() is null or "/usr/share/virtio-win/virtio-win.iso" or "/usr/share/virtio-win");
        }
        finally
        {
            Environment.SetEnvironmentVariable(Variable, before);
        }
    }

    private static DriverSourceException Fault(string path) => Assert.Throws<DriverSourceException>(() => DriverSource.Open(path));
}
