using System.Globalization;
using V2V.Engine.Conversion;
using V2V.Engine.Inspection;
using V2V.Engine.Sources;
using V2V.Engine.Targets.Libvirt;

namespace V2V.Engine.Targets;

/// <summary>
/// Fits a domain to the host that will run it: what the guest can do without is left out, with a word about it; what it cannot do without
/// stands against the conversion.
/// </summary>
internal static class TargetHost
{
    /// <summary>The domain that <paramref name="host"/> can run. Concerns are added to <paramref name="concerns"/>.</summary>
    public static DomainDescription Fit(DomainDescription domain, HostCapabilities host, ICollection<Concern> concerns)
    {
        CheckMachine(domain, host, concerns);
        if (host.DomainTypes is null)
        {
            concerns.Add(Assumptions(domain));
        }

        if (domain.Hardware.Firmware == Firmware.Uefi)
        {
            domain = FitFirmware(domain, host, concerns);
        }

        domain = FitTpm(domain, host, concerns);
        FitVsock(domain.Hardware, host, concerns);
        if (host.HasFloppy != true && domain.Source.RemovableDrives.Any(d => d.Kind == RemovableDriveKind.Floppy))
        {
            concerns.Add(new Concern(
                ConcernSeverity.Information, "FloppyMissing",
                host.HasFloppy is null
                    ? "The domain has no floppy drive: nobody can tell whether the host has them."
                    : $"The domain has no floppy drive: {host.Name} has none for the machine {domain.Hardware.Machine}."));
        }

        return domain with { DomainType = host.DomainType ?? domain.DomainType, HasFloppyController = host.HasFloppy == true, Host = host };
    }

    private static void CheckMachine(DomainDescription domain, HostCapabilities host, ICollection<Concern> concerns)
    {
        var (architecture, machine) = (DomainXml.Architecture(domain), domain.Hardware.Machine);
        if (host.DomainTypes is { Count: 0 })
        {
            concerns.Add(Critical(
                "ArchitectureMissing", $"No {architecture} guest of KVM or QEMU can run on {host.Name}.",
                $"Install QEMU's emulator for {architecture} there (package qemu-system-x86 or qemu-kvm), or choose another host."));
            return;
        }

        if (host.DomainTypes is { } types && host.DomainType is { } type && !types.Contains(type))
        {
            concerns.Add(Critical(
                "DomainTypeMissing", $"Guests of the type {type} were asked for, and {host.Name} runs {architecture} guests of the type {string.Join(" or ", types)} only.",
                type == "kvm" ? "Load the module kvm_intel or kvm_amd there and restart libvirt, or leave the type out." : "Leave the type out."));
        }

        if (host is { HasKvm: false, DomainTypes: not null, IsDomainTypeGiven: false })
        {
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "NoKvm", $"There is no usable KVM on {host.Name} for {architecture}; the guest will be emulated, which is many times slower.",
                "Switch on virtualisation in the host's firmware, load the module kvm_intel or kvm_amd, and restart libvirt."));
        }

        if (DomainDrives.TooMany(domain, domain.Source.Disks.Count) is { } tooMany)
        {
            concerns.Add(tooMany);
        }

        if (host.HasMachine == false)
        {
            concerns.Add(Critical(
                "MachineMissing", $"The guest needs the machine {machine}, which the QEMU of {host.Name} does not have.",
                "Choose a host whose QEMU has it ('virsh capabilities' lists them): newer enterprise distributions have dropped old machines."));
        }

        if (host.MaximumCpus is { } most && domain.Source.CpuCount > most)
        {
            concerns.Add(Critical(
                "TooManyCpus",
                string.Create(CultureInfo.InvariantCulture, $"The guest has {domain.Source.CpuCount} CPUs, and a machine {machine} on {host.Name} can have {most}."),
                "Give the source fewer CPUs, or say another number with Get-V2VSourceGuest -Cpu."));
        }
    }

    private static DomainDescription FitFirmware(DomainDescription domain, HostCapabilities host, ICollection<Concern> concerns)
    {
        if (host.HasUefi == false)
        {
            concerns.Add(Critical(
                "UefiMissing", $"The guest boots by UEFI and {host.Name} has no UEFI firmware for virtual machines.",
                "Install the host's OVMF package (ovmf on Debian, edk2-ovmf on Fedora and RHEL)."));
            return domain;
        }

        var source = domain.Source;
        if (source.SecureBoot && host.HasSecureBoot == false)
        {
            source = source with { SecureBoot = false };
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "SecureBootMissing",
                $"The guest had secure boot, and {host.Name} has no UEFI firmware with the vendors' keys for it: the domain starts without.",
                "Install an OVMF package that has such firmware on the host, and set secure-boot and enrolled-keys in the domain."));
        }

        // A guest that starts unverified drivers only because its owner's key was enrolled starts without them, and may be without network.
        var losesKeys = source.SecureBoot && domain.OperatingSystem?.Family != OperatingSystemFamily.Windows;
        concerns.Add(new Concern(
            losesKeys ? ConcernSeverity.Warning : ConcernSeverity.Information, "UefiVariablesNew",
            $"The guest starts with new UEFI variables: boot entries of the source{(losesKeys ? " and keys of its owner's own (MOK)" : "")} do not come along. "
            + "The firmware finds the system by EFI/BOOT on its disk.",
            losesKeys ? "If the guest loads modules that are signed with a key of your own (DKMS), enroll it again: mokutil --import." : null));
        return domain with { Source = source };
    }

    /// <summary>A missing TPM is never critical: what was sealed by the source's could not be opened by a new one either, and systems start without.</summary>
    private static DomainDescription FitTpm(DomainDescription domain, HostCapabilities host, ICollection<Concern> concerns)
    {
        if (!domain.Source.HasTpm || host.TpmModels is not { Count: 0 })
        {
            return domain;
        }

        concerns.Add(new Concern(
            ConcernSeverity.Warning, "TpmMissing", $"The domain has no TPM: {host.Name} cannot emulate a TPM 2.0.",
            "Install swtpm on the host (packages swtpm and swtpm-tools) and convert again, or add a TPM to the domain. "
            + "Have recovery keys ready for what is sealed by the TPM; Windows 11 starts, but takes no upgrades."));
        return domain with { Source = domain.Source with { HasTpm = false } };
    }

    /// <summary>Where nobody can tell, the device is left out: a domain that does not start for its sake would be worse.</summary>
    private static void FitVsock(TargetHardware hardware, HostCapabilities host, ICollection<Concern> concerns)
    {
        if (!hardware.HasVsock || host.HasVsock == true)
        {
            return;
        }

        hardware.HasVsock = false;
        concerns.Add(new Concern(
            ConcernSeverity.Information, "VsockMissing", $"The domain has no vsock device: {host.Name} {(host.HasVsock is null ? "may have no" : "has no")} /dev/vhost-vsock.",
            "Load the module vhost_vsock and add it."));
    }

    private static Concern Assumptions(DomainDescription domain)
    {
        List<string> needs = ["KVM", $"QEMU's machine {domain.Hardware.Machine} for {DomainXml.Architecture(domain)}"];
        if (domain.Hardware.Firmware == Firmware.Uefi)
        {
            needs.Add(domain.Source.SecureBoot ? "UEFI firmware with secure boot (OVMF)" : "UEFI firmware (OVMF)");
        }

        if (domain.Source.HasTpm)
        {
            needs.Add("an emulated TPM (swtpm)");
        }

        return new Concern(ConcernSeverity.Information, "HostUnknown", $"No host is known that could be asked. The one that will run the guest needs {string.Join(", ", needs)}.");
    }

    private static Concern Critical(string id, string message, string advice) =>
        new(ConcernSeverity.Critical, id, message, advice) { Error = V2VError.TargetUnsupported };
}
