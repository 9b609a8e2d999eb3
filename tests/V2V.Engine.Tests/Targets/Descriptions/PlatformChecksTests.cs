using V2V.Engine.Conversion;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Directory;
using Xunit;

namespace V2V.Engine.Tests.Targets.Descriptions;

/// <summary>What a platform cannot have is found before anything is written; libvirt takes it all.</summary>
public sealed class PlatformChecksTests
{
    private static readonly Action<TargetHardware> Plain = _ => { };

    public static TheoryData<GuestPlatform, string, string> Cases => new()
    {
        { GuestPlatform.KubeVirt, "ide", "TargetUnsupported" },
        { GuestPlatform.KubeVirt, "pvscsi", "TargetUnsupported" },
        { GuestPlatform.KubeVirt, "vmxnet3", "AdapterReplaced" },
        { GuestPlatform.KubeVirt, "localtime", "ClockDiffers" },
        { GuestPlatform.KubeVirt, "pc", "MachineNotOffered" },
        { GuestPlatform.KubeVirt, "network", "NetworkInvalid" },
        { GuestPlatform.KubeVirt, "twopods", "NetworkInvalid" },
        { GuestPlatform.KubeVirt, "kernel", "TargetUnsupported" },
        { GuestPlatform.OpenStack, "kernel", "TargetUnsupported" },
        { GuestPlatform.OpenStack, "localtime", "ClockDiffers" },
        { GuestPlatform.OpenStack, "network", "NetworkInvalid" },
        { GuestPlatform.OpenStack, "arm", "TargetUnsupported" },
        { GuestPlatform.Proxmox, "kernel", "TargetUnsupported" },
        { GuestPlatform.Proxmox, "lsisas", "TargetUnsupported" },
        { GuestPlatform.Proxmox, "network", "NetworkInvalid" },
        { GuestPlatform.Proxmox, "disks", "TargetUnsupported" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    [Shows("NetworkInvalid", "MachineNotOffered", "TargetUnsupported", "AdapterReplaced", "ClockDiffers")]
    [Lacks("NetworkInvalid", "MachineNotOffered", "AdapterReplaced", "ClockDiffers")]
    public void It_is_a_concern(GuestPlatform platform, string what, string id)
    {
        var concern = Assert.Single(Check(platform, Domain(what)));
        Assert.Equal(id, concern.Id);
        Assert.Equal(
            id is "AdapterReplaced" or "ClockDiffers" or "MachineNotOffered" ? ConcernSeverity.Warning : ConcernSeverity.Critical, concern.Severity);
        Assert.NotNull(concern.Advice);
        Assert.Empty(Check(GuestPlatform.Libvirt, Domain(what)));
        Assert.Empty(Check(platform, Domain("")));
    }

    private static IReadOnlyList<Concern> Check(GuestPlatform platform, DomainDescription domain)
    {
        using var target = new DirectoryTarget(Path.Combine(Path.GetTempPath(), $"v2v-{Guid.NewGuid():N}"), platform);
        return target.Check(new TargetRequest("web", []) { Domain = domain });
    }

    private static DomainDescription Domain(string what)
    {
        var domain = DescribedGuest.Guest(
            what switch
            {
                "ide" => h => h.DiskBus = DiskBus.Ide,
                "pvscsi" => h => h.DiskBus = DiskBus.Pvscsi,
                "lsisas" => h => h.DiskBus = DiskBus.LsiSas,
                "vmxnet3" => h => h.NetworkModel = NetworkModel.Vmxnet3,
                "localtime" => h => h.ClockIsLocalTime = true,
                "pc" => h => h.Machine = "pc",
                "kernel" => h => h.DirectBoot = new DirectBoot("/vmlinuz", null, "quiet"),
                _ => Plain,
            },
            disks: what == "disks" ? 17 : 1);
        return what switch
        {
            "network" => domain with { Networks = [new DomainNetwork(true, "-a b\n", "52:54:00:00:00:01")] },
            "twopods" => domain with { Networks = [.. domain.Networks.Select(n => n with { IsBridge = false, Name = "default" })] },
            "arm" => domain with { OperatingSystem = SampleDomain.Debian with { Architecture = "aarch64" } },
            _ => domain,
        };
    }
}
