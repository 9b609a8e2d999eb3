using V2V.Engine.Disks.Transports;
using V2V.Engine.Disks.Transports.Archives;
using V2V.Engine.Targets;

namespace V2V.Benchmarks;

/// <summary>The commands that do the same work, or a part of it.</summary>
internal static class Contenders
{
    public static IReadOnlyList<Contender> For(BenchmarkOptions options)
    {
        var contenders = new List<Contender>
        {
            V2v(options, "convert", "V2V, whole conversion (flushes)") with { OutputIsFolder = true },
            V2v(options, "copy", "V2V, copy only (flushes)"),
            QemuImg(options, "qemu-img convert") with { IsYardstick = true },
            QemuImg(options, "qemu-img convert -m 8 -W", "-m", "8", "-W"),
            QemuImg(options, "qemu-img convert -t writeback (flushes)", "-t", "writeback"),
            Cp(options),
        };
        if (options.WithVirtV2v)
        {
            contenders.Add(VirtV2v(options));
        }

        return contenders;
    }

    private static Contender V2v(BenchmarkOptions options, string work, string name)
    {
        var output = Path.Combine(options.WorkFolder, $"v2v-{work}");
        string[] arguments = [Worker.Verb, work, options.Source, output, $"{options.Format}", $"{options.Compression}"];
        return new Contender(name, Environment.ProcessPath!, arguments, output) { PrintsPhases = true };
    }

    private static Contender QemuImg(BenchmarkOptions options, string name, params string[] more)
    {
        var output = Path.Combine(options.WorkFolder, "qemu-img");
        var arguments = new List<string> { "convert", "-O", Word(options.Format) };
        arguments.AddRange(more);
        if (options.Compression != ImageCompression.None)
        {
            arguments.AddRange("-c", "-o", options.Compression == ImageCompression.Zstd ? "compression_type=zstd" : "compression_type=zlib");
        }

        arguments.AddRange(QemuSource(options), output);
        return new Contender(name, "qemu-img", arguments, output);
    }

    /// <summary>Copies the source's files as they are: what the file system alone takes.</summary>
    private static Contender Cp(BenchmarkOptions options)
    {
        var output = Path.Combine(options.WorkFolder, "cp");
        var (archive, _) = InArchive(options);
        string[] files = [archive ?? options.Guest.Disks[0].Path];
        if (archive is null)
        {
            var name = Path.GetFileNameWithoutExtension(files[0]);
            files = Directory.GetFiles(Path.GetDirectoryName(files[0])!, $"{name}*{Path.GetExtension(files[0])}");
        }

        return new Contender("cp --sparse=always", "cp", ["--sparse=always", .. files, output], output) { OutputIsFolder = true };
    }

    private static Contender VirtV2v(BenchmarkOptions options)
    {
        var output = Path.Combine(options.WorkFolder, "virt-v2v");
        var input = Path.GetExtension(options.Source).ToUpperInvariant() switch
        {
            ".VMX" => "vmx",
            ".OVA" => "ova",
            _ => "disk",
        };
        string[] arguments = ["-i", input, options.Source, "-o", "local", "-os", output, "-of", Word(options.Format), "-on", "guest"];
        return new Contender("virt-v2v (appliance under TCG)", "virt-v2v", arguments, output)
        {
            OutputIsFolder = true,
            RunsOnce = true,
            Environment = new Dictionary<string, string>
            {
                ["LIBGUESTFS_BACKEND"] = "direct",
                ["LIBGUESTFS_BACKEND_SETTINGS"] = "force_tcg",
            },
        };
    }

    /// <summary>The disk as QEMU opens it; in an archive by its position there.</summary>
    private static string QemuSource(BenchmarkOptions options)
    {
        var disk = options.Guest.Disks[0];
        if (InArchive(options) is not ({ } archive, { } member))
        {
            return Json(disk.Format, File(disk.Path));
        }

        var part = $$"""{"driver":"raw","offset":{{member.Offset}},"size":{{member.Length}},"file":{{File(archive)}} }""";
        return Json(disk.Format, part);

        static string File(string path) => $$"""{"driver":"file","filename":"{{path}}"}""";
        static string Json(string driver, string file) => $$"""json:{"driver":"{{driver}}","file":{{file}} }""";
    }

    private static (string? Archive, TarEntry? Member) InArchive(BenchmarkOptions options)
    {
        if (!options.Source.EndsWith(".ova", StringComparison.OrdinalIgnoreCase))
        {
            return (null, null);
        }

        var archive = TarStore.Read(() => HostFile.Open(options.Source));
        return (options.Source, archive.Entries.Single(e => options.Guest.Disks[0].Path.EndsWith(e.Name, StringComparison.Ordinal)));
    }

    private static string Word(ImageFormat format) => format == ImageFormat.Qcow2 ? "qcow2" : "raw";
}
