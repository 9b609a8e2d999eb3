namespace V2V.Engine.Conversion.Windows.Drivers;

/// <summary>A driver for one Windows and architecture: an INF file and what belongs to it.</summary>
/// <param name="Name">The INF file's name without its ending, in lower case: "viostor", "netkvm", "pvpanic-pci".</param>
/// <param name="Directory">Where it lies in the source: "viostor/w10/amd64"; "." for its root.</param>
/// <param name="Files">The INF file itself, the files that it names, and what else lies beside it, without debugging symbols.</param>
/// <param name="Inf">What the INF file says.</param>
public sealed record DriverPackage(string Name, string Directory, IReadOnlyList<DriverSourceFile> Files, DriverInf Inf)
{
    /// <summary>The program that the driver's service runs, such as viostor.sys; null for a package without one (it only names devices).</summary>
    public DriverSourceFile? Driver { get; init; }

    /// <summary>The name of the service that runs <see cref="Driver"/>; the driver's own name when the INF file does not say.</summary>
    public string ServiceName => Inf.FunctionService?.Name ?? Name;

    public override string ToString() => Inf.Version is null ? Name : $"{Name} {Inf.Version}";
}
