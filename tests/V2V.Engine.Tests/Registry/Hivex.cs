using Xunit;

namespace V2V.Engine.Tests.Registry;

/// <summary>hivex, through its Python module and its programs: the other implementation that judges hives.</summary>
internal static class Hivex
{
    /// <summary>Debian's interpreter, which its module belongs to.</summary>
    private const string Python = "/usr/bin/python3";

    private const string DumpScript = """
        import hivex, sys
        sys.setrecursionlimit(5000)
        def dump(h, node, path):
            print("K", path.encode().hex().upper())
            for v in h.node_values(node):
                kind, data = h.value_value(v)
                print("V", h.value_key(v).encode().hex().upper(), kind, data.hex().upper())
            for child in h.node_children(node):
                name = h.node_name(child)
                dump(h, child, name if path == "" else path + "\\" + name)
        for file in sys.argv[1:]:
            h = hivex.Hivex(file)
            print("FILE")
            dump(h, h.root(), "")
        """;

    internal static void Need()
    {
        ExternalTool.Need(Python);
        Assert.SkipUnless(ExternalTool.Run(Python, "-c", "import hivex").ExitCode == 0, "needs python3-hivex");
    }

    /// <summary>The lines of <see cref="HiveTree"/> for each of these hives, read by hivex.</summary>
    internal static IReadOnlyList<string[]> Dump(params byte[][] hives)
    {
        var folder = Directory.CreateTempSubdirectory("v2v-hive-");
        try
        {
            var files = hives.Select((content, i) => Write(folder, $"{i}", content)).ToArray();
            var output = ExternalTool.Check(Python, ["-c", DumpScript, .. files]);
            return [.. output.Split("FILE\n")[1..].Select(part => part.TrimEnd('\n').Split('\n'))];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Runs Python statements on a hive, opened for writing as "h", and returns what it became.</summary>
    internal static byte[] Edit(byte[] hive, string statements)
    {
        var folder = Directory.CreateTempSubdirectory("v2v-hive-");
        try
        {
            var file = Write(folder, "hive", hive);
            ExternalTool.Check(Python, "-c", $"import hivex, sys\nh = hivex.Hivex(sys.argv[1], write=True)\n{statements}\nh.commit(None)\n", file);
            return File.ReadAllBytes(file);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Merges a .reg file, whose keys begin with "HKEY_LOCAL_MACHINE\SYSTEM".</summary>
    internal static byte[] Merge(byte[] hive, string registryFile)
    {
        ExternalTool.Need("hivexregedit");
        var folder = Directory.CreateTempSubdirectory("v2v-hive-");
        try
        {
            var file = Write(folder, "hive", hive);
            var edits = Path.Combine(folder.FullName, "edits.reg");
            File.WriteAllText(edits, "Windows Registry Editor Version 5.00\n\n" + string.Join('\n', registryFile.Split('\n').SelectMany(WithParents)));
            ExternalTool.Check("hivexregedit", "--merge", "--prefix", "HKEY_LOCAL_MACHINE\\SYSTEM", file, edits);
            return File.ReadAllBytes(file);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The keys of a hive as hivexregedit exports them, each with its lines.</summary>
    internal static Dictionary<string, string> Export(byte[] hive)
    {
        ExternalTool.Need("hivexregedit");
        var folder = Directory.CreateTempSubdirectory("v2v-hive-");
        try
        {
            var text = ExternalTool.Check("hivexregedit", "--export", "--prefix", "P", Write(folder, "hive", hive), "\\");
            return text.Split("\n[").Skip(1).ToDictionary(part => part[..part.IndexOf(']', StringComparison.Ordinal)], part => part.TrimEnd());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>A line of a .reg file, with the keys above it, which hivexregedit does not make by itself.</summary>
    private static IEnumerable<string> WithParents(string line)
    {
        const int Prefix = 2;
        var parts = line.Trim('[', ']').Split('\\');
        return line.StartsWith('[')
            ? Enumerable.Range(Prefix + 1, Math.Max(0, parts.Length - Prefix)).Select(n => $"\n[{string.Join('\\', parts.Take(n))}]")
            : [line];
    }

    private static string Write(DirectoryInfo folder, string name, byte[] content)
    {
        var file = Path.Combine(folder.FullName, name);
        File.WriteAllBytes(file, content);
        return file;
    }
}
