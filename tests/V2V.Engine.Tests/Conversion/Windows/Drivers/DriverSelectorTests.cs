using System.Text;
using V2V.Engine.Conversion.Windows.Drivers;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Windows.Drivers;

public sealed class DriverSelectorTests
{
    [Theory]
    [InlineData(5, 1, 2600, false, "Microsoft Windows XP", "i686", "xp")]
    [InlineData(5, 2, 3790, false, "Microsoft Windows XP", "x86_64", "xp,2k3")]
    [InlineData(5, 2, 3790, true, "Microsoft Windows Server 2003 R2", "x86_64", "2k3,xp")]
    [InlineData(5, 2, 3790, true, "Microsoft Windows Server 2003", "i686", "2k3")]
    [InlineData(6, 0, 6002, false, "Windows Vista (TM) Business", "i686", "2k8")]
    [InlineData(6, 0, 6002, true, "Windows Server (R) 2008 Standard", "x86_64", "2k8")]
    [InlineData(6, 1, 7601, false, "Windows 7 Professional", "x86_64", "w7,2k8R2")]
    [InlineData(6, 1, 7601, true, "Windows Server 2008 R2 Standard", "x86_64", "2k8R2,w7")]
    [InlineData(6, 2, 9200, true, "Windows Server 2012 Standard", "x86_64", "2k12,w8")]
    [InlineData(6, 3, 9600, false, "Windows 8.1 Pro", "i686", "w8.1,2k12R2")]
    [InlineData(6, 3, 9600, true, "Windows Server 2012 R2 Standard", "x86_64", "2k12R2,w8.1")]
    [InlineData(10, 0, 14393, true, "Windows Server 2016 Standard", "x86_64", "2k16,w10")]
    [InlineData(10, 0, 17763, true, "Windows Server 2019 Datacenter", "x86_64", "2k19,w10")]
    [InlineData(10, 0, 20348, true, "Windows Server 2022 Standard", "x86_64", "2k22,w10")]
    [InlineData(10, 0, 25398, true, "Windows Server Datacenter", "x86_64", "2k22,w10")]
    [InlineData(10, 0, 26100, true, "Windows Server 2025 Standard", "x86_64", "2k25,w11")]
    [InlineData(10, 0, 19045, false, "Windows 10 Pro", "x86_64", "w10,2k22")]
    [InlineData(10, 0, 22631, false, "Windows 10 Pro", "x86_64", "w11,2k25")]
    [InlineData(5, 0, 2195, true, "Microsoft Windows 2000", "i686", "")]
    public void Each_version_has_its_directories(int major, int minor, int build, bool isServer, string product, string architecture, string first)
    {
        var directories = DriverDirectories.For(new DriverTarget(product, architecture, major, minor, build, isServer, product));

        Assert.Equal(first, string.Join(',', directories.Take(2)));
    }

    [Fact]
    public void Every_driver_for_the_guest_is_found_and_nothing_else()
    {
        using var tree = new DriverTree();
        tree.Add("viostor/w10/amd64", "viostor", "amd64");
        tree.Add("viostor/w10/x86", "viostor", "x86");
        tree.Add("viostor/w10/ARM64", "viostor", "ARM64");
        tree.Add("viostor/w11/amd64", "viostor", "amd64");
        tree.Add("vioscsi/w10/amd64", "vioscsi", "amd64");
        tree.Add("NetKVM/w10/amd64", "netkvm", "amd64", "Net");
        tree.Write("NetKVM/w10/amd64/netkvmco.exe", "program");
        tree.Add("Balloon/w10/amd64", "balloon", "amd64", "System");
        tree.Write("Balloon/w10/amd64/blnsvr.exe", "program");
        tree.Add("sriov/w10/amd64", "vioprot", "amd64", "NetTrans");
        tree.Add("fwcfg/w10/amd64", "fwcfg", "amd64", "System");
        tree.Add("qemufwcfg/w10/amd64", "qemufwcfg", "amd64", "System");
        tree.Add("amd64/w10", "viostor", "amd64");
        tree.Write("guest-agent/qemu-ga-x86_64.msi", "installer");
        tree.Write("guest-agent/qemu-ga-i386.msi", "installer");
        tree.Write("data/info.json", """{ "version": "0.1.248" }""");

        var selection = Select(tree, DriverTree.Windows10);

        Assert.Equal(["balloon", "fwcfg", "netkvm", "vioscsi", "viostor"], selection.Packages.Select(p => p.Name));
        Assert.Equal("w10", selection.OsDirectory);
        Assert.Equal("0.1.248", selection.Version);
        Assert.Equal("guest-agent/qemu-ga-x86_64.msi", selection.Agent!.File.Path);
        Assert.Equal("Balloon/w10/amd64/blnsvr.exe", selection.BalloonService!.Path);
        Assert.Empty(selection.Missing);
        Assert.Empty(selection.Concerns);
        Assert.True(selection.Has("NetKVM"));
        Assert.False(selection.Has("viorng"));
        var storage = selection.Storage!;
        Assert.Equal("viostor/w10/amd64", storage.Directory);
        Assert.Equal("viostor/w10/amd64/viostor.sys", storage.Driver!.Path);
        Assert.Equal("viostor", storage.ServiceName);
        Assert.False(selection.IsStorageScsi);
        Assert.Equal(["viostor.inf", "viostor.sys", "viostor.cat"], storage.Files.Select(f => f.Name));
        Assert.Equal(
            ["netkvm.inf", "netkvm.sys", "netkvm.cat", "netkvmco.exe"], selection.Find("netkvm")!.Files.Select(f => f.Name));
    }

    [Theory]
    [InlineData(StoragePreference.Viostor, "viostor,vioscsi", "viostor", false)]
    [InlineData(StoragePreference.Vioscsi, "viostor,vioscsi", "vioscsi", false)]
    [InlineData(StoragePreference.Viostor, "vioscsi", "vioscsi", true)]
    [InlineData(StoragePreference.Vioscsi, "viostor", "viostor", true)]
    [InlineData(StoragePreference.Viostor, "virtio_blk,vioscsi", "virtio_blk", false)]
    [InlineData(StoragePreference.Viostor, "vrtioblk", "vrtioblk", false)]
    [InlineData(StoragePreference.Viostor, "netkvm", null, false)]
    [Shows("OtherStorageDriver")]
    public void The_preferred_storage_driver_is_taken_where_it_is(StoragePreference preference, string drivers, string? chosen, bool warns)
    {
        using var tree = new DriverTree();
        foreach (var name in drivers.Split(','))
        {
            tree.Add($"{name}/w10/amd64", name, "amd64");
        }

        var selection = Select(tree, DriverTree.Windows10, preference);

        Assert.Equal(chosen, selection.Storage?.Name);
        Assert.Equal(warns, selection.Concerns.Any(c => c.Id == "OtherStorageDriver"));
    }

    [Theory]
    [InlineData("viostor/2k22/amd64", "")]
    [InlineData("drivers/by-driver/viostor/2k22/amd64", "")]
    [InlineData("drivers/by-os/amd64/2k22", "")]
    [InlineData("amd64/2k22", "")]
    [InlineData("drivers/amd64/Win2022", "")]
    [InlineData("VIOSTOR/2K22/AMD64", "")]
    [InlineData("viostor/w10/amd64", "DriversOfSameBuild")]
    [InlineData("viostor/2k16/amd64", "DriversOfSameBuild")]
    [InlineData("viostor/w11/amd64", "DriversOfOtherVersion")]
    [InlineData("viostor/w8.1/amd64", null)]
    [InlineData("viostor/2k22/x86", null)]
    [InlineData("viostor/x2k22/amd64", null)]
    [Shows("DriversOfOtherVersion", "DriversOfSameBuild")]
    public void Layouts_and_relatives_are_understood(string directory, string? concern)
    {
        using var tree = new DriverTree();
        tree.Add(directory, "viostor", "amd64");

        var selection = Select(tree, DriverTree.Server2022);

        Assert.Equal(concern is null ? null : directory, selection.Storage?.Directory);
        Assert.Equal(concern is null or "" ? [] : [concern], selection.Concerns.Select(c => c.Id));
    }

    [Fact]
    public void The_closest_directory_wins_driver_by_driver()
    {
        using var tree = new DriverTree();
        tree.Add("amd64/2k22", "viostor", "amd64");
        tree.Add("viostor/2k22/amd64", "viostor", "amd64");
        tree.Add("viostor/w10/amd64", "viostor", "amd64");
        tree.Add("NetKVM/w10/amd64", "netkvm", "amd64", "Net");
        tree.Add("NetKVM/w11/amd64", "netkvm", "amd64", "Net");

        var selection = Select(tree, DriverTree.Server2022);

        Assert.Equal("viostor/2k22/amd64", selection.Storage!.Directory);
        Assert.Equal("NetKVM/w10/amd64", selection.Find("netkvm")!.Directory);
    }

    [Fact]
    public void Every_missing_directory_is_named_in_one_error()
    {
        using var tree = new DriverTree();
        tree.Add("drivers/by-driver/viostor/w10/amd64", "viostor", "amd64");

        var selection = Select(tree, DriverTree.Windows7X86);

        var root = $"{tree.Root}/drivers/by-driver";
        Assert.Null(selection.Storage);
        Assert.Equal(
            [
                $"{root}/viostor/w7/x86", $"{root}/viostor/2k8R2/x86", $"{root}/vioscsi/w7/x86", $"{root}/vioscsi/2k8R2/x86",
                $"{root}/NetKVM/w7/x86", $"{root}/NetKVM/2k8R2/x86",
            ],
            selection.Missing);
        var refusal = selection.NoStorageDriver();
        Assert.Equal(V2VError.DriversMissing, refusal.Error);
        Assert.Contains("Windows 7 Ultimate (i686)", refusal.Message, StringComparison.Ordinal);
        Assert.All(selection.Missing, m => Assert.Contains(m, refusal.Message, StringComparison.Ordinal));
        Assert.Contains("-AllowNoDrivers", refusal.Advice, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("drivers/amd64/Win2022", "drivers/i386/w7")]
    [InlineData("amd64/w10", "i386/w7")]
    public void The_missing_directory_is_named_in_the_layout_of_the_source(string present, string missing)
    {
        using var tree = new DriverTree();
        tree.Add(present, "viostor", "amd64");

        Assert.Equal($"{tree.Root}/{missing}", Select(tree, DriverTree.Windows7X86).Missing[0]);
    }

    [Fact]
    [Shows("DriverForOtherArchitecture", "DriverNotForGuest")]
    public void A_driver_of_another_architecture_is_left_out_and_named()
    {
        using var tree = new DriverTree();
        tree.Add("viostor/w7/x86", "viostor", "x86");
        tree.Write("viostor/w7/x86/viostor.sys", DriverTree.Program("amd64"));
        tree.Add("vioscsi/w7/x86", "vioscsi", "amd64");
        tree.Add("NetKVM/w7/x86", "netkvm", "x86", "Net");
        tree.Write("NetKVM/w7/x86/netkvm.sys", "not a program");

        var selection = Select(tree, DriverTree.Windows7X86);

        Assert.Empty(selection.Packages);
        Assert.Equal(["DriverForOtherArchitecture", "DriverForOtherArchitecture", "DriverNotForGuest"], selection.Concerns.Select(c => c.Id).Order());
        Assert.Contains(
            "viostor/w7/x86/viostor.sys is built for x86_64, and the guest is i686", selection.NoStorageDriver().Message, StringComparison.Ordinal);
        Assert.Contains("NTamd64", selection.NoStorageDriver().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_copy_makes_up_for_a_bad_one()
    {
        using var tree = new DriverTree();
        tree.Add("viostor/w10/amd64", "viostor", "amd64");
        tree.Write("viostor/w10/amd64/viostor.sys", DriverTree.Program("x86"));
        tree.Add("amd64/w10", "viostor", "amd64");

        var selection = Select(tree, DriverTree.Windows10);

        Assert.Equal("amd64/w10", selection.Storage!.Directory);
        Assert.Empty(selection.Concerns);
    }

    [Fact]
    [Shows("DriverIncomplete")]
    public void Missing_files_of_a_driver_are_named()
    {
        using var tree = new DriverTree();
        tree.Add("viostor/w10/amd64", "viostor", "amd64");
        File.Delete(tree.At("viostor/w10/amd64/viostor.sys"));
        tree.Add("viostor/w11/amd64", "viostor", "amd64");
        File.Delete(tree.At("viostor/w11/amd64/viostor.sys"));

        var selection = Select(tree, DriverTree.Windows10);

        Assert.Null(selection.Storage);
        Assert.Contains($"{tree.Root}/viostor/w10/amd64/viostor.sys", selection.Missing);
        Assert.DoesNotContain($"{tree.Root}/viostor/w11/amd64/viostor.sys", selection.Missing);
        Assert.Contains(selection.Concerns, c => c.Id == "DriverIncomplete");
        Assert.Contains("viostor/w10/amd64/viostor.sys", selection.NoStorageDriver().Message, StringComparison.Ordinal);
    }

    [Fact]
    [Shows("DriverCatalogMissing")]
    public void A_driver_without_its_catalogue_starts_Windows_but_may_not_install()
    {
        using var tree = new DriverTree();
        tree.Add("viostor/w10/amd64", "viostor", "amd64");
        File.Delete(tree.At("viostor/w10/amd64/viostor.cat"));

        var selection = Select(tree, DriverTree.Windows10);

        Assert.Equal("viostor", selection.Storage!.Name);
        var concern = Assert.Single(selection.Concerns);
        Assert.Equal("DriverCatalogMissing", concern.Id);
        Assert.Contains("viostor/w10/amd64/viostor.cat", concern.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Windows_before_XP_has_no_drivers()
    {
        using var tree = new DriverTree();
        tree.Add("viostor/xp/x86", "viostor", "x86");

        var selection = Select(tree, new DriverTarget("Windows 2000 (i686)", "i686", 5, 0, 2195, IsServer: true, "Microsoft Windows 2000"));

        Assert.Null(selection.Storage);
        Assert.Empty(selection.Packages);
        Assert.Contains("Windows 2000", selection.NoStorageDriver().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_packages_tree_on_an_image_gives_the_same_as_its_folder()
    {
        using var tree = new DriverTree();
        foreach (var name in new[] { "viostor", "vioscsi", "netkvm" })
        {
            tree.Add($"{name}/2k12R2/amd64", name, "amd64", decoration: ".6.3");
        }

        tree.Write("guest-agent/qemu-ga-x86_64.msi", "installer");
        var image = Path.Combine(tree.Folder, "image.iso");
        var guest = new DriverTarget("Windows Server 2012 R2 (x86_64)", "x86_64", 6, 3, 9600, IsServer: true, "Windows Server 2012 R2");
        var folder = Select(tree, guest);
        foreach (var options in new[] { "-R", "-J -joliet-long", "-iso-level 1" })
        {
            ExternalTool.Check("genisoimage", ["-quiet", "-V", "virtio-win-0.1.271", .. options.Split(' '), "-o", image, tree.Root]);
            using var source = DriverSource.Open(image);
            var selection = DriverSelector.Select(source, guest, StoragePreference.Viostor);

            Assert.Equal(folder.Packages.Select(p => p.Name), selection.Packages.Select(p => p.Name));
            Assert.Equal("0.1.271", selection.Version);
            Assert.Empty(selection.Missing);
            foreach (var (ours, theirs) in selection.Packages.SelectMany(p => p.Files).Zip(folder.Packages.SelectMany(p => p.Files)))
            {
                Assert.Equal(theirs.Path, ours.Path, ignoreCase: true);
                Assert.Equal(File.ReadAllBytes(tree.At(theirs.Path)), source.Read(ours));
            }
        }
    }

    [Fact]
    public void Only_what_is_chosen_from_is_read()
    {
        using var tree = new DriverTree();
        tree.Add("viostor/w10/amd64", "viostor", "amd64");
        tree.Write("viostor/w11/amd64/viostor.inf", Encoding.Latin1.GetBytes(DriverTree.Inf("viostor", "NTamd64")));
        using var source = new CountingSource(DriverSource.Open(tree.Root));

        DriverSelector.Select(source, DriverTree.Windows10, StoragePreference.Viostor);
        Assert.Equal(["viostor.inf", "viostor.sys"], source.ReadFiles.Select(f => f.Name).Distinct());
        Assert.All(source.ReadFiles, f => Assert.StartsWith("viostor/w10/", f.Path, StringComparison.Ordinal));
    }

    [Fact]
    public void A_damaged_image_never_gets_out_of_hand()
    {
        const int SystemArea = 32768;
        using var tree = new DriverTree();
        foreach (var name in new[] { "viostor", "vioscsi", "netkvm" })
        {
            tree.Add($"{name}/w10/amd64", name, "amd64");
        }

        var image = Path.Combine(tree.Folder, "image.iso");
        ExternalTool.Check("genisoimage", "-quiet", "-R", "-no-pad", "-o", image, tree.Root);
        var bytes = File.ReadAllBytes(image)[SystemArea..];

        Mutations.Check(bytes, bytes.Length, 500, damaged =>
        {
            using var source = new IsoDriverSource("/image.iso", new ArrayDevice([.. new byte[SystemArea], .. damaged]));
            var selection = DriverSelector.Select(source, DriverTree.Windows10, StoragePreference.Viostor);
            foreach (var file in selection.Packages.SelectMany(p => p.Files))
            {
                source.Read(file);
            }

            if (selection.Storage is null)
            {
                throw selection.NoStorageDriver();
            }
        });
    }

    private static DriverSelection Select(DriverTree tree, DriverTarget target, StoragePreference preference = StoragePreference.Viostor)
    {
        using var source = DriverSource.Open(tree.Root);
        return DriverSelector.Select(source, target, preference);
    }

    private sealed class CountingSource(DriverSource inner) : DriverSource
    {
        internal List<DriverSourceFile> ReadFiles { get; } = [];

        public override string Path => inner.Path;

        public override string Description => inner.Description;

        public override IReadOnlyList<DriverSourceFile> Files => inner.Files;

        public override int Read(DriverSourceFile file, long offset, Span<byte> buffer)
        {
            ReadFiles.Add(file);
            return inner.Read(file, offset, buffer);
        }

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
