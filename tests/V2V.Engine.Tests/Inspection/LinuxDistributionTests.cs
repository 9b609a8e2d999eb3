using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;
using V2V.Engine.Tests.FileSystems;
using Xunit;

namespace V2V.Engine.Tests.Inspection;

/// <summary>The texts are those that the distributions ship.</summary>
public sealed class LinuxDistributionTests
{
    [Theory]
    [InlineData("Red Hat Enterprise Linux Server release 5.11 (Tikanga)", "rhel", "5.11", "http://redhat.com/rhel/5.11")]
    [InlineData("Red Hat Enterprise Linux Workstation release 6.10 (Santiago)", "rhel", "6.10", "http://redhat.com/rhel/6.10")]
    [InlineData("Red Hat Enterprise Linux AS release 4 (Nahant Update 9)", "rhel", "4", "http://redhat.com/rhel/4.0")]
    [InlineData("CentOS release 5.11 (Final)", "centos", "5.11", "http://centos.org/centos/5.11")]
    [InlineData("CentOS release 6.10 (Final)", "centos", "6.10", "http://centos.org/centos/6.10")]
    [InlineData("Scientific Linux SL release 5.11 (Boron)", "scientific", "5.11", "http://scientificlinux.org/scientificlinux/5.11")]
    [InlineData("Scientific Linux release 6.10 (Carbon)", "scientific", "6.10", "http://scientificlinux.org/scientificlinux/6.10")]
    [InlineData("Fedora release 14 (Laughlin)", "fedora", "14", "http://fedoraproject.org/fedora/14")]
    [InlineData("Fedora Core release 6 (Zod)", "fedora", "6", "http://fedoraproject.org/fedora/6")]
    [InlineData("CloudLinux Server release 6.10 (Nikolay Rukavishnikov)", "cloudlinux", "6.10", null)]
    public void Systems_before_os_release_are_told_by_redhat_release(string line, string distribution, string version, string? libosinfo)
    {
        var system = Identify(new MemoryFileSystem().With("/etc/redhat-release", line + "\n"));

        Assert.Equal((distribution, version, line, libosinfo), (system.Distribution, system.Version, system.ProductName, system.LibosinfoId));
        Assert.Equal(LinuxFamily.RedHat, LinuxFamilies.Of(system));
        KnownToLibosinfo(libosinfo);
    }

    [Theory]
    [InlineData("/etc/oracle-release", "Oracle Linux Server release 6.10", "6.10", "http://oracle.com/ol/6.10")]
    [InlineData("/etc/enterprise-release", "Enterprise Linux Enterprise Linux Server release 5.4 (Carthage)", "5.4", "http://oracle.com/oel/5.4")]
    public void Oracles_own_file_comes_before_the_one_that_says_red_hat(string path, string line, string version, string libosinfo)
    {
        var system = Identify(new MemoryFileSystem().With(path, line + "\n").With("/etc/redhat-release", "Red Hat Enterprise Linux Server release 6.10 (Santiago)\n"));

        Assert.Equal(("ol", version, libosinfo), (system.Distribution, system.Version, system.LibosinfoId));
        KnownToLibosinfo(libosinfo);
    }

    [Theory]
    [InlineData("SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n", "sles", "SUSE Linux Enterprise Server 11 SP4", "11.4", "http://suse.com/sles/11.4")]
    [InlineData("SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 0\n", "sles", "SUSE Linux Enterprise Server 11", "11", "http://suse.com/sles/11")]
    [InlineData("SUSE Linux Enterprise Desktop 11 (i586)\nVERSION = 11\nPATCHLEVEL = 2\n", "sled", "SUSE Linux Enterprise Desktop 11 SP2", "11.2", "http://suse.com/sled/11.2")]
    [InlineData("openSUSE 11.4 (x86_64)\nVERSION = 11.4\nCODENAME = Celadon\n", "opensuse", "openSUSE 11.4", "11.4", "http://opensuse.org/opensuse/11.4")]
    public void Systems_before_os_release_are_told_by_SuSE_release(string text, string distribution, string product, string version, string libosinfo)
    {
        var system = Identify(new MemoryFileSystem().With("/etc/SuSE-release", text));

        Assert.Equal((distribution, product, version, libosinfo), (system.Distribution, system.ProductName, system.Version, system.LibosinfoId));
        Assert.Equal(LinuxFamily.Suse, LinuxFamilies.Of(system));
        KnownToLibosinfo(libosinfo);
    }

    [Theory]
    [InlineData("rhel", "fedora", "7.9", "", LinuxFamily.RedHat, "7.9", "http://redhat.com/rhel/7.9")]
    [InlineData("rhel", "fedora", "9.0", "Red Hat Enterprise Linux release 9.0 (Plow)", LinuxFamily.RedHat, "9.0", "http://redhat.com/rhel/9.0")]
    [InlineData("centos", "rhel fedora", "7", "CentOS Linux release 7.9.2009 (Core)", LinuxFamily.RedHat, "7.9.2009", "http://centos.org/centos/7.0")]
    [InlineData("centos", "rhel fedora", "8", "CentOS Linux release 8.5.2111", LinuxFamily.RedHat, "8.5.2111", "http://centos.org/centos/8")]
    [InlineData("rocky", "rhel centos fedora", "9.3", "Rocky Linux release 9.3 (Blue Onyx)", LinuxFamily.RedHat, "9.3", "http://rockylinux.org/rocky/9")]
    [InlineData("almalinux", "rhel centos fedora", "8.9", "AlmaLinux release 8.9 (Midnight Oncilla)", LinuxFamily.RedHat, "8.9", "http://almalinux.org/almalinux/8")]
    [InlineData("ol", "fedora", "8.5", "Red Hat Enterprise Linux release 8.5 (Ootpa)", LinuxFamily.RedHat, "8.5", "http://oracle.com/ol/8.5")]
    [InlineData("scientific", "rhel centos fedora", "7.6", "Scientific Linux release 7.6 (Nitrogen)", LinuxFamily.RedHat, "7.6", "http://scientificlinux.org/scientificlinux/7.6")]
    [InlineData("fedora", "", "37", "Fedora release 37 (Thirty Seven)", LinuxFamily.RedHat, "37", "http://fedoraproject.org/fedora/37")]
    [InlineData("amzn", "centos rhel fedora", "2", "Amazon Linux release 2 (Karoo)", LinuxFamily.RedHat, "2", null)]
    [InlineData("amzn", "fedora", "2023", "Amazon Linux release 2023.3.20240108 (Amazon Linux)", LinuxFamily.RedHat, "2023.3.20240108", null)]
    [InlineData("sles", "suse", "12.5", "", LinuxFamily.Suse, "12.5", "http://suse.com/sles/12.5")]
    [InlineData("sles", "suse", "15.4", "", LinuxFamily.Suse, "15.4", "http://suse.com/sle/15.4")]
    [InlineData("sled", "suse", "15", "", LinuxFamily.Suse, "15", "http://suse.com/sle/15")]
    [InlineData("opensuse", "suse", "42.3", "", LinuxFamily.Suse, "42.3", "http://opensuse.org/opensuse/42.3")]
    [InlineData("opensuse-leap", "suse opensuse", "15.4", "", LinuxFamily.Suse, "15.4", "http://opensuse.org/opensuse/15.4")]
    [InlineData("opensuse-tumbleweed", "opensuse suse", "20240105", "", LinuxFamily.Suse, "20240105", "http://opensuse.org/opensuse/tumbleweed")]
    [InlineData("arch", "", "", "", LinuxFamily.Arch, "", "http://archlinux.org/archlinux/rolling")]
    [InlineData("alpine", "", "3.17.3", "", LinuxFamily.Alpine, "3.17.3", "http://alpinelinux.org/alpinelinux/3.17")]
    [InlineData("debian", "", "11", "", LinuxFamily.Debian, "11", "http://debian.org/debian/11")]
    [InlineData("ubuntu", "debian", "20.04", "", LinuxFamily.Debian, "20.04", "http://ubuntu.com/ubuntu/20.04")]
    [InlineData("linuxmint", "ubuntu debian", "21.2", "", LinuxFamily.Debian, "21.2", null)]
    [InlineData("manjaro", "arch", "", "", LinuxFamily.Arch, "", null)]
    [InlineData("void", "", "", "", LinuxFamily.Other, "", null)]
    public void Systems_with_os_release_are_told_by_it_and_their_minor_version_by_the_release_file(
        string id, string like, string versionId, string release, object family, string version, string? libosinfo)
    {
        var tree = new MemoryFileSystem().With("/usr/lib/os-release", $"NAME=x\nID=\"{id}\"\nID_LIKE=\"{like}\"\nVERSION_ID=\"{versionId}\"\nPRETTY_NAME=\"The {id}\"\n")
            .WithLink("/etc/os-release", "../usr/lib/os-release");
        if (release.Length > 0)
        {
            tree.With("/etc/system-release", release + "\n");
        }

        var system = Identify(tree);

        Assert.Equal((id, version, libosinfo, $"The {id}"), (system.Distribution, system.Version, system.LibosinfoId, system.ProductName));
        Assert.Equal(family, LinuxFamilies.Of(system));
        KnownToLibosinfo(libosinfo);
    }

    [Fact]
    public void CentOS_Stream_is_another_system_than_CentOS_Linux()
    {
        var system = Identify(new MemoryFileSystem()
            .With("/etc/os-release", "NAME=\"CentOS Stream\"\nVERSION=\"9\"\nID=\"centos\"\nID_LIKE=\"rhel fedora\"\nVERSION_ID=\"9\"\nPRETTY_NAME=\"CentOS Stream 9\"\n")
            .With("/etc/centos-release", "CentOS Stream release 9\n"));

        Assert.Equal(("9", "http://centos.org/centos-stream/9"), (system.Version, system.LibosinfoId));
        KnownToLibosinfo(system.LibosinfoId);
    }

    [Theory]
    [InlineData("/etc/hostname", "web01\n", "web01")]
    [InlineData("/etc/hostname", "# set by the installer\n\nweb01\n", "web01")]
    [InlineData("/etc/HOSTNAME", "web01.example.com\n", "web01.example.com")]
    [InlineData("/etc/sysconfig/network", "NETWORKING=yes\nHOSTNAME=\"web01.example.com\"\n", "web01.example.com")]
    public void The_host_name_is_where_the_distribution_keeps_it(string path, string content, string name) =>
        Assert.Equal(name, Identify(new MemoryFileSystem().With(path, content)).HostName);

    private static OperatingSystemInfo Identify(MemoryFileSystem tree) =>
        LinuxDistribution.Identify(new GuestRoot([new GuestMount("/", tree, MemoryVolume.Partition(0, 1))]));

    /// <summary>The database that the machine has may be older than a system, so only systems of before 2023 are asked for.</summary>
    private static void KnownToLibosinfo(string? id)
    {
        const string database = "/usr/share/osinfo/os";
        if (id is null || !Directory.Exists(database))
        {
            return;
        }

        Assert.Contains(Libosinfo.Value, line => line.Contains($"id=\"{id}\"", StringComparison.Ordinal));
    }

    private static readonly Lazy<string[]> Libosinfo = new(() =>
        [.. Directory.EnumerateFiles("/usr/share/osinfo/os", "*.xml", SearchOption.AllDirectories)
            .SelectMany(File.ReadLines).Where(l => l.Contains("<os id=", StringComparison.Ordinal))]);
}
