using V2V.Engine.Conversion;
using V2V.Engine.Sources;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Libvirt;
using V2V.Engine.Tests.Targets.Libvirt;
using Xunit;

namespace V2V.Engine.Tests.Targets;

/// <summary>Every concern about the host appears where it has a reason, and nothing is said of a host that has everything.</summary>
public sealed class TargetHostTests
{
    [Theory]
    [InlineData("debian-12-bios")]
    [InlineData("rhel-4-pc-ide")]
    [InlineData("windows-xp-pc")]
    [InlineData("as-is-lsisas")]
    [Lacks("ArchitectureMissing", "DomainTypeMissing", "MachineMissing", "UefiMissing", "TooManyCpus", "SecureBootMissing", "TpmMissing", "VsockMissing", "FloppyMissing", "NoKvm", "HostUnknown", "TooManyDisks", "UefiVariablesNew")]
    public void Nothing_is_said_of_a_host_that_has_everything(string row) => Assert.Empty(Fit(row, DomainTable.Today).Concerns);

    [Fact]
    [Shows("ArchitectureMissing", "DomainTypeMissing", "MachineMissing", "UefiMissing", "TooManyCpus")]
    public void What_a_guest_cannot_do_without_stands_against_the_conversion()
    {
        void Critical(string id, string row, HostCapabilities host, string part)
        {
            var found = Assert.Single(Fit(row, host).Concerns, c => c.Severity == ConcernSeverity.Critical);
            Assert.Equal(id, found.Id);
            Assert.Contains(part, found.Message, StringComparison.Ordinal);
            Assert.NotNull(found.Advice);
            Assert.Equal(V2VError.TargetUnsupported, ConversionException.FromCritical([found], "/g.vmx")!.Error);
        }

        var today = DomainTable.Today;
        Critical("ArchitectureMissing", "debian-12-bios", today with { DomainTypes = [], DomainType = null }, "x86_64");
        Critical("DomainTypeMissing", "debian-12-bios", today with { DomainTypes = ["qemu"], DomainType = "kvm", IsDomainTypeGiven = true }, "kvm");
        Critical("MachineMissing", "windows-xp-pc", today with { HasMachine = false }, "machine pc");
        Critical("UefiMissing", "windows-10-uefi-scsi", today with { HasUefi = false }, "UEFI");
        Critical("TooManyCpus", "debian-12-256-cpus", today with { MaximumCpus = 255 }, "256 CPUs");
    }

    [Fact]
    [Shows("TooManyDisks")]
    public void IDE_disks_without_room_are_found_before_anything_is_copied()
    {
        var domain = SampleDomain.Create(h => (h.Machine, h.DiskBus) = ("pc", DiskBus.Ide), s => s with { Disks = [.. Enumerable.Repeat(new SourceDisk { Path = "/d", Format = "raw", Capacity = 1 }, 5)] }, disks: 0);
        List<Concern> concerns = [];
        TargetHost.Fit(domain, DomainTable.Today, concerns);
        Assert.Equal("TooManyDisks", Assert.Single(concerns).Id);
    }

    [Fact]
    [Shows("SecureBootMissing", "TpmMissing", "VsockMissing", "FloppyMissing", "NoKvm")]
    public void What_a_guest_can_do_without_is_left_out_with_a_word()
    {
        void LeftOut(string id, ConcernSeverity severity, string row, HostCapabilities host, Func<DomainDescription, bool> isThere)
        {
            Assert.True(isThere(Fit(row, DomainTable.Today).Domain));
            var (domain, concerns) = Fit(row, host);
            Assert.Equal(severity, Assert.Single(concerns, c => c.Id == id).Severity);
            Assert.False(isThere(domain));
            Assert.DoesNotContain(concerns, c => c.Severity == ConcernSeverity.Critical);
        }

        var today = DomainTable.Today;
        LeftOut("SecureBootMissing", ConcernSeverity.Warning, "windows-11-secure-boot-tpm", today with { HasSecureBoot = false }, d => d.Source.SecureBoot);
        LeftOut("TpmMissing", ConcernSeverity.Warning, "windows-11-secure-boot-tpm", today with { TpmModels = [] }, d => d.Source.HasTpm);
        LeftOut("VsockMissing", ConcernSeverity.Information, "debian-12-bios", today with { HasVsock = null }, d => d.Hardware.HasVsock);
        LeftOut("FloppyMissing", ConcernSeverity.Information, "rhel-4-pc-ide", today with { HasFloppy = false }, d => d.HasFloppyController);
        LeftOut("NoKvm", ConcernSeverity.Warning, "debian-12-bios", today with { HasKvm = false, DomainTypes = ["qemu"], DomainType = "qemu" }, d => d.DomainType == "kvm");
    }

    [Fact]
    public void Who_asks_for_emulation_is_not_warned_of_it() =>
        Assert.Empty(Fit("debian-12-bios", DomainTable.Today with { HasKvm = false, DomainTypes = ["qemu"], DomainType = "qemu", IsDomainTypeGiven = true }).Concerns);

    [Theory]
    [InlineData("debian-12-secure-boot-tpm", ConcernSeverity.Warning, true)]
    [InlineData("debian-12-uefi", ConcernSeverity.Information, false)]
    [InlineData("windows-11-secure-boot-tpm", ConcernSeverity.Information, false)]
    [Shows("UefiVariablesNew")]
    public void Keys_of_the_owner_stay_behind_with_the_UEFI_variables(string row, ConcernSeverity severity, bool tellsOfKeys)
    {
        var concern = Assert.Single(Fit(row, DomainTable.Today).Concerns);
        Assert.Equal(("UefiVariablesNew", severity, tellsOfKeys), (concern.Id, concern.Severity, concern.Message.Contains("MOK", StringComparison.Ordinal)));
    }

    [Fact]
    public void Where_no_host_can_be_asked_it_is_said_what_the_guest_needs()
    {
        var (domain, concerns) = Fit("windows-11-secure-boot-tpm", HostCapabilities.Unknown);
        var assumed = Assert.Single(concerns, c => c.Id == "HostUnknown");
        Assert.Equal(ConcernSeverity.Information, assumed.Severity);
        foreach (var need in new[] { "KVM", "q35", "x86_64", "secure boot", "swtpm" })
        {
            Assert.Contains(need, assumed.Message, StringComparison.Ordinal);
        }

        Assert.True(domain.Source is { SecureBoot: true, HasTpm: true });
        Assert.Equal("kvm", domain.DomainType);
    }

    /// <summary>libvirt's own test driver plays a host whose hypervisor is neither KVM nor QEMU, and tells nothing of its domains.</summary>
    [Theory]
    [InlineData("test:///default")]
    public void A_libvirt_of_another_hypervisor_is_refused_by_name(string uri)
    {
        using var target = new LibvirtTarget(uri, "default-pool");
        HostCapabilities host;
        try
        {
            host = target.Capabilities;
        }
        catch (LibvirtException e) when (e.Error == V2VError.LibvirtUnavailable)
        {
            Assert.Skip($"needs the libvirt client library: {e.Message}");
            throw;
        }

        Assert.Equal((false, null), (host.HasKvm, host.HasUefi));
        var found = Assert.Single(Fit("debian-12-uefi", host).Concerns, c => c.Severity == ConcernSeverity.Critical);
        Assert.Equal("ArchitectureMissing", found.Id);
        Assert.Contains(uri, found.Message, StringComparison.Ordinal);
    }

    /// <summary>Against what virsh shows of the same libvirt.</summary>
    [Fact]
    public void This_machines_libvirt_tells_what_it_has()
    {
        const string Uri = "qemu:///system";
        Assert.SkipUnless(ExternalTool.Run("virsh", "-c", Uri, "version").ExitCode == 0, $"needs a running libvirtd with QEMU at {Uri}");
        using var target = new LibvirtTarget(Uri, "default") { DomainType = "qemu" };
        var q35 = target.CapabilitiesFor("x86_64", "q35");
        var shown = ExternalTool.Check("virsh", "-c", Uri, "domcapabilities", "--virttype", "qemu", "--arch", "x86_64", "--machine", "q35");
        Assert.Contains($"<vcpu max='{q35.MaximumCpus}'/>", shown, StringComparison.Ordinal);
        Assert.Equal(shown.Contains("<value>efi</value>", StringComparison.Ordinal), q35.HasUefi);
        Assert.Equal(shown.Contains("<value>emulator</value>", StringComparison.Ordinal), q35.TpmModels!.Count > 0);
        Assert.All(q35.CpuModes!, mode => Assert.Contains($"<mode name='{mode}' supported='yes'", shown, StringComparison.Ordinal));
        Assert.Contains("maximum", q35.CpuModes!);
        Assert.Contains("vga", q35.VideoModels!);
        Assert.True(q35 is { HasMachine: true, DomainType: "qemu" });
        Assert.False(target.CapabilitiesFor("x86_64", "no-such-machine").HasMachine);
        Assert.Equal([], target.CapabilitiesFor("riscv128", "virt").DomainTypes!);
    }

    private static (DomainDescription Domain, List<Concern> Concerns) Fit(string row, HostCapabilities host)
    {
        List<Concern> concerns = [];
        return (TargetHost.Fit(DomainTable.Row(row).Domain, host, concerns), concerns);
    }
}
