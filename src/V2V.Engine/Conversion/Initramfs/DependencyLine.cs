namespace V2V.Engine.Conversion.Initramfs;

/// <summary>A line of modules.dep: a module's file and the files of all that has to be loaded before it, the last first.</summary>
internal readonly record struct DependencyLine(string Path, IReadOnlyList<string> Dependencies)
{
    public static DependencyLine Parse(string line)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        return colon < 0
            ? new DependencyLine(line, [])
            : new DependencyLine(line[..colon], line[(colon + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
    }

    public override string ToString() => Dependencies.Count == 0 ? $"{Path}:" : $"{Path}: {string.Join(' ', Dependencies)}";
}
