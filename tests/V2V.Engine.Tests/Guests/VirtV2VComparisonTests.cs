using System.Text.RegularExpressions;
using V2V.Engine.Sources;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Directory;
using V2V.Engine.Tests.FileSystems.Ntfs;
using Xunit;

namespace V2V.Engine.Tests.Guests;

/// <summary>
/// The same guest with the same drivers, converted by virt-v2v 2.2 and by V2V: what is left on the disks differs only in what docs/windows.md lists
/// with a reason. virt-v2v runs its appliance under emulation, which takes a minute or two.
/// </summary>
[Trait("Category", "Slow")]
public sealed partial class VirtV2VComparisonTests(WindowsGuests guests) : IClassFixture<WindowsGuests>, IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(9);

    private readonly string _folder = Directory.CreateTempSubdirectory("v2v-compare-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("--version 2016")]
    [InlineData("--version 2008R2")]
    public void What_is_left_differs_only_as_documented(string options)
    {
        ExternalTool.Need("virt-v2v", "nbdcopy", "hivexregedit", "env");
        ExternalTool.NeedRoot();
        var disk = guests.Disk(options);
        var drivers = guests.Drivers();

        using var theirs = WindowsGuests.Volume(ConvertWithVirtV2V(disk, drivers));
        using var ours = WindowsGuests.Volume(Convert(disk, drivers));

        var (theirFiles, ourFiles) = (WindowsVolumeFiles.Read(theirs), WindowsVolumeFiles.Read(ours));
        var files = theirFiles.Keys.Union(ourFiles.Keys, StringComparer.OrdinalIgnoreCase)
            .Select(p => (Path: p, Theirs: theirFiles.GetValueOrDefault(p), Ours: ourFiles.GetValueOrDefault(p)))
            .Where(f => f.Theirs != f.Ours)
            .Select(f => $"{(f.Theirs is null ? "+" : f.Ours is null ? "-" : "~")} {f.Path.ToLowerInvariant()}");
        Assert.DoesNotContain(files, f => !DifferentFile().IsMatch(f));

        foreach (var hive in (string[])["SYSTEM", "SOFTWARE"])
        {
            var differences = WindowsRegistryExport.Read(Hive(theirs, hive)).Differences(WindowsRegistryExport.Read(Hive(ours, hive)));
            Assert.DoesNotContain(differences, d => !DifferentValue().IsMatch(d));
        }
    }

    private string ConvertWithVirtV2V(string disk, string drivers)
    {
        // The service wrapper that virt-v2v insists on; what is in it does not matter to what is compared.
        var tools = Directory.CreateDirectory(Path.Combine(_folder, "tools")).FullName;
        File.WriteAllText(Path.Combine(tools, "rhsrvany.exe"), "MZ");
        var output = Directory.CreateDirectory(Path.Combine(_folder, "virt-v2v")).FullName;
        ExternalTool.CheckWithin(
            Limit, "env", "LIBGUESTFS_BACKEND=direct", "LIBGUESTFS_BACKEND_SETTINGS=force_tcg", $"VIRTIO_WIN={drivers}", $"VIRT_TOOLS_DATA_DIR={tools}",
            "virt-v2v", "-i", "disk", disk, "-o", "local", "-os", output, "-of", "raw", "-on", "guest");
        return Path.Combine(output, "guest-sda");
    }

    private string Convert(string disk, string drivers)
    {
        var source = Assert.Single(GuestSources.Open(disk, TestContext.Current.CancellationToken));
        using var target = new DirectoryTarget(Path.Combine(_folder, "v2v"));
        var result = new GuestConversion(source, new ConversionOptions { DriverSource = drivers, Format = ImageFormat.Raw })
            .Convert(target, cancellation: TestContext.Current.CancellationToken);
        return Assert.Single(result.Disks);
    }

    private static string Hive(NtfsTestImage image, string hive)
    {
        image.Mount("loop,ro");
        try
        {
            var folder = Path.Combine(image.MountPoint, "Windows/System32/config");
            return image.WriteFile(hive, File.ReadAllBytes(Directory.GetFiles(folder).Single(f => Path.GetFileName(f).Equals(hive, StringComparison.OrdinalIgnoreCase))));
        }
        finally
        {
            image.Unmount();
        }
    }

    // "-" is what only virt-v2v left, "+" what only V2V did, "~" what differs: see "Compared with virt-v2v" in docs/windows.md.
    [GeneratedRegex(
        @"^(?:- /program files/guestfs(?:/.*)?|- /qemu-ga-[^/]*\.msi|- /windows/temp/install-qemu-ga-[^/]*\.ps1"
        + @"|- /windows/drivers/virtio/[^/]+\.pdb|- /windows/drivers/virtio/(?:vioprot|qemufwcfg)\.(?:inf|cat)"
        + @"|\+ /windows/v2v(?:/.*)?|[-+~] /windows/system32/config/(?:system|software)(?:\.log[12]?)?)$")]
    private static partial Regex DifferentFile();

    [GeneratedRegex(
        @"^(?:- \\controlset001\\services\\firstboot(?:[\\|].*)?|\+ \\controlset001\\services\\(?:v2vfirstboot|eventlog\\application)(?:[\\|].*)?|\+ \\controlset001\\services\\eventlog"
        + @"|\+ \\controlset001\\services\\viostor\\parameters(?:[\\|].*)?"
        + @"|~ \\controlset001\\services\\(?:pvscsi|vmscsi|vmxnet|vmxnet3ndis6|vmci|vsock|vmmouse|vmmemctl|vmtools|vgauthservice|vm3dmp)\|start"
        + @"|[-+] \\driverdatabase\\deviceids\\pci\\ven_1af4&dev_10(?:01|42)(?:&subsys_[0-9a-f]+)?&rev_0[01](?:\|.*)?"
        + @"|~ \\driverdatabase\\driverinffiles\\guestor\.inf\|(?:active)?|[-+] \\driverdatabase\\driverpackages\\guestor\.inf_(?:tmp|amd64_0+)(?:[\\|].*)?"
        + @"|[-+] \\controlset001\\control\\criticaldevicedatabase\\pci#ven_1af4&.*)$")]
    private static partial Regex DifferentValue();
}
