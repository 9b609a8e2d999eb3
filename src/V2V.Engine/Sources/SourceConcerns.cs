namespace V2V.Engine.Sources;

/// <summary>What readers of different descriptors have to say in the same words.</summary>
internal static class SourceConcerns
{
    public static Concern TpmContentsStay { get; } = new(
        ConcernSeverity.Warning, "TpmContentsStay", "The guest has a virtual TPM; what is stored in it cannot be moved.",
        "Have recovery keys ready for anything sealed by it, such as BitLocker or LUKS volumes.");

    public static Concern TopologyIgnored(int cpus, long cores) => new(
        ConcernSeverity.Warning, "TopologyIgnored", $"{cpus} CPUs cannot be divided into sockets of {cores} cores; each CPU gets a socket of its own.");
}
