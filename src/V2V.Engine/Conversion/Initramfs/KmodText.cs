namespace V2V.Engine.Conversion.Initramfs;

/// <param name="Pattern">The pattern as the module spells it.</param>
/// <param name="Module">Name of the module.</param>
internal readonly record struct KmodTextAlias(string Pattern, string Module);

/// <summary>The text forms of the module indexes, which old and small modprobes read: modules.dep, modules.alias, modules.softdep.</summary>
internal static class KmodText
{
    /// <summary>Lines "path: path path ..." by the first path's module name.</summary>
    public static KmodIndex ReadDependencies(string text)
    {
        var index = new KmodIndex();
        var priority = 0u;
        foreach (var line in Lines(text))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0)
            {
                index.Add(KmodAlias.ModuleName(line[..colon]), line, priority++);
            }
        }

        return index;
    }

    /// <summary>Lines "alias pattern module".</summary>
    public static IEnumerable<KmodTextAlias> ReadAliases(string text)
    {
        foreach (var line in Lines(text))
        {
            if (Words(line) is ["alias", var pattern, var module])
            {
                yield return new KmodTextAlias(pattern, module);
            }
        }
    }

    /// <summary>The index that depmod would make of aliases.</summary>
    public static KmodIndex ToIndex(IEnumerable<KmodTextAlias> aliases)
    {
        var index = new KmodIndex();
        var priority = 0u;
        foreach (var (pattern, module) in aliases)
        {
            if (KmodAlias.Normalise(pattern) is { } key)
            {
                index.Add(key, module, priority++);
            }
        }

        return index;
    }

    /// <summary>Lines "softdep module pre: a b post: c", by the module.</summary>
    public static Dictionary<string, string> ReadSoftDependencies(string text)
    {
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in Lines(text))
        {
            if (Words(line) is ["softdep", var module, ..])
            {
                result[module.Replace('-', '_')] = line;
            }
        }

        return result;
    }

    /// <summary>The modules that a softdep line names besides its own.</summary>
    public static IEnumerable<string> SoftDependencies(string line) =>
        Words(line).Skip(2).Where(w => !w.EndsWith(':')).Select(w => w.Replace('-', '_'));

    /// <summary>A modules.dep with other lines for some modules.</summary>
    public static string MergeDependencies(string text, IReadOnlyDictionary<string, string> lines) =>
        Join(Lines(text).Where(l => !lines.ContainsKey(KmodAlias.ModuleName(l.Split(':')[0]))).Concat(lines.Values));

    /// <summary>A modules.alias with more lines.</summary>
    public static string MergeAliases(string text, IEnumerable<KmodTextAlias> aliases) =>
        Join(text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Concat(aliases.Select(a => $"alias {a.Pattern} {a.Module}")));

    private static string Join(IEnumerable<string> lines) => string.Concat(lines.Select(l => l + "\n"));

    private static string[] Words(string line) => line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);

    private static IEnumerable<string> Lines(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(l => l[0] != '#');
}
