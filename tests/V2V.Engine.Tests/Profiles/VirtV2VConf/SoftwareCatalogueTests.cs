using V2V.Engine.Conversion.Software;
using V2V.Engine.Inspection;
using V2V.Engine.Profiles.VirtV2VConf;
using Xunit;

namespace V2V.Engine.Tests.Profiles.VirtV2VConf;

public sealed class SoftwareCatalogueTests : IDisposable
{
    private static readonly SoftwareGuest Rhel5 = new() { Os = "linux", Distro = "rhel", Major = "5", Minor = "3", Architecture = "x86_64" };
    private static readonly SoftwareGuest Rhel6 = Rhel5 with { Major = "6", Minor = "1" };

    private readonly ConfigFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Elements_are_tried_from_the_most_particular_to_the_least()
    {
        string[] attributes =
        [
            "distro='rhel' major='5' minor='3' arch='x86_64'", "distro='rhel' major='5' minor='3'", "distro='rhel' major='5' arch='x86_64'",
            "distro='rhel' major='5'", "distro='rhel' arch='x86_64'", "distro='rhel'", "arch='x86_64'", "",
        ];
        // Each form is found when those before it are gone, wherever it stands among the others.
        for (var i = 0; i < attributes.Length; i++)
        {
            var apps = string.Concat(attributes.Skip(i).Reverse().Select(a => $"<app os='linux' name='x' {a}><path>{Array.IndexOf(attributes, a)}</path></app>"));
            Assert.Equal(i.ToString(), Assert.Single(_folder.LoadElements(apps).Software.ResolveApp(Rhel5, "x", _folder.Path).Packages).Path);
        }
    }

    [Theory]
    [InlineData("distro='centos'")]
    [InlineData("distro='rhel' major='6'")]
    [InlineData("distro='rhel' major='5' minor='4'")]
    [InlineData("distro='rhel' major='5' arch='i386'")]
    [InlineData("distro='rhel' minor='3'")]
    [InlineData("major='5'")]
    [InlineData("minor='3'")]
    public void An_attribute_that_is_there_must_be_equal_and_have_those_before_it(string attributes)
    {
        var software = _folder.LoadElements($"<app os='linux' name='x' {attributes}><path>p</path></app><app name='x'><path>q</path></app>").Software;
        var e = Assert.Throws<ProfileException>(() => software.ResolveApp(Rhel5, "x"));
        Assert.Equal(V2VError.SoftwareNotFound, e.Error);
        Assert.Equal("No app in config matches os='linux' name='x' distro='rhel' major='5' minor='3' arch='x86_64'.", e.Message);
    }

    [Theory]
    [InlineData("linux", null, null, null, "os='linux' name='x' arch='i386'")]
    [InlineData("linux", "rhel", "6", null, "os='linux' name='x' distro='rhel' major='6' arch='i386'")]
    [InlineData("windows", "ignored", "5", "1", "os='windows' name='x' major='5' minor='1' arch='i386'")]
    public void What_was_looked_for_is_told_without_what_is_not_known(string os, string? distro, string? major, string? minor, string expected)
    {
        var guest = new SoftwareGuest { Os = os, Distro = distro, Major = major, Minor = minor, Architecture = "i386" };
        Assert.Equal($"No capability in config matches {expected}.", Assert.Throws<ProfileException>(() => _folder.LoadElements("").Software.Resolve(guest, "x")).Message);
        Assert.Equal($"No config specified. No capability match for {expected}.", Assert.Throws<ProfileException>(() => VirtV2VConfig.Load([]).Software.Resolve(guest, "x")).Message);
    }

    [Fact]
    public void The_first_file_with_anything_for_the_guest_answers_and_its_root_is_its_own()
    {
        var software = _folder.Load(
            "<virt-v2v><app os='linux' name='other'><path>o</path></app></virt-v2v>",
            "<virt-v2v><app os='linux' name='x'><path>x.rpm</path></app><path-root>/srv/one</path-root></virt-v2v>",
            "<virt-v2v><app os='linux' distro='rhel' major='5' name='x'><path>y.rpm</path></app><path-root>/srv/two</path-root></virt-v2v>").Software;
        Assert.Equal("/srv/one", software.PathRoot);
        Assert.Equal("/srv/one/x.rpm", Assert.Single(software.ResolveApp(Rhel5, "x").Packages).FullPath);
        Assert.Equal("/var/lib/virt-v2v/software/o", Assert.Single(software.ResolveApp(Rhel5, "other").Packages).FullPath);
        Assert.Equal("/mine/x.rpm", Assert.Single(software.ResolveApp(Rhel5, "x", "/mine").Packages).FullPath);
    }

    [Theory]
    [InlineData("5", "1", "i386", "/usr/share/virtio-win/drivers/i386/WinXP")]
    [InlineData("5", "2", "x86_64", "/usr/share/virtio-win/drivers/amd64/Win2003")]
    [InlineData("6", "1", "i386", "/usr/share/virtio-win/drivers/i386/Win2008")]
    [InlineData("6", "0", "x86_64", "/usr/share/virtio-win/drivers/amd64/Win2008")]
    public void Drivers_for_Windows_are_found_by_the_version_of_its_kernel(string major, string minor, string architecture, string expected)
    {
        var guest = new SoftwareGuest { Os = "windows", Major = major, Minor = minor, Architecture = architecture };
        var resolved = _folder.Load(ConfigFolder.Database).Software.ResolveApp(guest, "virtio", "/elsewhere");
        Assert.Equal(expected, Assert.Single(resolved.Packages).FullPath);
    }

    [Fact]
    public void A_missing_directory_of_drivers_is_refused_in_the_words_of_the_guide()
    {
        var guest = new SoftwareGuest { Os = "windows", Major = "6", Minor = "0", Architecture = "i386" };
        var software = _folder.LoadElements($"<app os='windows' major='6' arch='i386' name='virtio'><path>{_folder.Path}/drivers/i386/Win2008</path></app>").Software;
        AssertMissing(software.ResolveApp(guest, "virtio"), $"{_folder.Path}/drivers/i386/Win2008");
    }

    [Fact]
    public void Packages_that_a_capability_needs_and_are_missing_are_refused_in_the_words_of_the_guide()
    {
        var software = _folder.LoadElements("""
            <capability os='linux' distro='rhel' major='6' name='virtio'><dep name='kernel' minversion='2.6.32-128.el6'/></capability>
            <app os='linux' distro='rhel' major='6' arch='x86_64' name='kernel'><path>rhel/6/kernel-2.6.32-128.el6.x86_64.rpm</path><dep>ecryptfs-utils</dep></app>
            <app os='linux' distro='rhel' major='6' arch='x86_64' name='ecryptfs-utils'><path>rhel/6/ecryptfs-utils-82-6.el6.x86_64.rpm</path></app>
            <app os='linux' distro='rhel' major='6' arch='i386' name='ecryptfs-utils'><path>rhel/6/ecryptfs-utils-82-6.el6.i686.rpm</path></app>
            """).Software;
        var guest = Rhel6 with { Packages = [new("kernel", "2.6.32-71.el6", "x86_64"), new("ecryptfs-utils", "80-1.el6", "x86_64"), new("ecryptfs-utils", "80-1.el6", "i686")] };

        AssertMissing(
            software.Resolve(guest, "virtio", _folder.Path),
            "rhel/6/kernel-2.6.32-128.el6.x86_64.rpm", "rhel/6/ecryptfs-utils-82-6.el6.x86_64.rpm", "rhel/6/ecryptfs-utils-82-6.el6.i686.rpm");
    }

    /// <summary>What a RHEL 5.2 guest has, what is missing on this machine, and what is installed in the end, in order.</summary>
    public static TheoryData<string, string, string> Needs => new()
    {
        // Nothing is known to be installed: all but what only has to be new enough if it is there.
        {
            "", "",
            "ecryptfs-utils.x86_64 device-mapper.x86_64 device-mapper-event.x86_64 lvm2.x86_64 kernel.x86_64"
        },
        // Versions that are high enough need nothing, also with an epoch.
        { "kernel-2.6.18-128.el5.x86_64 lvm2-2.02.46-8.el5.x86_64", "", "" },
        { "kernel-2.6.18-194.el5.x86_64 lvm2-1:1.0-1.x86_64 selinux-policy-targeted-2.4.6-300.el5.noarch", "", "" },
        // The kernel is too old, or one for another processor.
        { "kernel-2.6.18-92.el5.x86_64 lvm2-2.02.46-8.el5.x86_64", "", "ecryptfs-utils.x86_64 kernel.x86_64" },
        { "kernel-2.6.18-194.el5.i686 lvm2-2.02.46-8.el5.x86_64", "", "ecryptfs-utils.x86_64 kernel.x86_64" },
        // What is installed but too old is upgraded, with what it depends on.
        {
            "kernel-2.6.18-128.el5.x86_64 lvm2-2.02.40-6.el5.x86_64 selinux-policy-targeted-2.4.6-104.el5.noarch", "",
            "selinux-policy.noarch selinux-policy-targeted.noarch"
        },
        // A dependency that is new enough is left, and so is what it depends on.
        {
            "kernel-2.6.18-128.el5.x86_64 lvm2-2.02.32-4.el5.x86_64 device-mapper-1.02.28-2.el5.x86_64 device-mapper-event-1.02.24-1.el5.x86_64", "",
            "device-mapper-event.x86_64 lvm2.x86_64"
        },
        // The copy for 32 bits is kept level, where there is one.
        {
            "kernel-2.6.18-128.el5.x86_64 lvm2-2.02.32-4.el5.x86_64 device-mapper-1.02.24-1.el5.i386", "",
            "device-mapper.x86_64 device-mapper.i386 device-mapper-event.x86_64 lvm2.x86_64"
        },
        // A package of which only one file is there for both processors is not installed twice.
        {
            "kernel-2.6.18-128.el5.x86_64 lvm2-2.02.40-6.el5.x86_64 selinux-policy-targeted-2.4.6-104.el5.i386", "",
            "selinux-policy.noarch selinux-policy-targeted.noarch"
        },
        // A file that is not there is missed although the package is new enough, with what depends on it.
        {
            "kernel-2.6.18-128.el5.x86_64 lvm2-2.02.32-4.el5.x86_64 device-mapper-1.02.28-2.el5.x86_64 device-mapper-event-1.02.28-2.el5.x86_64",
            "device-mapper-1.02.28-2.el5.x86_64.rpm",
            "device-mapper.x86_64 lvm2.x86_64"
        },
    };

    [Theory]
    [MemberData(nameof(Needs))]
    public void What_is_needed_is_found_by_what_is_installed(string installed, string missing, string expected)
    {
        var files = Directory.CreateDirectory(Path.Combine(_folder.Path, "rhel", "5")).FullName;
        foreach (var name in ConfigFolder.Database.Split("rhel/5/").Skip(1).Select(rest => rest.Split('<')[0]).Where(name => name != missing))
        {
            File.WriteAllText(Path.Combine(files, name), "");
        }

        var guest = Rhel5 with { Packages = [.. installed.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Package)] };
        var resolved = _folder.Load(ConfigFolder.Database).Software.Resolve(guest, "virtio", _folder.Path);

        Assert.Equal(expected, string.Join(' ', resolved.Packages.Select(p => $"{p.Name}.{p.Path.Split('.')[^2]}")));
        Assert.Equal(missing is "" ? [] : [$"rhel/5/{missing}"], resolved.Missing.Select(p => p.Path));
        Assert.Equal(resolved.Packages.Where(p => p.Name == "kernel"), resolved.Packages.Where(p => p.IsKernel));
        Assert.Equal(missing is "", resolved.FindRefusal() is null);
    }

    [Fact]
    public void The_kernel_that_is_meant_is_the_guests_own()
    {
        var guest = Rhel5 with { Architecture = "i386", KernelPackage = "kernel-PAE", Packages = [new("lvm2", "2.02.40-6.el5", "i386"), new("kernel", "2.6.18-194.el5", "i686")] };
        var resolved = _folder.Load(ConfigFolder.Database).Software.Resolve(guest, "virtio", _folder.Path);
        Assert.Equal(["rhel/5/ecryptfs-utils-56-8.el5.i386.rpm", "rhel/5/kernel-PAE-2.6.18-128.el5.i686.rpm"], resolved.Packages.Select(p => p.Path));
    }

    [Fact]
    public void A_capability_without_dependencies_needs_nothing()
    {
        var software = _folder.Load(ConfigFolder.Administrators, ConfigFolder.Database).Software;
        Assert.Empty(software.Resolve(Rhel6, "virtio").Packages);
        Assert.Empty(software.Resolve(Rhel5, "user-custom").Packages);
        // The administrator's is more particular, and in the first file.
        Assert.Contains("name='house-agent'", Assert.Throws<ProfileException>(() => software.Resolve(Rhel6, "user-custom")).Message, StringComparison.Ordinal);
        Assert.Empty(software.Resolve(Rhel6 with { Packages = [new("house-agent", "1:2.0-3", "noarch")] }, "user-custom").Packages);
    }

    public static TheoryData<string, string> Malformed => new()
    {
        { "<capability os='linux' name='virtio'><dep minversion='1'/></capability>", "Capability in config contains a dependency with no name attribute: <capability" },
        { "<capability os='linux' name='virtio'><dep name='a'/></capability><app os='linux' name='a'/>", "app entry in config doesn't contain a path: <app os=\"linux\" name=\"a\" />" },
        { Dependency("1:2:3"), "Unrecognised format for minversion in config: 1:2:3. minversion must be in the format [epoch:]version[-release]." },
        { Dependency("1-2-3"), "Unrecognised format for minversion" },
        { Dependency("x:1"), "Unrecognised format for minversion" },
        { "<capability os='linux' name='virtio'><dep name='a'/></capability><app os='linux' name='a'><path>../../etc/shadow</path></app>", "leads out of" },
        {
            "<capability os='linux' name='virtio'><dep name='a0'/></capability>"
            + string.Concat(Enumerable.Range(0, 100).Select(i => $"<app os='linux' name='a{i}'><path>p</path><dep>a{i + 1}</dep></app>")),
            "nested deeper than 64"
        },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public void A_malformed_entry_is_refused_when_it_is_for_the_guest(string elements, string message)
    {
        var software = _folder.LoadElements(elements).Software;
        var e = Assert.Throws<ProfileException>(() => software.Resolve(Rhel5, "virtio", _folder.Path));
        Assert.Equal(V2VError.ProfileInvalid, e.Error);
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Apps_that_depend_on_each_other_are_each_taken_once()
    {
        var software = _folder.LoadElements("""
            <capability os='linux' name='virtio'><dep name='a'/><dep name='b'/></capability>
            <app os='linux' name='a'><path>a</path><dep>b</dep></app>
            <app os='linux' name='b'><path>b</path><dep>a</dep></app>
            """).Software;
        Assert.Equal(["b", "a"], software.Resolve(Rhel5, "virtio", _folder.Path).Packages.Select(p => p.Path));
    }

    [Theory]
    [InlineData("2.6.18-128.el5", "2.6.18-92.el5", 1)]
    [InlineData("2.6.18-128.el5", "2.6.18-128.el5", 0)]
    [InlineData("1:1.0-1", "2.0-1", 1)]
    [InlineData("0:2.0-1", "2.0-1", 0)]
    [InlineData("2.0", "2.0-1", -1)]
    [InlineData("2.02.40-6.el5", "2.02.5-1", 1)]
    public void Versions_are_compared_as_rpm_does(string one, string other, int expected)
    {
        Assert.True(PackageVersion.TryParse(one, out var first) && PackageVersion.TryParse(other, out var second) && Math.Sign(first.CompareTo(second)) == expected);
    }

    private static string Dependency(string version) => $"<capability os='linux' name='virtio'><dep name='a' minversion='{version}'/></capability>";

    private static InstalledPackage Package(string text)
    {
        var dot = text.LastIndexOf('.');
        var release = text.LastIndexOf('-', dot);
        var version = text.LastIndexOf('-', release - 1);
        return new InstalledPackage(text[..version], text[(version + 1)..dot], text[(dot + 1)..]);
    }

    private static void AssertMissing(ResolvedSoftware resolved, params string[] paths)
    {
        var refusal = resolved.FindRefusal();
        Assert.Equal(V2VError.SoftwareMissing, refusal!.Error);
        Assert.Equal(
            "Installation failed because the following files referenced in the configuration file are required, but missing: " + string.Join(' ', paths),
            refusal.Message);
        Assert.NotNull(refusal.Advice);
    }
}
