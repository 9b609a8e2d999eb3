using System.Text;
using V2V.Engine.Conversion;
using V2V.Engine.FileSystems;
using V2V.Engine.Tests.FileSystems;
using Xunit;

namespace V2V.Engine.Tests.Conversion;

/// <summary>Labels of a policy like those of Enterprise Linux; libselinux's own matchpathcon is asked for the same paths.</summary>
public sealed class SELinuxFileContextsTests : IDisposable
{
    private const string Contexts = """
        /.*	system_u:object_r:default_t:s0
        /[^/]+	--	system_u:object_r:etc_runtime_t:s0
        /a?quota\.(user|group)	--	system_u:object_r:quota_db_t:s0
        /usr/.*	system_u:object_r:usr_t:s0
        /etc/.*	system_u:object_r:etc_t:s0
        /usr/(.*/)?sbin(/.*)?	system_u:object_r:bin_t:s0
        /usr/lib/systemd/system(/.*)?	system_u:object_r:systemd_unit_file_t:s0
        /etc/udev/rules\.d(/.*)?	system_u:object_r:udev_rules_t:s0
        /etc/sysconfig/network-scripts/ifcfg-.*	system_u:object_r:net_conf_t:s0
        /etc/(rc\.d/)?init\.d/.*	--	system_u:object_r:initrc_exec_t:s0
        /etc/rc\.d(/.*)?	-l	system_u:object_r:link_t:s0
        /etc/fstab\.d?	system_u:object_r:odd_t:s0
        /boot(/.*)?	system_u:object_r:boot_t:s0
        /proc/.*	<<none>>
        /etc/fstab	--	system_u:object_r:fstab_t:s0
        /\.autorelabel	--	system_u:object_r:etc_runtime_t:s0
        /etc/dracut\.conf	--	system_u:object_r:dracut_t:s0
        /usr	-d	system_u:object_r:usr_t:s0

        """;

    private readonly MemoryFileSystem _files = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("v2v-selinux-").FullName;

    public void Dispose()
    {
        _files.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("/etc/systemd/system/v2v-firstboot.service", GuestFileType.Regular, "file")]
    [InlineData("/etc/systemd/system/multi-user.target.wants/v2v-firstboot.service", GuestFileType.SymbolicLink, "lnk_file")]
    [InlineData("/usr/local/sbin/v2v-firstboot", GuestFileType.Regular, "file")]
    [InlineData("/usr/local/sbin", GuestFileType.Directory, "dir")]
    [InlineData("/etc/udev/rules.d/70-v2v-persistent-net.rules", GuestFileType.Regular, "file")]
    [InlineData("/etc/dracut.conf.d/50-v2v-virtio.conf", GuestFileType.Regular, "file")]
    [InlineData("/etc/dracut.conf", GuestFileType.Regular, "file")]
    [InlineData("/etc/dracut.conf", GuestFileType.Directory, "dir")]
    [InlineData("/etc/rc.d/init.d/v2v-firstboot", GuestFileType.Regular, "file")]
    [InlineData("/etc/rc.d/rc3.d/S99v2v-firstboot", GuestFileType.SymbolicLink, "lnk_file")]
    [InlineData("/etc/fstab", GuestFileType.Regular, "file")]
    [InlineData("/etc/fstab.", GuestFileType.Regular, "file")]
    [InlineData("/.autorelabel", GuestFileType.Regular, "file")]
    [InlineData("/quota.user", GuestFileType.Regular, "file")]
    [InlineData("/boot", GuestFileType.Directory, "dir")]
    [InlineData("/boot/initramfs-5.14.0.img", GuestFileType.Regular, "file")]
    [InlineData("/proc/x", GuestFileType.Regular, "file")]
    [InlineData("/nowhere", GuestFileType.Directory, "dir")]
    public void Labels_are_those_of_matchpathcon(string path, GuestFileType type, string mode)
    {
        ExternalTool.Need("matchpathcon");
        File.WriteAllText($"{_folder}/file_contexts", Contexts);
        File.WriteAllText($"{_folder}/file_contexts.subs_dist", "/etc/systemd/system /usr/lib/systemd/system\n");
        var theirs = ExternalTool.Run("matchpathcon", "-n", "-m", mode, "-f", $"{_folder}/file_contexts", path).Output.Trim();

        var ours = Policy().Label(path, type);

        Assert.Equal(theirs == "<<none>>" ? null : theirs + "\0", ours is null ? null : Encoding.UTF8.GetString(ours));
    }

    [Theory]
    [InlineData("SELINUX=disabled\nSELINUXTYPE=targeted\n")]
    [InlineData("SELINUX=enforcing\nSELINUXTYPE=../../x\n")]
    [InlineData("")]
    public void Without_a_policy_there_are_no_labels(string configuration)
    {
        _files.With("/etc/selinux/config", configuration);
        Assert.Null(SELinuxFileContexts.Of(Root()));
    }

    [Fact]
    public void Hostile_patterns_end_soon_and_match_nothing()
    {
        _files.With("/etc/selinux/config", "SELINUX=enforcing\nSELINUXTYPE=targeted\n")
            .With("/etc/selinux/targeted/contexts/files/file_contexts", "/((((((((((a*)*)*)*)*)*)*)*)*)*b x\n/etc/(?=x) y\n/etc/[ z\n/etc/x{99999} w\n");
        Assert.Null(SELinuxFileContexts.Of(Root())!.Label("/etc/" + new string('a', 4000), GuestFileType.Regular));
    }

    [Fact]
    public void What_is_created_takes_the_policys_label_and_elsewhere_the_directorys()
    {
        Policy();
        _files.WithDirectory("/etc/udev/rules.d").WithDirectory("/unlabelled").WithDirectory("/proc");
        _files.SetExtendedAttribute("/etc/udev/rules.d", "security.selinux", "parent\0"u8.ToArray());
        _files.SetExtendedAttribute("/proc", "security.selinux", "parent\0"u8.ToArray());
        var editor = new GuestEditor(Root(), []);

        editor.WriteAllText("/etc/udev/rules.d/70-x.rules", "x", "w", "w");
        editor.WriteAllText("/proc/x", "x", "w", "w");
        editor.WriteAllText("/unlabelled/x", "x", "w", "w");

        Assert.Equal("system_u:object_r:udev_rules_t:s0\0", Encoding.UTF8.GetString(_files.ExtendedAttributes("/etc/udev/rules.d/70-x.rules")["security.selinux"]));
        Assert.Equal("parent\0", Encoding.UTF8.GetString(_files.ExtendedAttributes("/proc/x")["security.selinux"]));
        Assert.Empty(_files.ExtendedAttributes("/unlabelled/x"));
    }

    private SELinuxFileContexts Policy()
    {
        _files.With("/etc/selinux/config", "# This file\nSELINUX=enforcing\nSELINUXTYPE=targeted\n")
            .With("/etc/selinux/targeted/contexts/files/file_contexts", Contexts)
            .With("/etc/selinux/targeted/contexts/files/file_contexts.subs_dist", "/etc/systemd/system /usr/lib/systemd/system\n");
        return SELinuxFileContexts.Of(Root())!;
    }

    private GuestRoot Root() => new([new GuestMount("/", _files, MemoryVolume.Partition(0, 1))]);
}
