using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources.Vmx;

/// <summary>What VMware's products leave beside the .vmx file for as long as a guest runs.</summary>
internal static class VmxRunState
{
    /// <summary>The path of the first such file (or folder); null when there is none.</summary>
    public static string? FindSign(SourceFile descriptor, VmxFile file)
    {
        List<string> signs = [StoreName.Base(descriptor.Name) + ".lck", Path.ChangeExtension(StoreName.Base(descriptor.Name), ".vmem")];
        var swap = StoreName.Base(file["sched.swap.derivedName"] ?? "");
        if (swap.EndsWith(".vswp", StringComparison.OrdinalIgnoreCase))
        {
            signs.Add(swap);
        }

        if (descriptor.Store is { } store)
        {
            return Names(store, StoreName.Folder(descriptor.Name)).FirstOrDefault(n => signs.Contains(StoreName.Base(n))) is { } name ? store.PathOf(name) : null;
        }

        var folder = Path.GetDirectoryName(descriptor.Path)!;
        return signs.Select(s => Path.Combine(folder, s)).FirstOrDefault(Path.Exists);
    }

    /// <summary>A place that cannot list its files tells nothing.</summary>
    private static IReadOnlyList<string> Names(FileStore store, string folder)
    {
        try
        {
            return [.. store.Names(folder)];
        }
        catch (V2VException)
        {
            return [];
        }
    }
}
