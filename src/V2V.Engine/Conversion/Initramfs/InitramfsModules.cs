namespace V2V.Engine.Conversion.Initramfs;

/// <summary>The kernel modules inside an initramfs, through the indexes that modprobe and udev would use there.</summary>
internal sealed class InitramfsModules
{
    private readonly InitramfsTree _tree;

    private InitramfsModules(InitramfsTree tree, string directory)
    {
        _tree = tree;
        Directory = directory;
        Dependencies = ReadIndex("modules.dep", KmodText.ReadDependencies)
            ?? throw InitramfsErrors.Unsupported($"The initramfs has no module index {directory}/modules.dep, so that it cannot load modules.");
        Aliases = ReadIndex("modules.alias", text => KmodText.ToIndex(KmodText.ReadAliases(text))) ?? new KmodIndex();
    }

    /// <summary>The module directory without links: "usr/lib/modules/6.1.0-18-amd64".</summary>
    public string Directory { get; }

    public KmodIndex Dependencies { get; }

    public KmodIndex Aliases { get; }

    /// <summary>Finds the one kernel's modules in an image.</summary>
    /// <exception cref="ConversionException">There are none, or they are of another kernel.</exception>
    public static InitramfsModules Find(InitramfsTree tree, string kernel)
    {
        string[] directories = ["lib/modules", "usr/lib/modules"];
        var found = directories.SelectMany(d => tree.Directories(d)).Distinct().ToArray();
        return found switch
        {
            [] => throw InitramfsErrors.Unsupported("The initramfs has no directory /lib/modules with a kernel's modules."),
            [var only] when only.EndsWith($"/{kernel}", StringComparison.Ordinal) => new InitramfsModules(tree, only),
            [var only] => throw InitramfsErrors.Unsupported($"The initramfs has modules of the kernel {only[(only.LastIndexOf('/') + 1)..]} instead of {kernel}."),
            _ => throw InitramfsErrors.Unsupported($"The initramfs has modules of several kernels ({string.Join(", ", found)})."),
        };
    }

    /// <summary>True when the image can load the module by name: its file and those that it depends on are listed and there.</summary>
    public bool CanLoad(string module) =>
        Dependencies.Find(module) is { } line && DependencyLine.Parse(line) is var files
        && FileExists(files.Path) && files.Dependencies.All(FileExists);

    /// <summary>True when the aliases lead from the driver's device to it.</summary>
    public bool IsFound(InitramfsDriver driver) => driver.ModAlias is null || Aliases.Match(driver.ModAlias).Contains(driver.Module);

    /// <summary>The path that the index has for a module's file, if that exists.</summary>
    public string? FindFile(string module) =>
        Dependencies.Find(module) is { } line && DependencyLine.Parse(line).Path is var path && FileExists(path) ? path : null;

    /// <summary>True when a file stands at a path of an index, which is relative to the module directory or absolute.</summary>
    public bool FileExists(string path) => _tree.FileExists(path.StartsWith('/') ? path : $"{Directory}/{path}");

    /// <summary>The full path of a text or binary index in the image; null when the image has none.</summary>
    public string? FindIndex(string name) => _tree.RealPath($"{Directory}/{name}");

    private KmodIndex? ReadIndex(string name, Func<string, KmodIndex> parseText)
    {
        // libkmod reads the binary form only; the text decides where that is all there is.
        if (_tree.Find($"{Directory}/{name}.bin") is { } index)
        {
            return KmodIndexFormat.Read(index.Content
                ?? throw InitramfsErrors.Unsupported($"The initramfs has a module index {name}.bin of {index.Length} bytes, which V2V does not read."));
        }

        return _tree.ReadText($"{Directory}/{name}") is { } text ? parseText(text) : null;
    }
}
