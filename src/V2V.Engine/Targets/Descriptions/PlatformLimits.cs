using V2V.Engine.Conversion;
using V2V.Engine.Targets.Libvirt;

namespace V2V.Engine.Targets.Descriptions;

/// <summary>Concerns that platforms have in common.</summary>
internal static class PlatformLimits
{
    public static Concern Unsupported(string message, string advice) =>
        new(ConcernSeverity.Critical, nameof(V2VError.TargetUnsupported), message, advice);

    public static Concern InvalidName(string name, string platform, string rule) => new(
        ConcernSeverity.Critical, "NameInvalid", $"{platform} takes no guest of the name \"{name}\": {rule}.", "Give it another name with -Name.");

    /// <summary>What none of the platforms but libvirt can do: start a kernel from a file, run other processors' guests.</summary>
    public static IEnumerable<Concern> Check(DomainDescription domain, string platform)
    {
        if (!DomainXml.IsX86(domain))
        {
            yield return Unsupported(
                $"The guest is for {DomainXml.Architecture(domain)} processors, and V2V describes only x86 guests to {platform}.", "Convert it with -As Libvirt.");
        }

        if (domain.Hardware.DirectBoot is not null)
        {
            yield return Unsupported(
                $"The guest has no boot loader, and {platform} starts no kernel from a file beside the disks.",
                "Install a boot loader in the source guest, or convert it with -As Libvirt.");
        }
    }

    public static Concern NoSuchBus(DiskBus bus, string platform) => Unsupported(
        $"The guest needs its disks on {bus}, which {platform} does not offer.",
        "Let the guest be edited (without -AsIs, with drivers), so that it gets virtio disks, or convert it with -As Libvirt.");

    public static Concern OtherAdapter(NetworkModel model, string instead, string platform) => new(
        ConcernSeverity.Warning, "AdapterReplaced", $"{platform} has no network adapter {model}: the guest gets {instead} in its place.",
        "Look at the network's configuration after the first start.");

    public static Concern OtherClock(bool wantsLocalTime, string platform, string advice) => new(
        ConcernSeverity.Warning, "ClockDiffers",
        $"The guest expects {(wantsLocalTime ? "local time" : "UTC")} in its hardware clock, and {platform} will keep {(wantsLocalTime ? "UTC" : "local time")} there.", advice);
}
