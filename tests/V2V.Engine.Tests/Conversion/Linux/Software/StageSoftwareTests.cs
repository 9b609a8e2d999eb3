using System.Runtime.CompilerServices;
using V2V.Engine.Conversion;
using V2V.Engine.Conversion.Linux;
using V2V.Engine.Conversion.Linux.Software;
using V2V.Engine.Inspection;
using V2V.Engine.Profiles.VirtV2VConf;
using V2V.Engine.Tests.FileSystems;
using V2V.Engine.Tests.Guests.Phony;
using V2V.Engine.Tests.Profiles.VirtV2VConf;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Linux.Software;

/// <summary>Guests of tests/Guests/phony from before virtio, with packages that are there, missing, or not known.</summary>
public sealed class StageSoftwareTests : IDisposable
{
    /// <summary>Of ConfigFolder.Database, what the guest rhel5-old needs, in the order of installation.</summary>
    private static readonly string[] Rhel5 =
    [
        "rhel/5/ecryptfs-utils-56-8.el5.x86_64.rpm", "rhel/5/device-mapper-1.02.28-2.el5.x86_64.rpm", "rhel/5/device-mapper-1.02.28-2.el5.i386.rpm",
        "rhel/5/device-mapper-event-1.02.28-2.el5.x86_64.rpm", "rhel/5/lvm2-2.02.40-6.el5.x86_64.rpm", "rhel/5/selinux-policy-2.4.6-203.el5.noarch.rpm",
        "rhel/5/selinux-policy-targeted-2.4.6-203.el5.noarch.rpm", "rhel/5/kernel-2.6.18-128.el5.x86_64.rpm",
    ];

    private const string Others = """
        <virt-v2v>
          <capability os='linux' distro='rhel' major='4' name='virtio'><dep name='kernel' minversion='2.6.9-89.EL'/></capability>
          <app os='linux' distro='rhel' major='4' arch='x86_64' name='kernel-smp'><path>rhel/4/kernel-smp-2.6.9-89.EL.x86_64.rpm</path></app>
          <capability os='linux' distro='sles' major='10' name='virtio'><dep name='kernel' minversion='2.6.16.60-0.85.1'/></capability>
          <app os='linux' distro='sles' major='10' arch='x86_64' name='kernel-default'><path>sles/10/kernel-default-2.6.16.60-0.85.1.x86_64.rpm</path></app>
          <capability os='linux' distro='debian' major='4' name='virtio'><dep name='kernel'/></capability>
          <app os='linux' distro='debian' major='4' name='kernel'><path>debian/4/linux-image-2.6.26_amd64.deb</path><dep>initramfs-tools</dep></app>
          <app os='linux' distro='debian' major='4' name='initramfs-tools'><path>debian/4/initramfs-tools_0.92_all.deb</path></app>
        </virt-v2v>
        """;

    private readonly ConfigFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("rhel5-old", "linux rhel 5 2 x86_64 kernel x86_64")]
    [InlineData("rhel4", "linux rhel 4 0 x86_64 kernel-smp x86_64")]
    [InlineData("rhel5-xen", "linux rhel 5 11 x86_64 kernel x86_64")]
    [InlineData("sles10", "linux sles 10 1 x86_64 kernel-default x86_64")]
    [InlineData("debian4", "linux debian 4 0 x86_64 kernel ")]
    [InlineData("oracle8-uek", "linux oraclelinux 8 9 x86_64 kernel ")]
    [InlineData("scientific6", "linux scientificlinux 6 10 x86_64 kernel x86_64")]
    [InlineData("leap15", "linux opensuse 15 5 x86_64 kernel-default x86_64")]
    [InlineData("arch", "linux arch   x86_64 kernel ")]
    [InlineData("win-xp", "windows  5 1 i386 kernel ")]
    [InlineData("win-2008r2", "windows  6 1 x86_64 kernel ")]
    public void A_guest_is_what_the_configuration_calls_it(string name, string expected)
    {
        using var phony = Build(name);
        var guest = SoftwareGuest.Of(phony.Inspect());
        var distro = guest.Os == SoftwareGuest.Windows ? null : guest.Distro;
        Assert.Equal(expected, $"{guest.Os} {distro} {guest.Major} {guest.Minor} {guest.Architecture} {guest.KernelPackage} {guest.KernelArchitecture}");
    }

    [Fact]
    [Shows("SwitchToVirtio")]
    public void Packages_that_are_there_are_put_into_the_guest_in_order_and_a_service_is_enabled()
    {
        TestPackages.Write(_folder.Path, Rhel5);
        using var phony = Build("rhel5-old");
        using var context = Run(phony, ConfigFolder.Database);

        var root = context.Files.Root;
        string[] names = [.. Rhel5.Select((path, i) => $"{i + 1:00}-{Path.GetFileName(path)}")];
        Assert.Equal(names, root.Enumerate(SoftwareScript.Folder).Select(e => e.Name).Order(StringComparer.Ordinal));
        Assert.All(Rhel5.Zip(names), file => Assert.Equal(File.ReadAllBytes(Path.Combine(_folder.Path, file.First)), root.ReadAllBytes($"{SoftwareScript.Folder}/{file.Second}")));

        // Owner, mode and label, as the file system has them.
        var staged = root.Resolve($"{SoftwareScript.Folder}/{names[0]}");
        var found = root.Find($"{SoftwareScript.Folder}/{names[0]}")!;
        Assert.Equal((0x1A4, 0u, 0u), (found.Mode & 0xFFF, found.UserId, found.GroupId));
        Assert.Contains("security.selinux", staged.FileSystem.ExtendedAttributes(staged.Path));

        var script = root.ReadAllText("/usr/local/sbin/v2v-software");
        Assert.Contains($"packages='{string.Join(' ', names[..^1])}'", script);
        Assert.Contains($"kernels='{names[^1]}'", script);
        Assert.Contains("rpm -Uvh", script);
        Assert.Equal("/etc/init.d/v2v-software", root.TryReadLink("/etc/rc.d/rc3.d/S99v2v-software"));
        Assert.Contains("rm -f /etc/rc.d/rc3.d/S99v2v-software", script);
        Assert.All([script, root.ReadAllText("/etc/init.d/v2v-software")], text => Assert.Equal((0, ""), ExternalTool.RunWithInput(text, "sh", "-n")));

        // It starts on what it drives, and is told how it goes on.
        Assert.Equal((DiskBus.Sata, NetworkModel.E1000), (context.Hardware.DiskBus, context.Hardware.NetworkModel));
        var concern = Assert.Single(context.Concerns, c => c.Id == "SwitchToVirtio");
        Assert.Equal(ConcernSeverity.Information, concern.Severity);
        Assert.Contains("kernel-2.6.18-128.el5.x86_64.rpm", concern.Message, StringComparison.Ordinal);
        Assert.Contains("SATA disks and e1000 adapters", concern.Message, StringComparison.Ordinal);
        foreach (var part in (string[])["virsh edit phony", "<target dev='sda' bus='sata'/> becomes <target dev='vda' bus='virtio'/>", "<model type='e1000'/> becomes <model type='virtio'/>", "each 'alias ethN' becomes virtio_net"])
        {
            Assert.Contains(part, concern.Advice, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(context.Concerns, c => c.Id == "SoftwareNotFound");
    }

    [Theory]
    [InlineData("rhel4", "rhel/4/kernel-smp-2.6.9-89.EL.x86_64.rpm", "/etc/rc.d/rc3.d", "rpm -ivh")]
    [InlineData("sles10", "sles/10/kernel-default-2.6.16.60-0.85.1.x86_64.rpm", "/etc/init.d/rc3.d", "rpm -ivh")]
    [InlineData("debian4", "debian/4/initramfs-tools_0.92_all.deb debian/4/linux-image-2.6.26_amd64.deb", "/etc/rc2.d", "dpkg --force-confdef")]
    public void Other_guests_get_theirs_by_their_own_package_manager(string name, string packages, string links, string command)
    {
        TestPackages.Write(_folder.Path, packages.Split(' '));
        using var phony = Build(name);
        using var context = Run(phony, Others);

        var root = context.Files.Root;
        Assert.Equal(packages.Split(' ').Select((p, i) => $"{i + 1:00}-{Path.GetFileName(p)}"), root.Enumerate(SoftwareScript.Folder).Select(e => e.Name).Order(StringComparer.Ordinal));
        Assert.NotNull(root.TryReadLink($"{links}/S99v2v-software"));
        var script = root.ReadAllText("/usr/local/sbin/v2v-software");
        Assert.Contains(command, script);
        Assert.DoesNotContain("@", script.Replace("\"$@\"", "", StringComparison.Ordinal));
        Assert.Contains(context.Concerns, c => c.Id == "SwitchToVirtio");
    }

    [Theory]
    [InlineData("")]
    [InlineData("rhel/5/device-mapper-1.02.28-2.el5.i386.rpm rhel/5/kernel-2.6.18-128.el5.x86_64.rpm")]
    [InlineData("rhel/5/ecryptfs-utils-56-8.el5.x86_64.rpm")]
    public void What_is_missing_is_named_all_at_once_before_anything_is_written(string present)
    {
        TestPackages.Write(_folder.Path, present.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        using var phony = Build("rhel5-old");
        var refusal = Assert.Throws<ConversionException>(() => Run(phony, ConfigFolder.Database));

        string[] missing = [.. Rhel5.Except(present.Split(' '))];
        Assert.Equal(V2VError.SoftwareMissing, refusal.Error);
        const string Words = "Installation failed because the following files referenced in the configuration file are required, but missing: ";
        Assert.StartsWith(Words, refusal.Message, StringComparison.Ordinal);
        Assert.Equal(missing.Order(StringComparer.Ordinal), refusal.Message[Words.Length..].Split(' ').Order(StringComparer.Ordinal));
        Assert.All(missing, path => Assert.Contains(Path.Combine(_folder.Path, path), refusal.Advice, StringComparison.Ordinal));
        Assert.DoesNotContain(phony.Volumes, v => v.FileSystem is MemoryFileSystem files && files.Find(SoftwareScript.Folder) is not null);
    }

    [Fact]
    public void A_file_that_is_no_package_is_refused_before_anything_is_written()
    {
        TestPackages.Write(_folder.Path, Rhel5);
        var broken = Path.Combine(_folder.Path, Rhel5[4]);
        File.WriteAllText(broken, "404 Not Found");
        using var phony = Build("rhel5-old");
        var refusal = Assert.Throws<ConversionException>(() => Run(phony, ConfigFolder.Database));
        Assert.Equal((V2VError.SoftwareInvalid, broken), (refusal.Error, refusal.Path));
        Assert.DoesNotContain(phony.Volumes, v => v.FileSystem is MemoryFileSystem files && files.Find(SoftwareScript.Folder) is not null);
    }

    [Theory]
    [InlineData(60L << 20, true)]
    [InlineData(1L << 30, false)]
    public void Packages_need_room_in_the_guest(long free, bool isRefused)
    {
        TestPackages.Write(_folder.Path, ["sles/10/kernel-default-2.6.16.60-0.85.1.x86_64.rpm"]);
        using var phony = Build("sles10");
        var files = (MemoryFileSystem)phony.Volumes.Single(v => v.FileSystem is not null).FileSystem!;
        files.Capacity = files.Capacity - files.Space.FreeBytes + free;
        if (!isRefused)
        {
            Run(phony, Others).Dispose();
            return;
        }

        var refusal = Assert.Throws<ConversionException>(() => Run(phony, Others));
        Assert.Equal(V2VError.FileSystemFull, refusal.Error);
        Assert.Contains("kernel-default-2.6.16.60-0.85.1.x86_64.rpm", refusal.Message, StringComparison.Ordinal);
        Assert.Null(files.Find(SoftwareScript.Folder));
    }

    [Theory]
    // No configuration, one without the capability, without the app, and one that what is installed satisfies.
    [InlineData(null, ConcernSeverity.Information, "No config specified. No capability match for os='linux' name='virtio' distro='rhel' major='5' minor='2' arch='x86_64'.")]
    [InlineData("<app os='linux' name='x'><path>x</path></app>", ConcernSeverity.Warning, "No capability in config matches os='linux' name='virtio' distro='rhel' major='5' minor='2' arch='x86_64'.")]
    [InlineData("<capability os='linux' name='virtio'><dep name='kernel' minversion='2.6.18-128.el5'/></capability>", ConcernSeverity.Warning, "No app in config matches os='linux' name='kernel' distro='rhel' major='5' minor='2' arch='x86_64'.")]
    [InlineData("<capability os='linux' name='virtio'><dep name='kernel' minversion='2.6.18-8.el5'/></capability>", ConcernSeverity.Warning, "are enough for the capability virtio")]
    [Shows("SoftwareNotFound")]
    public void Without_an_entry_it_is_said_what_would_be_needed_and_the_guest_is_converted(string? elements, ConcernSeverity severity, string expected)
    {
        using var phony = Build("rhel5-old");
        var software = elements is null ? SoftwareCatalogue.Empty : _folder.LoadElements(elements).Software;
        using var context = Run(phony, new ConfiguredSoftware(software, _folder.Path));

        var concern = Assert.Single(context.Concerns, c => c.Id == "SoftwareNotFound");
        Assert.Equal(severity, concern.Severity);
        Assert.Contains(expected, concern.Message, StringComparison.Ordinal);
        Assert.Contains("rhel/5/kernel-2.6.18-128.el5.x86_64.rpm", concern.Message, StringComparison.Ordinal);
        Assert.Equal((DiskBus.Sata, NetworkModel.E1000), (context.Hardware.DiskBus, context.Hardware.NetworkModel));
        Assert.False(context.Files.Root.DirectoryExists(SoftwareScript.Folder));
    }

    [Fact]
    public void A_malformed_entry_for_the_guest_is_an_error()
    {
        using var phony = Build("rhel5-old");
        Assert.Equal(V2VError.ProfileInvalid, Assert.Throws<ProfileException>(() => Run(phony, "<virt-v2v><capability os='linux' name='virtio'><dep/></capability></virt-v2v>")).Error);
    }

    [Theory]
    [InlineData("rhel5")]
    [InlineData("debian6")]
    public void A_guest_that_drives_virtio_gets_no_packages_whatever_is_missing(string name)
    {
        using var phony = Build(name);
        using var context = Run(phony, ConfigFolder.Database);
        Assert.Equal((DiskBus.Virtio, NetworkModel.Virtio), (context.Hardware.DiskBus, context.Hardware.NetworkModel));
        Assert.DoesNotContain(context.Concerns, c => c.Id is "SoftwareNotFound" or "SwitchToVirtio");
        Assert.False(context.Files.Root.DirectoryExists(SoftwareScript.Folder));
    }

    [Fact]
    public void A_guest_that_only_Xen_can_start_stays_refused_since_it_could_install_nothing()
    {
        using var phony = Build("rhel5-xen-only");
        var concern = Assert.Single(GuestChecks.Run(phony.Inspect(), phony.Source), c => c.Severity == ConcernSeverity.Critical);
        Assert.Equal("NoKernelForKvm", concern.Id);
        Assert.Contains("rhel/5/kernel-2.6.18-128.el5.x86_64.rpm", concern.Message, StringComparison.Ordinal);
        Assert.Contains("this one cannot start", concern.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void A_guest_that_is_converted_again_begins_anew()
    {
        TestPackages.Write(_folder.Path, ["sles/10/kernel-default-2.6.16.60-0.85.1.x86_64.rpm"]);
        using var phony = Build("sles10");
        Run(phony, Others).Dispose();
        var files = (MemoryFileSystem)phony.Volumes.Single(v => v.FileSystem is not null).FileSystem!;
        files.With($"{SoftwareScript.Folder}/result", "failed\n");

        using var again = Run(phony, Others);
        Assert.Null(files.Find($"{SoftwareScript.Folder}/result"));
        Assert.Contains(again.Changes, c => c.Path == $"{SoftwareScript.Folder}/01-kernel-default-2.6.16.60-0.85.1.x86_64.rpm" && c.Kind == ChangeKind.Created);
    }

    private ConversionContext Run(PhonyLinux phony, string configuration) => Run(phony, new ConfiguredSoftware(_folder.Load(configuration).Software, _folder.Path));

    private static ConversionContext Run(PhonyLinux phony, ConfiguredSoftware software)
    {
        var guest = phony.Inspect();
        var context = new ConversionContext(guest, phony.Source, new TargetHardware { Firmware = guest.Firmware }, TestContext.Current.CancellationToken)
        {
            Options = new ConversionOptions { Software = software },
        };
        foreach (var step in (ConversionStep[])[new ChooseKernel(), new ChooseVirtualHardware(), new AddVirtioToInitramfs(), new StageSoftware()])
        {
            step.Apply(context);
        }

        return context;
    }

    private static PhonyLinux Build(string name, [CallerFilePath] string here = "") =>
        PhonyLinux.Build(File.ReadAllText(Path.Combine(Path.GetDirectoryName(here)!, $"../../../../Guests/phony/{name}.guest")));
}
