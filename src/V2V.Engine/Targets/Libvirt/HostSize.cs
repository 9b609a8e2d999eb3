using System.Globalization;
using System.Xml.Linq;

namespace V2V.Engine.Targets.Libvirt;

/// <summary>Compares the memory and CPUs of a guest with those of the host that is to run it, which may have less than the old one.</summary>
internal static class HostSize
{
    private const long KiBInMiB = 1024;

    /// <param name="capabilities">The host's (formatcaps); not every driver tells the topology.</param>
    /// <param name="domain">The guest.</param>
    /// <param name="uri">The host, for messages.</param>
    public static IEnumerable<Concern> Check(XElement capabilities, DomainDescription domain, string uri)
    {
        var cells = capabilities.Element("host")?.Element("topology")?.Element("cells")?.Elements("cell").ToList() ?? [];
        var memory = cells.Sum(c => Number(c.Element("memory")?.Value)) / KiBInMiB;
        if (memory > 0 && domain.Source.MemoryMiB > memory)
        {
            yield return new Concern(
                ConcernSeverity.Warning, "MemoryExceedsHost", $"The guest has {domain.Source.MemoryMiB} MiB of memory, and the host at {uri} has {memory} MiB: it may not start.",
                "Give the guest less with -MemoryMiB (Get-V2VSourceGuest), or choose another host.");
        }

        var cpus = cells.Sum(c => Number((string?)c.Element("cpus")?.Attribute("num")));
        if (cpus > 0 && domain.Source.CpuCount > cpus)
        {
            yield return new Concern(
                ConcernSeverity.Warning, "CpusExceedHost", $"The guest has {domain.Source.CpuCount} CPUs, and the host at {uri} has {cpus}: they would get in each other's way.",
                "Give the guest less with -Cpu (Get-V2VSourceGuest), or choose another host.");
        }
    }

    private static long Number(string? text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < long.MaxValue >> 16 ? number : 0;
}
