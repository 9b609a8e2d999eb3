using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Initramfs;

/// <param name="Name">Name as the indexes have it, with '_'.</param>
/// <param name="Path">Path of the file, relative to the kernel's module directory.</param>
/// <param name="Dependencies">Names of all modules that have to be loaded before it, the last first.</param>
internal sealed record KernelModule(string Name, string Path, IReadOnlyList<string> Dependencies);

/// <summary>The modules of one kernel as the guest's own /lib/modules has them.</summary>
internal sealed class KernelModules
{
    /// <summary>Network drivers with firmware inside reach 10 MB; nothing that a disk needs has more than 2.</summary>
    private const int MaxModuleLength = 64 << 20;

    /// <summary>modules.alias of a whole distribution kernel has about 1.5 MB.</summary>
    private const long MaxIndexLength = 32 << 20;

    /// <summary>modules.dep lists indirect dependencies in one line, so only chains of soft dependencies go deeper than one.</summary>
    private const int MaxDependencyDepth = 32;

    private readonly Func<string, byte[]?> _read;
    private readonly KmodIndex _dependencies;
    private readonly Dictionary<string, string> _softDependencies;
    private readonly Lazy<IReadOnlyList<KmodTextAlias>> _aliases;

    /// <param name="kernel">Version: the name of the module directory.</param>
    /// <param name="builtin">Modules that are part of the kernel itself.</param>
    /// <param name="read">Reads a file by its path relative to the module directory; null when there is none.</param>
    public KernelModules(string kernel, IReadOnlySet<string> builtin, Func<string, byte[]?> read)
    {
        Kernel = kernel;
        Builtin = builtin;
        _read = read;
        _dependencies = ReadText("modules.dep") is { } text ? KmodText.ReadDependencies(text)
            : read("modules.dep.bin") is { } index ? KmodIndexFormat.Read(index)
            : throw InitramfsErrors.Unsupported(
                $"The guest's kernel {kernel} has no modules.dep.", $"Run \"depmod {kernel}\" in the guest before converting it.");
        _softDependencies = KmodText.ReadSoftDependencies(ReadText("modules.softdep") ?? "");
        _aliases = new Lazy<IReadOnlyList<KmodTextAlias>>(ReadAliases);
    }

    public KernelModules(GuestRoot root, InstalledKernel kernel)
        : this(kernel.Version, kernel.Builtin, path =>
        {
            var full = $"{kernel.ModulesDirectory}/{path}";
            return root.FileExists(full) ? root.ReadAllBytes(full, MaxIndexLength) : null;
        })
    {
    }

    public string Kernel { get; }

    public IReadOnlySet<string> Builtin { get; }

    /// <summary>The module, or null when the kernel has none of this name.</summary>
    public KernelModule? Find(string name)
    {
        if (_dependencies.Find(name) is not { } line)
        {
            return null;
        }

        var paths = DependencyLine.Parse(line);
        return new KernelModule(name, Relative(paths.Path), [.. paths.Dependencies.Select(KmodAlias.ModuleName)]);
    }

    /// <summary>
    /// Everything that has to be loadable for <paramref name="names"/> to work: themselves, what they depend on and what they softly
    /// depend on, without what is built in, dependencies first.
    /// </summary>
    /// <exception cref="ConversionException">A module, or one that it needs, is neither built in nor a file.</exception>
    public IReadOnlyList<KernelModule> Closure(IEnumerable<string> names)
    {
        var closure = new List<KernelModule>();
        var seen = new HashSet<string>(Builtin, StringComparer.Ordinal);
        foreach (var name in names)
        {
            Add(name, isSoft: false, depth: 0);
        }

        return closure;

        void Add(string name, bool isSoft, int depth)
        {
            if (depth > MaxDependencyDepth || !seen.Add(name))
            {
                return;
            }

            if (Find(name) is not { } module)
            {
                if (isSoft)
                {
                    return;
                }

                throw InitramfsErrors.Unsupported($"The guest's kernel {Kernel} lacks the module {name}.");
            }

            foreach (var dependency in module.Dependencies.Reverse())
            {
                Add(dependency, isSoft: false, depth + 1);
            }

            foreach (var dependency in KmodText.SoftDependencies(SoftDependencyLine(name) ?? "").SelectMany(Resolve))
            {
                Add(dependency, isSoft: true, depth + 1);
            }

            closure.Add(module);
        }
    }

    /// <summary>The module's line of modules.softdep, if it has one.</summary>
    public string? SoftDependencyLine(string module) => _softDependencies.GetValueOrDefault(module);

    /// <summary>A soft dependency can name a module or, as with crypto algorithms, an alias of several.</summary>
    private IEnumerable<string> Resolve(string name) =>
        _dependencies.Find(name) is not null ? [name]
        : _aliases.Value.Where(a => KmodAlias.Normalise(a.Pattern) is { } pattern && KmodAlias.Matches(pattern, name)).Select(a => a.Module);

    /// <summary>The alias patterns of some modules, as the modules spell them where modules.alias is there as text.</summary>
    public IReadOnlyList<KmodTextAlias> Aliases(IReadOnlySet<string> modules) => [.. _aliases.Value.Where(a => modules.Contains(a.Module))];

    /// <summary>The module's ELF file, decompressed. A signature, which is appended to the uncompressed file, stays valid.</summary>
    public byte[] ReadModule(KernelModule module)
    {
        var content = _read(module.Path)
            ?? throw InitramfsErrors.Unsupported(
                $"{module.Path} of the guest's kernel {Kernel} is listed in modules.dep but does not exist.",
                $"Reinstall the kernel package, or run \"depmod {Kernel}\" in the guest, before converting it.");
        if (InitramfsMagic.RecogniseCompression(content) is { } compression)
        {
            content = CompressedSegment.DecodeAll(compression, content, MaxModuleLength);
        }

        return content.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x7F, (byte)'E', (byte)'L', (byte)'F'])
            ? content
            : throw InitramfsErrors.Unsupported($"{module.Path} of the guest's kernel {Kernel} is not a kernel module.");
    }

    /// <summary>module-init-tools wrote absolute paths for modules outside the usual tree.</summary>
    private string Relative(string path)
    {
        var marker = $"/lib/modules/{Kernel}/";
        var position = path.IndexOf(marker, StringComparison.Ordinal);
        return position < 0 ? path : path[(position + marker.Length)..];
    }

    private IReadOnlyList<KmodTextAlias> ReadAliases() =>
        ReadText("modules.alias") is { } text ? [.. KmodText.ReadAliases(text)]
        : _read("modules.alias.bin") is { } index ? [.. KmodIndexFormat.Read(index).Entries.SelectMany(e => e.Value.Select(v => new KmodTextAlias(e.Key, v.Text)))]
        : [];

    private string? ReadText(string path) => _read(path) is { } content ? GuestText.Decode(content) : null;
}
