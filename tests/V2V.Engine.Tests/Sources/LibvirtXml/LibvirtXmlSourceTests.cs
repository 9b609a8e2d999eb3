using V2V.Engine.Sources;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Sources.LibvirtXml;

public sealed class LibvirtXmlSourceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("", "524288", 512)]
    [InlineData(" unit='b'", "1073741824", 1024)]
    [InlineData(" unit='bytes'", "1073741825", 1025)]
    [InlineData(" unit='KB'", "1048576", 1000)]
    [InlineData(" unit='k'", "1048576", 1024)]
    [InlineData(" unit='KiB'", "1048577", 1025)]
    [InlineData(" unit='MB'", "1024", 977)]
    [InlineData(" unit='M'", "1024", 1024)]
    [InlineData(" unit='MiB'", " 1024\n", 1024)]
    [InlineData(" unit='mib'", "1024", 1024)]
    [InlineData(" unit='GB'", "4", 3815)]
    [InlineData(" unit='G'", "4", 4096)]
    [InlineData(" unit='GiB'", "4", 4096)]
    [InlineData(" unit='TB'", "1", 953675)]
    [InlineData(" unit='T'", "2", 2 << 20)]
    [InlineData(" unit='TiB'", "2", 2 << 20)]
    public void Memory_is_read_in_every_unit(string unit, string number, long expected)
    {
        var guest = Read($"<vcpu>64</vcpu><memory{unit}>{number}</memory>");
        Assert.Equal(expected, guest.MemoryMiB);
        Assert.Empty(guest.Concerns);
    }

    [Theory]
    [InlineData("<memory unit='parsecs'>4</memory>")]
    [InlineData("<memory unit='iB'>4</memory>")]
    [InlineData("<memory unit='EiB'>9223372036854775807</memory>")]
    [InlineData("<memory>99999999999999999999999999</memory>")]
    [InlineData("<memory>-5</memory>")]
    [InlineData("<memory>0</memory>")]
    [InlineData("")]
    public void Memory_that_makes_no_sense_is_replaced(string memory)
    {
        var guest = Read(memory);
        Assert.Equal(2048, guest.MemoryMiB);
        Assert.Equal("MemoryNotTold", Assert.Single(guest.Concerns).Id);
    }

    [Theory]
    [InlineData("<vcpu>4</vcpu>", 4, null)]
    [InlineData("<vcpu> 16 </vcpu>", 16, null)]
    [InlineData("", 1, null)]
    [InlineData("<vcpu>0</vcpu>", 1, "ValueReplaced")]
    [InlineData("<vcpu>99999999999</vcpu>", 1, "ValueReplaced")]
    [InlineData("<cpu><topology sockets='2' cores='3' threads='2'/></cpu>", 12, null)]
    [InlineData("<vcpu>5</vcpu><cpu><topology sockets='2' cores='3' threads='2'/></cpu>", 5, "TopologyIgnored")]
    [InlineData("<vcpu current='3'>4</vcpu>", 4, "CpusOffline")]
    public void CPUs_are_counted(string elements, int expected, string? concern)
    {
        var guest = Read("<memory>524288</memory>" + elements);
        Assert.Equal(expected, guest.CpuCount);
        Assert.Equal(concern is null ? [] : [concern], guest.Concerns.Select(c => c.Id));
    }

    [Theory]
    [InlineData("<graphics type='vnc' port='5901' autoport='no' listen='0.0.0.0' passwd='secret'/>", DisplayKind.Vnc, "0.0.0.0", 5901)]
    [InlineData("<graphics type='spice' autoport='yes' port='5900'><listen type='address' address='::1'/></graphics>", DisplayKind.Spice, "::1", null)]
    [InlineData("<graphics type='vnc' port='-1' autoport='no'/><graphics type='spice'/>", DisplayKind.Vnc, null, null)]
    [InlineData("<graphics type='sdl'/>", DisplayKind.Window, null, null)]
    [InlineData("", null, null, null)]
    public void The_first_display_is_read_without_its_password(string graphics, DisplayKind? kind, string? listen, int? port) => Assert.Equal(
        kind is { } known ? new SourceDisplay(known, listen, port) : null, Read($"<memory>524288</memory><devices>{graphics}</devices>").Display);

    [Theory]
    [InlineData("<os><type>hvm</type></os>", "Bios")]
    [InlineData("<os><type arch='aarch64'>hvm</type></os>", null)]
    [InlineData("<os firmware='efi'><type>hvm</type></os>", "Uefi")]
    [InlineData("<os firmware='bios'><type>hvm</type></os>", "Bios")]
    [InlineData("<os><type>hvm</type><loader type='pflash'>/x/CODE.fd</loader></os>", "Uefi")]
    [InlineData("<os><type>hvm</type><loader>/usr/share/ovmf/OVMF.fd</loader></os>", "Uefi")]
    [InlineData("<os><type>hvm</type><loader type='rom'>/usr/share/seabios/bios.bin</loader></os>", "Bios")]
    [InlineData("<os><type>linux</type></os>", null)]
    [InlineData("<os><type>xenpvh</type></os>", null)]
    public void Firmware_is_what_the_hypervisor_starts_the_guest_with(string os, string? expected) =>
        Assert.Equal(expected, Read("<memory>524288</memory>" + os).Firmware?.ToString());

    [Fact]
    public void The_description_of_a_container_is_refused_by_name()
    {
        var error = Refused("<domain type='lxc'><name>x</name><os><type>exe</type></os></domain>");
        Assert.Equal(V2VError.SourceUnsupported, error.Error);
        Assert.Contains("container", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<domainsnapshot><name>1</name><domain type='kvm'/></domainsnapshot>", "snapshot")]
    [InlineData("<domstatus state='running'><domain type='kvm'/></domstatus>", "running")]
    public void Other_records_of_libvirt_are_refused_by_name(string xml, string named)
    {
        var error = Refused(xml);
        Assert.Equal(V2VError.SourceUnsupported, error.Error);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.Contains("dumpxml", error.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void An_XML_with_a_root_of_the_same_name_is_not_taken_for_libvirts()
    {
        var error = Refused("<domain xmlns='urn:jboss:domain:1.4'/>");
        Assert.Contains("XML document", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<!DOCTYPE d [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><domain type='kvm'><name>&a;</name></domain>")]
    [InlineData("<!DOCTYPE d [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;'>]><domain type='kvm'><name>&b;</name></domain>")]
    [InlineData("<domain type='kvm'><name>x</name>")]
    [InlineData("<domain><name>x</name></domain>")]
    public void Hostile_XML_is_refused(string xml)
    {
        File.WriteAllText(_folder["guest.xml"], xml);
        Assert.ThrowsAny<SourceException>(() => SampleData.Open(_folder["guest.xml"]));
    }

    [Fact]
    public void Deep_nesting_is_refused()
    {
        var depth = 100_000;
        var error = Refused($"<domain type='kvm'>{string.Concat(Enumerable.Repeat("<a>", depth))}{string.Concat(Enumerable.Repeat("</a>", depth))}</domain>");
        Assert.Equal(V2VError.SourceInvalid, error.Error);
    }

    [Fact]
    public void A_folder_with_a_description_and_another_XML_stands_for_the_guest()
    {
        File.WriteAllText(_folder["guest.xml"], "<domain type='kvm'><name>web</name><memory>524288</memory></domain>");
        File.WriteAllText(_folder["pool.xml"], "<pool type='dir'/>");
        Assert.Equal("web", Assert.Single(SampleData.Open(_folder.Path)).Name);
    }

    private SourceGuest Read(string elements)
    {
        File.WriteAllText(_folder["guest.xml"], $"<domain type='kvm'><name>x</name>{elements}</domain>");
        return Assert.Single(SampleData.Open(_folder["guest.xml"]));
    }

    private SourceException Refused(string xml)
    {
        File.WriteAllText(_folder["guest.xml"], xml);
        return Assert.Throws<SourceException>(() => SampleData.Open(_folder["guest.xml"]));
    }
}
