using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;
using V2V.Engine.Inspection.Packages;
using V2V.Engine.Tests.FileSystems;
using Xunit;

namespace V2V.Engine.Tests.Inspection.Packages;

public sealed class PackageDatabasesTests
{
    private readonly List<Concern> _concerns = [];

    [Fact]
    public void Alpine_lists_its_packages_by_letters()
    {
        var (format, packages) = Read(new MemoryFileSystem().With(
            "/lib/apk/db/installed",
            "C:Q1abc=\nP:musl\nV:1.2.4-r2\nA:x86_64\nT:the musl c library\nF:lib\nR:ld-musl-x86_64.so.1\nZ:Q1def=\n\nP:openrc\nV:0.48-r0\nA:x86_64\nF:sbin\n"));

        Assert.Equal("apk", format);
        Assert.Equal([new InstalledPackage("musl", "1.2.4-r2", "x86_64"), new InstalledPackage("openrc", "0.48-r0", "x86_64")], packages);
    }

    [Fact]
    public void Arch_has_a_directory_for_each_package()
    {
        var (format, packages) = Read(new MemoryFileSystem()
            .With("/var/lib/pacman/local/ALPM_DB_VERSION", "9\n")
            .With("/var/lib/pacman/local/linux-6.7.1.arch1-1/desc", "%NAME%\nlinux\n\n%VERSION%\n6.7.1.arch1-1\n\n%DESC%\nThe Linux kernel\n\n%ARCH%\nx86_64\n")
            .With("/var/lib/pacman/local/half-removed-1-1/files", "%FILES%\n"));

        Assert.Equal("pacman", format);
        Assert.Equal([new InstalledPackage("linux", "6.7.1.arch1-1", "x86_64")], packages);
    }

    [Fact]
    public void A_guest_with_the_tools_of_another_family_keeps_its_own_format()
    {
        var tree = new MemoryFileSystem()
            .With("/var/lib/dpkg/status", "")
            .With("/lib/apk/db/installed", "P:a\nV:1\nA:x\n\nP:b\nV:1\nA:x\n");

        Assert.Equal("apk", Read(tree).Format);
    }

    [Fact]
    [Shows("PackagesUnknown")]
    public void A_database_that_cannot_be_read_is_a_warning()
    {
        var (format, packages) = Read(new MemoryFileSystem().With("/usr/lib/sysimage/rpm/Packages.db", "RpmP but not much more"));

        Assert.Equal(("rpm", 0), (format, packages.Count));
        var concern = Assert.Single(_concerns);
        Assert.Equal((ConcernSeverity.Warning, "PackagesUnknown"), (concern.Severity, concern.Id));
        Assert.Contains("/usr/lib/sysimage/rpm/Packages.db", concern.Message);
    }

    [Fact]
    public void What_was_read_before_the_damage_is_kept()
    {
        var tree = new MemoryFileSystem()
            .With("/var/lib/pacman/local/a-1-1/desc", "%NAME%\na\n%VERSION%\n1-1\n")
            .With("/var/lib/pacman/local/b-1-1/desc", new byte[2 << 20]);

        var (_, packages) = Read(tree);

        Assert.Equal("a", Assert.Single(packages).Name);
        Assert.Contains("beyond its first 1 packages", Assert.Single(_concerns).Message);
    }

    [Fact]
    public void A_guest_without_a_database_has_no_format() => Assert.Null(Read(new MemoryFileSystem()).Format);

    private (string? Format, IReadOnlyList<InstalledPackage> Packages) Read(MemoryFileSystem tree) =>
        PackageDatabases.Read(new GuestRoot([new GuestMount("/", tree, MemoryVolume.Partition(0, 1))]), _concerns);
}
