namespace V2V.Engine.Sources;

/// <summary>What readers of different descriptors have to say in the same words.</summary>
internal static class SourceConcerns
{
    public static Concern TpmContentsStay { get; } = new(
        ConcernSeverity.Warning, "TpmContentsStay", "The guest has a virtual TPM; what is stored in it cannot be moved.",
        "Have recovery keys ready for anything sealed by it, such as BitLocker or LUKS volumes.");

    public static Concern Paravirtual { get; } = new(
        ConcernSeverity.Information, "Paravirtual",
        "The guest is a paravirtual one of Xen: it may have no boot loader, its kernel may be for Xen only, and its disks and console get other names.");

    /// <summary>More lines than this that make no sense are counted, not listed: the file is something else, or somebody's trap.</summary>
    public const int MaximumLinesReported = 20;

    public static Concern TopologyIgnored(int cpus, long cores) => new(
        ConcernSeverity.Warning, "TopologyIgnored", $"{cpus} CPUs cannot be divided into sockets of {cores} cores; each CPU gets a socket of its own.");

    /// <param name="drive">What the drive is called.</param>
    /// <param name="image">The file in it, as the description has it.</param>
    public static Concern RemovableMediaLeft(string drive, string image) => new(
        ConcernSeverity.Information, "RemovableMediaLeft", $"The image {image} is in the drive {drive}; the converted guest's drive is empty.",
        "Attach the image to the domain afterwards if the guest needs it.");

    /// <summary>Adds a concern about a line, as long as there are not too many of them.</summary>
    public static void AddLine(List<Concern> concerns, Concern concern)
    {
        if (concerns.Count < MaximumLinesReported)
        {
            concerns.Add(concern);
        }
        else if (concerns.Count == MaximumLinesReported)
        {
            concerns.Add(concern with { Message = "There are more lines like these.", Advice = null });
        }
    }
}
