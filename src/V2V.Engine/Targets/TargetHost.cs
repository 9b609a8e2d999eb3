using V2V.Engine.Conversion;
using V2V.Engine.Sources;

namespace V2V.Engine.Targets;

/// <summary>Compares the hardware that a guest needs with what the target's host offers.</summary>
internal static class TargetHost
{
    public static IReadOnlyList<Concern> Concerns(TargetHardware hardware, HostCapabilities host)
    {
        var concerns = new List<Concern>();
        if (hardware.Firmware == Firmware.Uefi && host.HasUefi == false)
        {
            concerns.Add(new Concern(
                ConcernSeverity.Critical,
                nameof(V2VError.TargetUnsupported),
                "The guest boots by UEFI and the target host has no UEFI firmware for virtual machines.",
                "Install the host's OVMF package (ovmf on Debian, edk2-ovmf on Fedora and RHEL)."));
        }

        return concerns;
    }
}
