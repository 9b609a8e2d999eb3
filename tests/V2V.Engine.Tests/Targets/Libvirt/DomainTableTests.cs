using System.Runtime.CompilerServices;
using System.Xml.Linq;
using V2V.Engine.Native.Libvirt;
using V2V.Engine.Sources;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Libvirt;
using Xunit;

namespace V2V.Engine.Tests.Targets.Libvirt;

/// <summary>
/// The domains of <see cref="DomainTable"/>: as they are expected (V2V_UPDATE_EXPECTED=1 writes what is), valid for libvirt's schema, and accepted by
/// the libvirt of this machine.
/// </summary>
public sealed class DomainTableTests
{
    private const string Uri = "qemu:///system";

    public static TheoryData<string> Rows => [.. DomainTable.Names];

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_domain_is_as_expected(string row)
    {
        var file = ExpectedFile(row);
        var xml = Build(row, DomainTable.Row(row).Host).ToString() + "\n";
        if (Environment.GetEnvironmentVariable("V2V_UPDATE_EXPECTED") == "1")
        {
            File.WriteAllText(file, xml);
        }

        Assert.True(File.Exists(file), $"There is no {file}: V2V_UPDATE_EXPECTED=1 makes it.");
        Assert.Equal(File.ReadAllText(file), xml);
    }

    [Fact]
    public void Every_expected_file_is_somebodys() =>
        Assert.Equal(
            DomainTable.Names.Select(name => ExpectedFile(name)).Order(StringComparer.Ordinal),
            Directory.GetFiles(Path.GetDirectoryName(ExpectedFile("x"))!).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Rows))]
    public void An_expected_file_is_valid(string row) => ExternalTool.Check("virt-xml-validate", ExpectedFile(row), "domain");

    /// <summary>With what this host has: its machines, firmware and TPM.</summary>
    [Theory]
    [MemberData(nameof(Rows))]
    public void This_machines_libvirt_accepts_a_domain(string row)
    {
        using var connect = Connect();
        var name = $"v2v-table-{row}-{Guid.NewGuid():N}";
        var domain = DomainTable.Row(row).Domain;
        var host = new LibvirtHost(connect, Uri).Capabilities("qemu", DomainXml.Architecture(domain), domain.Hardware.Machine);
        Assert.SkipWhen(domain.Hardware.Firmware == Firmware.Uefi && host.HasUefi != true, "needs UEFI firmware for QEMU (package ovmf)");
        Assert.SkipWhen(domain.Source.HasTpm && host.TpmModels is [], "needs an emulated TPM (packages swtpm, swtpm-tools)");
        var xml = Build(row, host);
        xml.Root!.Element("name")!.Value = name;

        using var defined = VirDomainDefineXMLFlags.Call(connect, name, xml.ToString());
        try
        {
            var known = XElement.Parse(VirDomainGetXMLDesc.Call(defined, name));
            // libvirt adds what the machine has anyway, such as controllers; it drops and changes nothing.
            Assert.Equal(Devices(xml.Root, "disk"), Devices(known, "disk"));
            Assert.Equal(Devices(xml.Root, "tpm"), Devices(known, "tpm"));
            var scsi = known.Descendants("controller").Where(c => (string?)c.Attribute("type") == "scsi").Select(c => (string?)c.Attribute("model"));
            Assert.Equal(xml.Descendants("controller").Where(c => (string?)c.Attribute("type") == "scsi").Select(c => (string?)c.Attribute("model")), scsi);
        }
        finally
        {
            VirDomainUndefineFlags.Call(defined, name);
        }
    }

    private static string[] Devices(XElement domain, string kind) =>
        [.. domain.Descendants(kind).Select(d => $"{d.Attribute("device")?.Value} {d.Attribute("model")?.Value} {d.Element("target")?.Attribute("dev")?.Value}")];

    private static ConnectHandle Connect()
    {
        try
        {
            return LibvirtHost.Connect(Uri);
        }
        catch (LibvirtException e)
        {
            Assert.Skip($"needs a running libvirtd with QEMU at {Uri}: {e.Message}");
            throw;
        }
    }

    /// <summary>Without the comment, which tells V2V's version.</summary>
    private static XDocument Build(string row, HostCapabilities host)
    {
        var xml = DomainXml.Build(TargetHost.Fit(DomainTable.Row(row).Domain, host, []));
        xml.DescendantNodes().OfType<XComment>().Remove();
        return xml;
    }

    private static string ExpectedFile(string row, [CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "Domains", row + ".xml");
}
