using System.Runtime.CompilerServices;
using System.Text.Json;
using V2V.Engine.Conversion;
using V2V.Engine.Sources;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Directory;
using V2V.Engine.Tests.FileSystems;
using V2V.Engine.Tests.FileSystems.Ntfs;
using V2V.Engine.Tests.Guests.Phony;
using Xunit;

namespace V2V.Engine.Tests.Guests;

/// <summary>
/// What a rehearsal announces is what a conversion does, and all that it does: the files in which the source's disk and the converted one differ,
/// as the kernel's file systems, ntfs-3g and hivexregedit read both, are those in the list of changes.
/// </summary>
public sealed class PlannedChangesTests(WindowsGuests windows) : IClassFixture<WindowsGuests>, IDisposable
{
    private static readonly HashSet<string> Untimed = [];

    private readonly string _folder = Directory.CreateTempSubdirectory("v2v-planned-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("debian13")]
    [InlineData("centos7")]
    public void Every_file_that_changes_is_announced(string name) => CheckLinux(name);

    [Theory]
    [InlineData("alpine")]
    [InlineData("amazon2")]
    [InlineData("amazon2023")]
    [InlineData("arch")]
    [InlineData("debian6")]
    [InlineData("debian8")]
    [InlineData("leap15")]
    [InlineData("scientific6")]
    [InlineData("sles11")]
    [InlineData("sles12")]
    [InlineData("sles15")]
    [InlineData("tumbleweed")]
    [Trait("Category", "Slow")]
    public void Every_file_that_changes_is_announced_in_all_families(string name) => CheckLinux(name);

    private void CheckLinux(string name)
    {
        ExternalTool.NeedRoot();
        ExternalTool.Need("mount", "umount", "sfdisk", "mcopy");
        var recipe = File.ReadAllText(Path.Combine(Folder(), name + ".guest"));
        using var phony = PhonyLinux.Build(recipe);
        using var disk = new PhonyDisk(phony);
        var (changes, converted) = RehearseAndConvert(disk.Source, new ConversionOptions { Format = ImageFormat.Raw });

        var before = ReadTree(disk.Source.Disks[0].Path, recipe);
        var after = ReadTree(converted, recipe);

        var announced = changes.Select(c => c.GuestPath ?? c.Path).ToHashSet(StringComparer.Ordinal);
        var differing = before.Keys.Union(after.Keys).Where(p => before.GetValueOrDefault(p) != after.GetValueOrDefault(p))
            // A directory comes with the first file in it.
            .Where(p => announced.Contains(p) || !(IsDirectory(after.GetValueOrDefault(p)) && !before.ContainsKey(p) && announced.Any(a => a.StartsWith(p + "/", StringComparison.Ordinal))))
            .Order(StringComparer.Ordinal);
        Assert.Equal(announced.Select(p => Real(p, after)).Distinct().Order(StringComparer.Ordinal), differing);
    }

    [Theory]
    [InlineData("--version 10")]
    [InlineData("--version XP")]
    public void Every_file_and_registry_value_of_a_Windows_that_changes_is_announced(string options)
    {
        ExternalTool.NeedRoot();
        ExternalTool.Need("qemu-img", "hivexregedit", "sfdisk");
        var path = windows.Disk($"{options} --size 320M");
        var source = Assert.Single(GuestSources.Open(path, TestContext.Current.CancellationToken));
        var (changes, converted) = RehearseAndConvert(source, new ConversionOptions { Format = ImageFormat.Raw, DriverSource = windows.Drivers() });
        using var before = WindowsGuests.Volume(path);
        using var after = WindowsGuests.Volume(converted);

        // Hives are files too, and their logs go with them.
        var files = changes.Where(c => c.Registry is null && c.Sector is null).Select(c => c.GuestPath!.ToLowerInvariant()).ToHashSet(StringComparer.Ordinal);
        var root = options.Contains("XP", StringComparison.Ordinal) ? "windows" : "Windows";
        var hives = changes.Where(c => c.Registry is not null).Select(c => c.Path.Split('\\')[1].ToLowerInvariant()).Distinct().Select(h => $"/windows/system32/config/{h}").ToList();
        var (oldFiles, newFiles) = (WindowsVolumeFiles.Read(before), WindowsVolumeFiles.Read(after));
        var differing = oldFiles.Keys.Union(newFiles.Keys, StringComparer.OrdinalIgnoreCase).Where(p => oldFiles.GetValueOrDefault(p) != newFiles.GetValueOrDefault(p))
            .Select(p => p.ToLowerInvariant())
            .Where(p => files.Contains(p) || !(newFiles.GetValueOrDefault(p) == "Directory" && files.Any(f => f.StartsWith(p + "/", StringComparison.Ordinal))))
            .Where(p => !hives.Exists(h => p.StartsWith(h + ".log", StringComparison.Ordinal)));
        Assert.Equal(files.Concat(hives).Order(StringComparer.Ordinal), differing.Order(StringComparer.Ordinal));

        foreach (var hive in new[] { "SYSTEM", "SOFTWARE" })
        {
            var values = changes.Where(c => c.Registry is not null && c.Path.StartsWith($@"HKLM\{hive}\", StringComparison.OrdinalIgnoreCase))
                .Select(c => $"{c.Path[$@"HKLM\{hive}".Length..].ToLowerInvariant()}|{c.Registry!.Name?.ToLowerInvariant()}").ToHashSet(StringComparer.Ordinal);
            var found = Export(before, root, hive).Differences(Export(after, root, hive)).Select(d => d[2..])
                // A key comes with the first value in it.
                .Where(p => p.Contains('|', StringComparison.Ordinal) || !values.Any(v => v.StartsWith(p + "\\", StringComparison.Ordinal) || v.StartsWith(p + "|", StringComparison.Ordinal)));
            Assert.Equal(values.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
        }
    }

    private (IReadOnlyList<ConversionChange> Changes, string Disk) RehearseAndConvert(SourceGuest source, ConversionOptions options)
    {
        var planned = new GuestConversion(source, options).Assess(cancellation: TestContext.Current.CancellationToken);
        Assert.True(planned.Convertible, string.Join('\n', planned.Concerns));
        using var target = new DirectoryTarget(Path.Combine(_folder, "out"));
        var result = new GuestConversion(source, options).Convert(target, cancellation: TestContext.Current.CancellationToken);

        Assert.NotEmpty(planned.Changes);
        Assert.Equal(planned.Changes.Select(c => (c.Kind, c.Path, c.What, c.Why)), result.Assessment.Changes.Select(c => (c.Kind, c.Path, c.What, c.Why)));
        return (planned.Changes, Assert.Single(result.Disks));
    }

    /// <summary>What a path names, its links followed by the tree that was read.</summary>
    private static string Real(string path, Dictionary<string, string> tree)
    {
        const string Arrow = " -> ";
        var real = "";
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries).SkipLast(1))
        {
            real += "/" + name;
            for (var links = 0; links < 8 && tree.GetValueOrDefault(real) is { } line && line.StartsWith("SymbolicLink", StringComparison.Ordinal); links++)
            {
                var target = line[(line.IndexOf(Arrow, StringComparison.Ordinal) + Arrow.Length)..line.LastIndexOf(" [", StringComparison.Ordinal)];
                real = Path.GetFullPath(target, Path.GetDirectoryName(real)!);
            }
        }

        return $"{real}/{Path.GetFileName(path)}";
    }

    private static bool IsDirectory(string? line) => line?.StartsWith("Directory", StringComparison.Ordinal) == true;

    /// <summary>Every file of a guest as the kernel reads it, by its path: what it is, whose, and its contents.</summary>
    private Dictionary<string, string> ReadTree(string disk, string recipe)
    {
        var mounts = PhonyRecipe.Parse(recipe).Where(s => s.Word == "partition" && s.Arguments is [_, _, ['/', ..], ..])
            .Select(s => (Number: s.Arguments[0], Kind: s.Arguments[1], Point: s.Arguments[2])).ToList();
        using var table = JsonDocument.Parse(ExternalTool.Check("sfdisk", "--json", disk));
        var partitions = table.RootElement.GetProperty("partitiontable").GetProperty("partitions").EnumerateArray()
            .ToDictionary(p => p.GetProperty("node").GetString()![disk.Length..].TrimStart('p'), p => (Start: p.GetProperty("start").GetInt64() * 512, Size: p.GetProperty("size").GetInt64() * 512));
        var root = Directory.CreateDirectory(Path.Combine(_folder, "mounted")).FullName;
        var tree = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (number, kind, point) in mounts)
        {
            var (start, size) = partitions[number];
            if (kind == "vfat")
            {
                // Not every kernel has a driver for it, and mtools need none.
                var copy = Directory.CreateDirectory(Path.Combine(_folder, Guid.NewGuid().ToString())).FullName;
                ExternalTool.Check("mcopy", "-s", "-n", "-i", $"{disk}@@{start}", "::/", copy);
                AddAll(tree, point, copy);
                continue;
            }

            ExternalTool.Check("mount", "-o", $"loop,ro,offset={start},sizelimit={size}", disk, root);
            try
            {
                AddAll(tree, point, root);
            }
            finally
            {
                Mounts.Remove(root);
            }
        }

        return tree;
    }

    private static void AddAll(Dictionary<string, string> tree, string point, string folder) =>
        TreeSnapshot.Of(new KernelTree(folder), Untimed).ForEach(line => Add(tree, point.TrimEnd('/'), line));

    /// <summary>Directories count by whose they are: how long they are, and how many others they hold, follows from the files.</summary>
    private static void Add(Dictionary<string, string> tree, string point, string line)
    {
        string[] kinds = [" Directory ", " Regular ", " SymbolicLink "];
        var end = kinds.Select(k => line.IndexOf(k, StringComparison.Ordinal)).Where(i => i > 0).Min();
        var (path, rest) = (point + line[..end].TrimEnd('/'), line[(end + 1)..]);
        if (path.Length > 0)
        {
            tree[path] = IsDirectory(rest) ? rest[..rest.IndexOf(" links ", StringComparison.Ordinal)] : rest;
        }
    }

    private static WindowsRegistryExport Export(NtfsTestImage image, string root, string hive)
    {
        image.Mount("loop,ro");
        try
        {
            var folder = Directory.GetDirectories(image.MountPoint).Single(d => Path.GetFileName(d).Equals(root, StringComparison.OrdinalIgnoreCase));
            var config = Path.Combine(Directory.GetDirectories(folder).Single(d => Path.GetFileName(d).Equals("system32", StringComparison.OrdinalIgnoreCase)), "config");
            var file = Directory.GetFiles(config).Single(f => Path.GetFileName(f).Equals(hive, StringComparison.OrdinalIgnoreCase));
            return WindowsRegistryExport.Read(image.WriteFile(hive, File.ReadAllBytes(file)));
        }
        finally
        {
            image.Unmount();
        }
    }

    private static string Folder([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../Guests/phony"));
}
