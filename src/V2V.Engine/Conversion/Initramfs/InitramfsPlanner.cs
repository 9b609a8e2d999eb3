using System.Text;
using V2V.Engine.FileSystems;

namespace V2V.Engine.Conversion.Initramfs;

/// <summary>Works out what has to be added to an initramfs, and refuses by name what nothing can safely be added to.</summary>
internal sealed class InitramfsPlanner
{
    private static readonly string[] s_udevPrograms =
    [
        "lib/systemd/systemd-udevd", "usr/lib/systemd/systemd-udevd", "sbin/udevd", "usr/sbin/udevd", "lib/udev/udevd", "usr/lib/udev/udevd",
        "bin/udevadm", "usr/bin/udevadm", "sbin/udevadm", "usr/sbin/udevadm",
        // Alpine's own: loads what the kernel announces through libkmod.
        "sbin/nlplug-findfs", "usr/sbin/nlplug-findfs",
    ];

    private readonly InitramfsTree _tree;
    private readonly KernelModules _kernel;
    private readonly InitramfsNeeds _needs;
    private readonly IImageDeviceNames _names;
    private readonly Dictionary<string, byte[]> _added = new(StringComparer.Ordinal);
    private readonly Dictionary<string, byte[]> _replaced = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _links = new(StringComparer.Ordinal);
    private readonly List<string> _directories = [];
    private readonly List<AddedModule> _modules = [];

    private InitramfsPlanner(InitramfsTree tree, KernelModules kernel, InitramfsNeeds needs, IImageDeviceNames names)
    {
        _tree = tree;
        _kernel = kernel;
        _needs = needs;
        _names = names;
    }

    /// <param name="tree">What the image unpacks to.</param>
    /// <param name="kernel">The modules of the kernel that the image belongs to.</param>
    /// <param name="needs">The drivers that it shall have.</param>
    /// <param name="names">Knows what becomes of the names of disks in it.</param>
    /// <exception cref="ConversionException">The image lacks a driver that cannot be added, or has a setting that would keep it from booting.</exception>
    public static InitramfsPlan Plan(InitramfsTree tree, KernelModules kernel, InitramfsNeeds needs, IImageDeviceNames names) =>
        new InitramfsPlanner(tree, kernel, needs, names).Plan();

    private InitramfsPlan Plan()
    {
        var generator = InitramfsGenerators.Recognise(_tree);
        var required = _kernel.Closure(_needs.Required.Select(d => d.Module));
        var corrections = CorrectHostSettings(required);
        var drivers = required.Count > 0 ? PlanDrivers(generator, required) : [];
        return new InitramfsPlan
        {
            Generator = generator,
            Modules = _modules,
            Directories = _directories,
            Added = _added,
            Replaced = _replaced,
            Links = _links,
            Drivers = drivers,
            Corrections = corrections,
        };
    }

    /// <summary>What an image made for one machine has of that machine, and what would keep the new drivers from being loaded.</summary>
    private List<string> CorrectHostSettings(IReadOnlyList<KernelModule> required)
    {
        var host = HostDeviceNames.Correct(_tree, _names);
        var texts = host.Texts.ToDictionary(StringComparer.Ordinal);
        var changes = host.Changes.ToList();
        var modules = required.Concat(_kernel.Closure(_needs.Welcome.Where(IsAvailable).Select(d => d.Module))).Select(m => m.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var (path, text, lines) in ModprobeBlacklists.Lift(_tree, modules))
        {
            texts[path] = text;
            changes.AddRange(lines.Select(line => $"\"{line}\" lifted"));
        }

        foreach (var (path, text) in texts)
        {
            WriteFile(path, GuestText.Encode(text));
        }

        foreach (var path in host.MaskedUnits)
        {
            var slash = path.LastIndexOf('/');
            _links.Add(Place(path[..slash], path[(slash + 1)..]), "/dev/null");
        }

        return changes;
    }

    /// <summary>Adds what is missing; the drivers that the image then has to find, or none if it is left as it is.</summary>
    private InitramfsDriver[] PlanDrivers(InitramfsGenerator generator, IReadOnlyList<KernelModule> required)
    {
        if (InitramfsHazards.FindSquashImage(_tree) is { } squash)
        {
            throw InitramfsErrors.Unsupported($"The initramfs keeps its files in the file system image {squash}, which V2V does not read.");
        }

        if (generator == InitramfsGenerator.Nash)
        {
            PlanNash(required);
            return [];
        }

        if (generator == InitramfsGenerator.Unknown)
        {
            return PlanUnknown(generator, required);
        }

        var drivers = _needs.Required.Concat(_needs.Welcome.Where(IsAvailable)).Where(d => !IsBuiltin(d)).ToArray();
        if (generator == InitramfsGenerator.Booster)
        {
            return PlanBooster(required, drivers);
        }

        var image = InitramfsModules.Find(_tree, _kernel.Kernel);
        if (required.All(m => image.CanLoad(m.Name)) && _needs.Required.All(d => IsBuiltin(d) || image.IsFound(d)))
        {
            return [];
        }

        AddModules(image, drivers);
        if (!Array.Exists(s_udevPrograms, _tree.FileExists))
        {
            LoadWithoutUdev(generator, drivers);
        }

        return drivers;
    }

    /// <summary>Nothing looks for drivers there: the script that boots has to load them by name.</summary>
    private void PlanNash(IReadOnlyList<KernelModule> required)
    {
        var script = _replaced.TryGetValue(NashScript.Path, out var corrected) ? GuestText.Decode(corrected) : ReadText(NashScript.Path);
        var missing = required.Where(m => !NashScript.Loads(script, _tree, m.Name)).ToList();
        if (missing.Count == 0)
        {
            return;
        }

        foreach (var module in missing.Where(m => !_tree.FileExists(NashScript.ModulePath(m.Name))))
        {
            AddModule(module, NashScript.ModulePath(module.Name), Why(module, [.. _needs.Required], required));
        }

        WriteFile(NashScript.Path, GuestText.Encode(NashScript.WithModules(script, missing.Select(m => m.Name))));
    }

    /// <summary>Nothing may be missing in an image whose program is not known.</summary>
    private InitramfsDriver[] PlanUnknown(InitramfsGenerator generator, IReadOnlyList<KernelModule> required)
    {
        var image = InitramfsModules.Find(_tree, _kernel.Kernel);
        var missing = required.Select(m => m.Name).Where(m => !image.CanLoad(m));
        if (!missing.Any() && _needs.Required.All(d => IsBuiltin(d) || image.IsFound(d)))
        {
            return [];
        }

        throw InitramfsErrors.Unsupported(
            $"The initramfs lacks {string.Join(", ", missing)} and was made by {generator.DisplayName()}, whose images V2V does not extend.");
    }

    private InitramfsDriver[] PlanBooster(IReadOnlyList<KernelModule> required, InitramfsDriver[] drivers)
    {
        var image = new BoosterImage(_tree, _kernel.Kernel);
        if (required.All(m => image.HasModule(m.Name)) && _needs.Required.All(d => IsBuiltin(d) || image.IsFound(d)))
        {
            return [];
        }

        var closure = _kernel.Closure(drivers.Select(d => d.Module));
        foreach (var module in closure.Where(m => !image.HasModule(m.Name)))
        {
            AddModule(module, Place(_tree.RealPath(BoosterImage.ModuleDirectory)!, $"{module.Name}.ko"), Why(module, drivers, closure));
        }

        CheckAliases(drivers);
        var aliases = _kernel.Aliases(closure.Select(m => m.Name).ToHashSet())
            .Where(a => KmodAlias.Normalise(a.Pattern) is { } pattern && !image.HasAlias(pattern, a.Module))
            .Select(a => $"{KmodAlias.Normalise(a.Pattern)} {a.Module}");
        WriteFile(BoosterImage.AliasPath, GuestText.Encode(AppendLines(image.AliasText, aliases)));
        WriteFile(BoosterImage.ConfigurationPath, GuestText.Encode(image.WithDependencies(closure)));
        return drivers;
    }

    private bool IsBuiltin(InitramfsDriver driver) => _kernel.Builtin.Contains(driver.Module);

    private bool IsAvailable(InitramfsDriver driver) =>
        _kernel.Find(driver.Module) is { } module && module.Dependencies.All(d => _kernel.Find(d) is not null || _kernel.Builtin.Contains(d));

    private void AddModules(InitramfsModules image, InitramfsDriver[] drivers)
    {
        var closure = _kernel.Closure(drivers.Select(d => d.Module));
        var missing = closure.Where(m => !image.CanLoad(m.Name)).ToArray();
        // Where each module's file is in the extended image, relative to the module directory.
        var paths = closure.ToDictionary(m => m.Name, m => image.FindFile(m.Name) ?? UncompressedPath(m.Path), StringComparer.Ordinal);
        foreach (var module in missing)
        {
            if (!image.FileExists(paths[module.Name]))
            {
                AddModule(module, Place(image.Directory, paths[module.Name]), Why(module, drivers, closure));
            }
        }

        var lines = missing.ToDictionary(
            m => m.Name,
            m => new DependencyLine(paths[m.Name], [.. m.Dependencies.Where(paths.ContainsKey).Select(d => paths[d])]).ToString(),
            StringComparer.Ordinal);
        var aliases = _kernel.Aliases(closure.Select(m => m.Name).ToHashSet())
            .Where(a => KmodAlias.Normalise(a.Pattern) is { } key && !image.Aliases.Contains(key, a.Module)).ToArray();
        CheckAliases(drivers);

        var priority = image.Dependencies.NextPriority();
        foreach (var (name, line) in lines)
        {
            image.Dependencies.Replace(name, line, priority++);
        }

        priority = image.Aliases.NextPriority();
        foreach (var (pattern, module) in aliases)
        {
            image.Aliases.Add(KmodAlias.Normalise(pattern)!, module, priority++);
        }

        WriteIndex(image, "modules.dep", image.Dependencies, text => KmodText.MergeDependencies(text, lines));
        WriteIndex(image, "modules.alias", image.Aliases, text => KmodText.MergeAliases(text, aliases));
        AddSoftDependencies(image, missing);
    }

    private void AddModule(KernelModule module, string path, string why)
    {
        _added.Add(path, _kernel.ReadModule(module));
        _modules.Add(new AddedModule(module.Name, path, why));
    }

    private void CheckAliases(InitramfsDriver[] drivers)
    {
        var known = KmodText.ToIndex(_kernel.Aliases(drivers.Select(d => d.Module).ToHashSet()));
        if (Array.Find(drivers, d => d.ModAlias is not null && !known.Match(d.ModAlias).Contains(d.Module)) is { } unknown)
        {
            throw InitramfsErrors.Unsupported(
                $"modules.alias of the guest's kernel {_kernel.Kernel} does not lead from {unknown.ModAlias} to {unknown.Module}.",
                $"Run \"depmod {_kernel.Kernel}\" in the guest before converting it.");
        }
    }

    /// <summary>Merges into the forms of an index that the image has: they are the ones that its programs read.</summary>
    private void WriteIndex(InitramfsModules image, string name, KmodIndex merged, Func<string, string> mergeText)
    {
        var hasText = image.FindIndex(name) is not null;
        if (hasText)
        {
            WriteFile($"{image.Directory}/{name}", GuestText.Encode(mergeText(ReadText($"{image.Directory}/{name}"))));
        }

        if (!hasText || image.FindIndex($"{name}.bin") is not null)
        {
            WriteFile($"{image.Directory}/{name}.bin", KmodIndexFormat.Write(merged));
        }
    }

    private void AddSoftDependencies(InitramfsModules image, KernelModule[] added)
    {
        var path = $"{image.Directory}/modules.softdep";
        var text = _tree.DirectoryExists(image.Directory) && _tree.FileExists(path) ? ReadText(path) : "";
        var known = KmodText.ReadSoftDependencies(text);
        var lines = added.Where(m => !known.ContainsKey(m.Name)).Select(m => _kernel.SoftDependencyLine(m.Name)).OfType<string>().ToArray();
        if (lines.Length > 0)
        {
            WriteFile(path, GuestText.Encode(AppendLines(text, lines)));
        }
    }

    /// <summary>Without udev nothing looks for drivers: they are named in the list that /init loads.</summary>
    private void LoadWithoutUdev(InitramfsGenerator generator, InitramfsDriver[] drivers)
    {
        var names = drivers.Select(d => d.Module);
        switch (generator)
        {
            case InitramfsGenerator.InitramfsTools:
                var list = _tree.FileExists("conf/modules") ? ReadText("conf/modules") : "";
                WriteFile("conf/modules", GuestText.Encode(AppendLines(list, names)));
                break;
            case InitramfsGenerator.Mkinitcpio:
                // A shell script that /init sources.
                WriteFile("config", GuestText.Encode(AppendLines(ReadText("config"), [$"MODULES=\"$MODULES {string.Join(' ', names)}\""])));
                break;
            default:
                throw InitramfsErrors.Unsupported($"The initramfs made by {generator.DisplayName()} has no udev, so that nothing would load the virtio drivers.");
        }
    }

    private void WriteFile(string path, byte[] content)
    {
        if (_tree.RealPath(path) is { } existing)
        {
            _replaced[existing] = content;
        }
        else
        {
            _added[path] = content;
        }
    }

    private string ReadText(string path) => _tree.ReadText(path)
        ?? throw InitramfsErrors.Unsupported($"/{path} in the initramfs would have to be changed, but is larger than such files are.");

    private static string AppendLines(string text, IEnumerable<string> lines)
    {
        var result = new StringBuilder(text);
        if (result.Length > 0 && result[^1] != '\n')
        {
            result.Append('\n');
        }

        foreach (var line in lines)
        {
            result.Append(line).Append('\n');
        }

        return result.ToString();
    }

    /// <summary>The full path for a new file: links on the way are resolved, because an entry must never name one, and missing directories noted.</summary>
    private string Place(string directory, string relative)
    {
        var parts = relative.Split('/');
        if (Array.Exists(parts, p => p is "" or "." or ".."))
        {
            throw InitramfsErrors.Unsupported($"modules.dep of the guest's kernel {_kernel.Kernel} names a module outside its directory ({relative}).");
        }

        foreach (var part in parts[..^1])
        {
            var path = $"{directory}/{part}";
            if (_tree.Find(path) is not { } node)
            {
                if (_tree.Find(path, followLast: false) is not null)
                {
                    throw InitramfsErrors.Unsupported($"/{path} in the initramfs is a symbolic link that leads nowhere.");
                }

                if (!_directories.Contains(path))
                {
                    _directories.Add(path);
                }
            }
            else if (node.IsDirectory)
            {
                path = _tree.RealPath(path)!;
            }
            else
            {
                throw InitramfsErrors.Unsupported($"/{path} in the initramfs is not a directory.");
            }

            directory = path;
        }

        return $"{directory}/{parts[^1]}";
    }

    /// <summary>Modules are stored as plain .ko, which every modprobe loads, also those built without xz or zstd.</summary>
    private static string UncompressedPath(string path)
    {
        var end = path.LastIndexOf(".ko", StringComparison.Ordinal);
        return end < 0 ? path : path[..(end + 3)];
    }

    private static string Why(KernelModule module, InitramfsDriver[] drivers, IReadOnlyList<KernelModule> closure) =>
        Array.Find(drivers, d => d.Module == module.Name)?.Purpose
        ?? $"needed by {string.Join(", ", closure.Where(m => m.Dependencies.Contains(module.Name)).Select(m => m.Name))}";
}
