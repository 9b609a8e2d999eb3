namespace V2V.Engine.Conversion.Software;

/// <summary>Software that has to be installed in a guest.</summary>
/// <param name="Packages">In the order in which they are installed, missing ones among them.</param>
/// <param name="Missing">Those that are not there, in the order in which they were found to be needed.</param>
public sealed record ResolvedSoftware(IReadOnlyList<SoftwarePackage> Packages, IReadOnlyList<SoftwarePackage> Missing)
{
    /// <summary>The refusal for what is missing, in virt-v2v's words, with the paths as the configuration has them; null when nothing is.</summary>
    public ConversionException? FindRefusal() => Missing.Count == 0
        ? null
        : new ConversionException(
            V2VError.SoftwareMissing,
            "Installation failed because the following files referenced in the configuration file are required, but missing: "
            + string.Join(' ', Missing.Select(package => package.Path)))
        {
            Path = Missing[0].FullPath,
            Advice = $"Put them where the configuration expects them: {string.Join(", ", Missing.Select(package => package.FullPath))}. "
                + "-SoftwareRoot names another folder for paths that are relative; without the configuration the guest is converted to what it can drive already.",
        };
}

/// <param name="Name">Name of the app.</param>
/// <param name="Path">As the configuration has it: "rhel/6/kernel-2.6.32-128.el6.x86_64.rpm".</param>
/// <param name="FullPath">Of the package, or directory of drivers, on this machine.</param>
public sealed record SoftwarePackage(string Name, string Path, string FullPath)
{
    /// <summary>It is installed beside what is there of the same name, rather than in its place.</summary>
    public bool IsKernel { get; init; }
}
