namespace V2V.Engine.Conversion.Windows.Drivers;

/// <summary>A directory of a source that holds drivers for the guest.</summary>
/// <param name="Path">'/'-separated; empty for the source's root.</param>
/// <param name="Version">The version of Windows that its path names: "w10".</param>
/// <param name="Files">What lies in it, debugging symbols left out.</param>
internal sealed record DriverCandidate(string Path, string Version, IReadOnlyList<DriverSourceFile> Files)
{
    /// <summary>The path of what an INF file in it names.</summary>
    public string Below(string name) => Path.Length == 0 ? name : $"{Path}/{name}";
}

/// <summary>Finds the directories of a source that are for one Windows.</summary>
internal static class DriverCandidates
{
    /// <summary>The best first: by version, then the layout of one directory a driver before the storage drivers' second copy, then the shortest path.</summary>
    public static IEnumerable<DriverCandidate> Find(DriverSource source, DriverTarget target, IReadOnlyList<string> versions) => source.Files
        .GroupBy(f => f.Directory)
        .Select(group => (Directory: group.Key, Elements: group.Key.Split('/'), Files: group))
        .Where(d => !IsLeftOut(d.Elements) && (source.IsForGuest || Array.Exists(d.Elements, e => DriverDirectories.IsArchitecture(e, target.Architecture))))
        .Select(d => (d.Directory, d.Elements, d.Files, Version: source.IsForGuest && versions.Count > 0 ? versions[0] : d.Elements.Select(DriverDirectories.Version).LastOrDefault(v => v is not null)))
        .Where(d => d.Version is not null && versions.Contains(d.Version))
        .OrderBy(d => IndexOf(versions, d.Version!))
        .ThenBy(d => IsPerDriver(d.Elements) ? 0 : 1)
        .ThenBy(d => d.Elements.Length)
        .ThenBy(d => d.Directory, StringComparer.OrdinalIgnoreCase)
        .Select(d => new DriverCandidate(d.Directory, d.Version!, [.. d.Files.Where(f => !IsLeftOut(f))]));

    /// <summary>Virtual functions of network cards need a protocol driver that conflicts with netkvm.</summary>
    private static bool IsLeftOut(string[] elements) => elements.Contains("sriov", StringComparer.OrdinalIgnoreCase);

    private static bool IsLeftOut(DriverSourceFile file) =>
        file.Name.EndsWith(".pdb", StringComparison.OrdinalIgnoreCase) || file.Name.Contains("vioprot", StringComparison.OrdinalIgnoreCase);

    /// <summary>Driver, version, architecture; and not architecture, version.</summary>
    private static bool IsPerDriver(string[] elements) =>
        Array.FindLastIndex(elements, e => DriverDirectories.Version(e) is not null) is > 0 and var at
        && at == elements.Length - 2;

    private static int IndexOf(IReadOnlyList<string> versions, string version) => versions.TakeWhile(v => v != version).Count();
}
