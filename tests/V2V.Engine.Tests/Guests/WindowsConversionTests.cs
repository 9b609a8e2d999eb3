using System.Security.Cryptography;
using System.Text.RegularExpressions;
using V2V.Engine.Sources;
using V2V.Engine.Targets.Directory;
using V2V.Engine.Tests.FileSystems.Ntfs;
using Xunit;
using static V2V.Engine.Tests.Guests.WindowsRegistryExport;

namespace V2V.Engine.Tests.Guests;

/// <summary>
/// Guests of every Windows version through the whole pipeline, read back by other programs: the registry by hivexregedit, the volume by ntfs-3g
/// and its tools, sleuthkit, 7z and GRUB. Everything that had to change has, and nothing else.
/// </summary>
[Trait("Category", "Slow")]
public sealed partial class WindowsConversionTests(WindowsGuests guests) : IClassFixture<WindowsGuests>, IDisposable
{
    private const string StorageClass = "{4D36E97B-E325-11CE-BFC1-08002BE10318}";

    private readonly string _folder = Directory.CreateTempSubdirectory("v2v-windows-out-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Options of the guest, the package's directory for it, options of the drivers, and the storage driver.</summary>
    [Theory]
    [InlineData("--version XP", "xp/x86", "", "viostor")]
    [InlineData("--version XP --arch x86_64", "xp/amd64", "", "viostor")]
    [InlineData("--version 2003 --control-set 2", "2k3/x86", "--iso ISO", "viostor")]
    [InlineData("--version 7 --arch i386", "w7/x86", "--layout rpm", "viostor")]
    [InlineData("--version 2008R2 --static", "2k8R2/amd64", "", "vioscsi")]
    [InlineData("--version 2012R2 --cluster 65536", "2k12R2/amd64", "--iso ISO", "viostor")]
    [InlineData("--version 10 --arch i386", "w10/x86", "", "viostor")]
    [InlineData("--version 10 --files 3000", "w10/amd64", "", "viostor")]
    [InlineData("--version 2016 --cluster 512", "2k16/amd64", "--layout rpm", "vioscsi")]
    [InlineData("--version 2019 --universal-time", "2k19/amd64", "", "viostor")]
    [InlineData("--version 2022 --firmware uefi --static", "2k22/amd64", "--iso ISO", "viostor")]
    [InlineData("--version 11", "w11/amd64", "", "viostor")]
    [InlineData("--version 2025", "2k25/amd64", "--iso ISO", "vioscsi")]
    public void Every_version_is_converted_and_nothing_else_changes(string options, string directory, string driverOptions, string driver)
    {
        ExternalTool.Need("qemu-img", "hivexregedit", "fls", "icat", "7z", "grub-fstest");
        var disk = guests.Disk($"{options} --size 320M");
        var drivers = guests.Drivers(driverOptions);
        var digest = Digest(disk);
        using var before = WindowsGuests.Volume(disk);
        var files = WindowsVolumeFiles.Read(before);

        var raw = Convert(disk, drivers, driver);

        Assert.Equal(digest, Digest(disk));
        using var after = WindowsGuests.Volume(raw);
        after.Check();
        var found = WindowsVolumeFiles.Read(after);
        CheckFiles(files, found, drivers, directory, driver);
        var (system, software) = CheckRegistry(before, after, options, directory, driver);
        CheckOtherReaders(after, found, system, software);

        // ntfs-3g goes on writing where the conversion has ended.
        after.Mount();
        File.WriteAllText(Path.Combine(after.MountPoint, "written later"), "x");
        File.Delete(Path.Combine(after.MountPoint, "pagefile.sys"));
        after.Unmount();
        after.Check();
    }

    private string Convert(string disk, string drivers, string driver)
    {
        var source = Assert.Single(GuestSources.Open(disk, TestContext.Current.CancellationToken));
        var options = new ConversionOptions
        {
            DriverSource = drivers,
            BlockDriver = driver == "vioscsi" ? StoragePreference.Vioscsi : StoragePreference.Viostor,
        };
        using var target = new DirectoryTarget(Path.Combine(_folder, "out"));
        var result = new GuestConversion(source, options).Convert(target, cancellation: TestContext.Current.CancellationToken);
        ExternalTool.Check("qemu-img", "check", Assert.Single(result.Disks));
        var raw = Path.Combine(_folder, "out.raw");
        ExternalTool.Check("qemu-img", "convert", "-O", "raw", result.Disks[0], raw);
        return raw;
    }

    private static void CheckFiles(Dictionary<string, string> before, Dictionary<string, string> after, string drivers, string directory, string driver)
    {
        Assert.Empty(before.Keys.Except(after.Keys, StringComparer.OrdinalIgnoreCase));
        var changed = before.Keys.Where(p => before[p] != after[p]).Select(p => p.ToLowerInvariant()).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(["/windows/system32/config/software", "/windows/system32/config/system"], changed.Where(p => !p.Contains(".log", StringComparison.Ordinal)));
        var added = after.Keys.Except(before.Keys, StringComparer.OrdinalIgnoreCase).ToList();
        Assert.Contains($"/windows/system32/drivers/{driver}.sys", added, StringComparer.OrdinalIgnoreCase);
        Assert.DoesNotContain(added, p => !AddedFile().IsMatch(p));

        if (Directory.Exists(drivers))
        {
            // Each file of the package's directory, its contents unchanged, has gone where Windows looks for it.
            var staged = Directory.GetFiles(drivers, "*", SearchOption.AllDirectories)
                .Where(f => f.Replace('\\', '/').EndsWith($"/{directory}/{Path.GetFileName(f)}", StringComparison.OrdinalIgnoreCase) && Staged().IsMatch(f)).ToList();
            Assert.NotEmpty(staged);
            foreach (var file in staged)
            {
                var path = $"/windows/drivers/virtio/{Path.GetFileName(file)}";
                Assert.True(after.TryGetValue(path, out var found), path);
                Assert.True(found == $"{new FileInfo(file).Length} {Digest(file)}", $"{path} is not that of {directory}");
            }
        }
    }

    private static (string System, string Software) CheckRegistry(NtfsTestImage before, NtfsTestImage after, string options, string directory, string driver)
    {
        var (systemBefore, systemAfter) = (Read(before, "SYSTEM"), Read(after, "SYSTEM"));
        var (softwareBefore, softwareAfter) = (Read(before, "SOFTWARE"), Read(after, "SOFTWARE"));
        var system = WindowsRegistryExport.Read(systemAfter);
        var software = WindowsRegistryExport.Read(softwareAfter);
        var set = options.Contains("--control-set 2", StringComparison.Ordinal) ? @"\ControlSet002" : @"\ControlSet001";

        void Is(string? expected, string key, string name) => Assert.True(expected == system.Find(key, name), $"{key} {name}: {system.Find(key, name)}, not {expected}");
        Is(Dword(1), $@"{set}\Services\{driver}", "Type");
        Is(Dword(0), $@"{set}\Services\{driver}", "Start");
        Is(Sz("SCSI miniport"), $@"{set}\Services\{driver}", "Group");
        Is(Dword(1), $@"{set}\Services\{driver}", "ErrorControl");
        Is(Expand($@"system32\drivers\{driver}.sys"), $@"{set}\Services\{driver}", "ImagePath");
        Is(Dword(0), $@"{set}\Control\CrashControl", "AutoReboot");
        string[] devices = driver == "viostor" ? ["VEN_1AF4&DEV_1001&REV_00", "VEN_1AF4&DEV_1042&REV_01"] : ["VEN_1AF4&DEV_1004&REV_00", "VEN_1AF4&DEV_1048&REV_01"];
        if (system.Entries.ContainsKey(@"\driverdatabase"))
        {
            var package = $"guestor.inf_{directory[(directory.IndexOf('/', StringComparison.Ordinal) + 1)..]}_0000000000000000";
            Is(Multi(package), @"\DriverDatabase\DriverInfFiles\guestor.inf", "");
            Is(Sz(package), @"\DriverDatabase\DriverInfFiles\guestor.inf", "Active");
            Is(Multi("guestor_conf"), @"\DriverDatabase\DriverInfFiles\guestor.inf", "Configurations");
            Is(Binary("00FF0900000000007BE9364D25E3CE11BFC108002BE10318" + new string('0', 48)), $@"\DriverDatabase\DriverPackages\{package}", "Version");
            Is(Dword(0), $@"\DriverDatabase\DriverPackages\{package}\Configurations\guestor_conf", "ConfigFlags");
            Is(Sz(driver), $@"\DriverDatabase\DriverPackages\{package}\Configurations\guestor_conf", "Service");
            foreach (var device in devices)
            {
                Is(Binary("01FF0000"), $@"\DriverDatabase\DeviceIds\PCI\{device}", "guestor.inf");
                Is(Sz("guestor_conf"), $@"\DriverDatabase\DriverPackages\{package}\Descriptors\PCI\{device}", "Configuration");
            }
        }
        else
        {
            foreach (var device in devices)
            {
                Is(Sz(driver), $@"{set}\Control\CriticalDeviceDatabase\PCI#{device}", "Service");
                Is(Sz(StorageClass), $@"{set}\Control\CriticalDeviceDatabase\PCI#{device}", "ClassGUID");
            }
        }

        Assert.Equal(Expand(@"%SystemRoot%\inf;%SystemRoot%\Drivers\VirtIO"), software.Find(@"\Microsoft\Windows\CurrentVersion", "DevicePath"));
        var (silencedXp, silenced2003) = (options.StartsWith("--version XP", StringComparison.Ordinal) && !options.Contains("x86_64", StringComparison.Ordinal), options.Contains("2003", StringComparison.Ordinal));
        Assert.Equal(silencedXp ? Dword(1) : null, software.Find(@"\Policies\Microsoft\Windows\DeviceInstall\Settings", "SuppressNewHWUI"));
        if (silenced2003)
        {
            Is(Dword(1), $@"{set}\Services\PlugPlay\Parameters", "SuppressUI");
        }

        Assert.DoesNotContain(WindowsRegistryExport.Read(systemBefore).Differences(system), d => !ChangedSystem().IsMatch(d));
        Assert.DoesNotContain(WindowsRegistryExport.Read(softwareBefore).Differences(software), d => !ChangedSoftware().IsMatch(d));
        return (systemAfter, softwareAfter);
    }

    /// <summary>The hive as ntfs-3g reads it, next to the image.</summary>
    private static string Read(NtfsTestImage image, string hive)
    {
        image.Mount("loop,ro");
        try
        {
            var root = Path.Combine(image.MountPoint, Directory.Exists(Path.Combine(image.MountPoint, "WINDOWS")) ? "WINDOWS/system32/config" : "Windows/System32/config");
            var file = Directory.GetFiles(root).Single(f => Path.GetFileName(f).Equals(hive, StringComparison.OrdinalIgnoreCase));
            return image.WriteFile(hive, File.ReadAllBytes(file));
        }
        finally
        {
            image.Unmount();
        }
    }

    /// <summary>Three readers that share no code with ntfs-3g or the engine.</summary>
    private void CheckOtherReaders(NtfsTestImage image, Dictionary<string, string> files, string system, string software)
    {
        // sleuthkit: names by fls, contents by icat.
        var listed = ExternalTool.Check("fls", "-r", "-p", "-u", image.Path).Split('\n').Select(l => SleuthkitLine().Match(l)).Where(m => m.Success)
            .Select(m => (Number: m.Groups[1].Value, Path: "/" + System.Text.Encoding.UTF8.GetString(System.Text.Encoding.Latin1.GetBytes(m.Groups[2].Value))))
            .Where(f => !f.Path.StartsWith("/$", StringComparison.Ordinal) && !f.Path.Contains(':', StringComparison.Ordinal)).DistinctBy(f => f.Path).ToList();
        var shown = files.Keys.Where(p => p != "/" && !p.Contains('$', StringComparison.Ordinal)).ToHashSet(StringComparer.Ordinal);
        Assert.Empty(shown.Except(listed.Select(f => f.Path)).Take(5));
        Assert.Empty(listed.Select(f => f.Path).Where(p => !p.Contains('$', StringComparison.Ordinal)).Except(shown).Take(5));
        foreach (var (hive, path) in new[] { ("/config/system", system), ("/config/software", software) })
        {
            var number = listed.Single(f => f.Path.EndsWith(hive, StringComparison.OrdinalIgnoreCase)).Number;
            var copy = image.WriteFile("icat", []);
            ExternalTool.Check("sh", "-c", $"icat '{image.Path}' {number} >'{copy}'");
            Assert.Equal(Digest(path), Digest(copy));
            var name = listed.Single(f => f.Path.EndsWith(hive, StringComparison.OrdinalIgnoreCase)).Path;
            ExternalTool.Check("grub-fstest", "--root=loop0", image.Path, "cmp", $"(loop0){name}", path);
        }

        // 7z unpacks everything that is new.
        var folder = Path.Combine(_folder, "unpacked");
        var windows = files.Keys.First(k => k.Equals("/Windows", StringComparison.OrdinalIgnoreCase))[1..];
        var system32 = files.Keys.First(k => k.Equals("/Windows/System32", StringComparison.OrdinalIgnoreCase))[(windows.Length + 2)..];
        ExternalTool.Check("7z", ["x", "-y", $"-o{folder}", image.Path, .. new[] { "Drivers", "System32/drivers", "System32/config", "V2V" }.Select(f => $"{windows}/{f.Replace("System32", system32, StringComparison.Ordinal)}")]);
        foreach (var file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Where(f => !f.Contains(':', StringComparison.Ordinal)))
        {
            Assert.Equal(files["/" + Path.GetRelativePath(folder, file)], $"{new FileInfo(file).Length} {Digest(file)}");
        }
    }

    private static string Digest(string file)
    {
        using var stream = File.OpenRead(file);
        return System.Convert.ToHexString(SHA256.HashData(stream));
    }

    [GeneratedRegex(@"^/windows/(drivers(/virtio(/[^/]+)?)?|system32/drivers/vio(stor|scsi)\.sys|v2v(/.*)?)$", RegexOptions.IgnoreCase)]
    private static partial Regex AddedFile();

    [GeneratedRegex(@"/(viostor|vioscsi|netkvm|balloon|vioser|viorng)\.(sys|inf|cat)$")]
    private static partial Regex Staged();

    // Services: ours, and those of VMware, which are only disabled; the bindings of the storage driver; and what the first boot needs.
    [GeneratedRegex(
        @"^(?:[+~] \\controlset00[0-9]\\services\\(?:vio(?:stor|scsi)|v2vfirstboot|eventlog\\application\\v2vfirstboot)(?:[\\|].*)?|\+ \\controlset00[0-9]\\services\\eventlog(?:\\application)?"
        + @"|~ \\controlset00[0-9]\\services\\(?:pvscsi|vmscsi|vmxnet|vmxnet3ndis6|vmci|vsock|vmmouse|vmmemctl|vmtools|vgauthservice)\|start"
        + @"|[+~] \\controlset00[0-9]\\control\\criticaldevicedatabase\\pci#(?:ven_1af4&.*|cc_[0-9]*.*|ven_8086&.*)"
        + @"|[+~] \\controlset00[0-9]\\services\\(?:atapi|intelide|pciide|storahci|msahci|plugplay\\parameters)(?:[\\|].*)?"
        + @"|\+ \\driverdatabase\\(?:driverinffiles|driverpackages)\\guestor\.inf.*"
        + @"|\+ \\driverdatabase\\(?:deviceids\\pci\\ven_1af4&.*|driverinffiles|driverpackages)"
        + @"|~ \\controlset00[0-9]\\control\\crashcontrol\|autoreboot)$")]
    private static partial Regex ChangedSystem();

    [GeneratedRegex(@"^(?:~ \\microsoft\\windows\\currentversion\|devicepath|\+ \\policies\\microsoft\\windows\\deviceinstall(?:\\settings(?:\|suppressnewhwui)?)?)$")]
    private static partial Regex ChangedSoftware();

    [GeneratedRegex(@"^\S+ (?:\* )?(\d+)-\d+-\d+:\t(.*)$")]
    private static partial Regex SleuthkitLine();
}
