namespace V2V.Engine.Targets;

/// <summary>
/// What the host that will run a guest offers to machines of one kind. Null wherever nobody can tell: a folder has no host, and older versions
/// of libvirt do not list everything.
/// </summary>
/// <param name="HasKvm">Hardware virtualisation is usable.</param>
/// <param name="HasUefi">UEFI firmware for virtual machines is installed.</param>
public sealed record HostCapabilities(bool? HasKvm, bool? HasUefi)
{
    /// <summary>Nobody can tell anything.</summary>
    public static HostCapabilities Unknown { get; } = new(HasKvm: null, HasUefi: null);

    /// <summary>What messages call the host: "the host at qemu:///system".</summary>
    public string Name { get; init; } = "the host";

    /// <summary>"kvm" and "qemu", as far as they are there for the machine's architecture; none when its guests cannot run there at all.</summary>
    public IReadOnlyList<string>? DomainTypes { get; init; }

    /// <summary>The one of these that the guest gets: the user's word, else the best.</summary>
    public string? DomainType { get; init; }

    /// <summary><see cref="DomainType"/> is the user's word.</summary>
    public bool IsDomainTypeGiven { get; init; }

    /// <summary>The host has this type of machine.</summary>
    public bool? HasMachine { get; init; }

    /// <summary>The most processors that the machine can have.</summary>
    public int? MaximumCpus { get; init; }

    /// <summary>There is UEFI firmware that verifies what it starts, with the vendors' keys enrolled.</summary>
    public bool? HasSecureBoot { get; init; }

    /// <summary>Modes of the processor: "host-model", "maximum", "host-passthrough".</summary>
    public IReadOnlyList<string>? CpuModes { get; init; }

    /// <summary>Models of a TPM 2.0 that can be emulated, "tpm-crb", "tpm-tis"; none without the program for it.</summary>
    public IReadOnlyList<string>? TpmModels { get; init; }

    public IReadOnlyList<string>? VideoModels { get; init; }

    /// <summary>Parts of Hyper-V's interface that KVM plays.</summary>
    public IReadOnlyList<string>? HyperVFeatures { get; init; }

    public bool? HasFloppy { get; init; }

    /// <summary>The host's kernel connects sockets of guests (/dev/vhost-vsock).</summary>
    public bool? HasVsock { get; init; }
}
