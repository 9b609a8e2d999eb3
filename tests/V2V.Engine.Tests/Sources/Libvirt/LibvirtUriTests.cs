using V2V.Engine.Disks.Transports;
using V2V.Engine.Sources.Libvirt;
using Xunit;

namespace V2V.Engine.Tests.Sources.Libvirt;

public sealed class LibvirtUriTests
{
    [Theory]
    [InlineData("qemu:///system", true)]
    [InlineData("qemu+unix:///system?socket=/run/x", true)]
    [InlineData("test:///default", true)]
    [InlineData("xen:///", true)]
    [InlineData("qemu+ssh://root@localhost/system", false)]
    [InlineData("qemu+tls://kvm1/system", false)]
    [InlineData("qemu://kvm1/system", false)]
    [InlineData("esx://root@esx1/?no_verify=1", false)]
    public void Paths_of_guests_are_those_of_this_host_only_for_local_connections(string uri, bool isLocal) =>
        Assert.Equal(isLocal, LibvirtUri.Parse(uri).IsLocal);

    [Theory]
    [InlineData("")]
    [InlineData("kvm1")]
    [InlineData("/run/libvirt")]
    [InlineData("qemu")]
    public void What_is_no_URI_is_refused(string text) =>
        Assert.ThrowsAny<Exception>(() => LibvirtUri.Parse(text));

    [Theory]
    [InlineData("qemu+ssh://root@kvm1/system", "qemu+ssh://root@kvm1/system?no_tty=1&keyfile=%2Fkeys%2Fa%20key")]
    [InlineData("qemu+ssh://root@kvm1/system?no_tty=0&keyfile=/x", "qemu+ssh://root@kvm1/system?no_tty=0&keyfile=/x")]
    [InlineData("qemu+libssh2://kvm1/system?x=y", "qemu+libssh2://kvm1/system?x=y&keyfile=%2Fkeys%2Fa%20key&known_hosts=%2Fkeys%2Fknown")]
    [InlineData("esx://esx1/", "esx://esx1/?no_verify=1")]
    [InlineData("vpx://vc/DC/esx1?no_verify=0", "vpx://vc/DC/esx1?no_verify=0")]
    [InlineData("qemu:///system", "qemu:///system")]
    public void libvirt_is_told_what_the_user_said_and_asks_nothing_on_the_console(string uri, string opened) => Assert.Equal(
        opened,
        LibvirtUri.Parse(uri).ForOpening(new RemoteAccess { KeyFile = "/keys/a key", KnownHostsFile = "/keys/known", SkipCertificateCheck = true }));

    [Theory]
    [InlineData("qemu+ssh://root@kvm1:2222/system", "/srv/my disks/100%.img", "ssh://root@kvm1:2222/srv/my%20disks/100%25.img")]
    [InlineData("xen+ssh://xen1", "/dev/vg/web", "ssh://xen1/dev/vg/web")]
    [InlineData("xen+ssh://xen1", "web.img", null)]
    public void Files_of_a_host_behind_SSH_have_URIs(string uri, string path, string? expected) =>
        Assert.Equal(expected, LibvirtUri.Parse(uri).OverSsh(path));
}
