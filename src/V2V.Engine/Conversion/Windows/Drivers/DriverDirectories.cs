namespace V2V.Engine.Conversion.Windows.Drivers;

/// <summary>The names that virtio-win's directories have for versions of Windows and for architectures.</summary>
internal static class DriverDirectories
{
    /// <summary>
    /// Versions that share one build, so that a relative's drivers are the very same files (virtio-win-pkg-scripts hard-links them).
    /// </summary>
    private static readonly string[][] s_builds = [["w10", "2k22", "2k19", "2k16"], ["w11", "2k25"], ["w8.1", "2k12R2"], ["w8", "2k12"], ["w7", "2k8R2"]];

    /// <summary>Where to look for each, in order: the version's own directory, those of the same build, those of the nearest other build.</summary>
    private static readonly Dictionary<string, string[]> s_chains = new(StringComparer.OrdinalIgnoreCase)
    {
        ["w11"] = ["w11", "2k25", "w10", "2k22", "2k19", "2k16"],
        ["2k25"] = ["2k25", "w11", "2k22", "w10", "2k19", "2k16"],
        ["2k22"] = ["2k22", "w10", "2k19", "2k16", "w11", "2k25"],
        ["2k19"] = ["2k19", "w10", "2k22", "2k16", "w11", "2k25"],
        ["2k16"] = ["2k16", "w10", "2k19", "2k22", "w11", "2k25"],
        ["w10"] = ["w10", "2k22", "2k19", "2k16", "w11", "2k25"],
        ["2k12R2"] = ["2k12R2", "w8.1"],
        ["w8.1"] = ["w8.1", "2k12R2"],
        ["2k12"] = ["2k12", "w8"],
        ["w8"] = ["w8", "2k12"],
        ["2k8R2"] = ["2k8R2", "w7"],
        ["w7"] = ["w7", "2k8R2"],
        ["2k8"] = ["2k8"],
        ["2k3"] = ["2k3"],
        ["xp"] = ["xp"],
    };

    /// <summary>
    /// Other names of the same: those of the package of RHEL 5 and 6 (Win7, Win2008), those of the driver builds (Wlh, Wnet, Wxp), and what becomes
    /// of a dot on an ISO image without extensions.
    /// </summary>
    private static readonly Dictionary<string, string> s_aliases = new(StringComparer.OrdinalIgnoreCase)
    {
        ["WinXP"] = "xp",
        ["Wxp"] = "xp",
        ["Win2003"] = "2k3",
        ["Wnet"] = "2k3",
        ["Win2008"] = "2k8",
        ["Wlh"] = "2k8",
        ["Win2008R2"] = "2k8R2",
        ["Win7"] = "w7",
        ["Win2012"] = "2k12",
        ["Win8"] = "w8",
        ["Win2012R2"] = "2k12R2",
        ["Win8.1"] = "w8.1",
        ["w8_1"] = "w8.1",
        ["Win10"] = "w10",
        ["Win2016"] = "2k16",
        ["Win2019"] = "2k19",
        ["Win2022"] = "2k22",
        ["Win11"] = "w11",
        ["Win2025"] = "2k25",
    };

    /// <summary>The names of the Windows' own directory and of its relatives', in the order in which they are looked at; empty for a Windows before XP.</summary>
    public static IReadOnlyList<string> For(DriverTarget target)
    {
        if (Own(target) is not { } own)
        {
            return [];
        }

        // XP for x64 is Windows 2003 underneath, and virtio-win has the same build under both names.
        return target is { Major: 5, Minor: 2, Architecture: "x86_64" } ? own == "xp" ? ["xp", "2k3"] : ["2k3", "xp"] : s_chains[own];
    }

    /// <summary>The version that a path element stands for; null when it is none.</summary>
    public static string? Version(string element) =>
        s_aliases.TryGetValue(element, out var name) || s_chains.ContainsKey(element) ? name ?? Canonical(element) : null;

    /// <summary>Whether a path element stands for the architecture.</summary>
    public static bool IsArchitecture(string element, string architecture) => architecture switch
    {
        "x86_64" => Is(element, "amd64") || Is(element, "x64"),
        "i686" => Is(element, "x86") || Is(element, "i386"),
        "aarch64" => Is(element, "ARM64"),
        _ => false,
    };

    /// <summary>Whether the drivers of both are the same files.</summary>
    public static bool AreOneBuild(string version, string other) =>
        version == other || s_builds.Any(b => b.Contains(version) && b.Contains(other));

    private static string Canonical(string element) => s_chains.Keys.First(k => Is(k, element));

    private static string? Own(DriverTarget t) => (t.Major, t.Minor) switch
    {
        (5, 1) => "xp",
        (5, 2) => t.ProductName.Contains("XP", StringComparison.OrdinalIgnoreCase) ? "xp" : "2k3",
        (6, 0) => "2k8",
        (6, 1) => t.IsServer ? "2k8R2" : "w7",
        (6, 2) => t.IsServer ? "2k12" : "w8",
        (6, 3) => t.IsServer ? "2k12R2" : "w8.1",
        (10, 0) => t.IsServer ? Server10(t) : t.Build >= 22000 ? "w11" : "w10",
        _ => null,
    };

    /// <summary>Server 2016 and later are all 10.0: the name tells, and where it does not (an edition of its own name), the build.</summary>
    private static string Server10(DriverTarget t) =>
        new[] { ("2025", "2k25"), ("2022", "2k22"), ("2019", "2k19"), ("2016", "2k16") }
            .FirstOrDefault(s => t.ProductName.Contains(s.Item1, StringComparison.Ordinal)).Item2
        ?? t.Build switch { >= 26100 => "2k25", >= 20348 => "2k22", >= 17763 => "2k19", _ => "2k16" };

    private static bool Is(string element, string name) => element.Equals(name, StringComparison.OrdinalIgnoreCase);
}
