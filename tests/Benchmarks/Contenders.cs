using System.Globalization;
using System.Runtime.CompilerServices;
using V2V.Engine.Targets;

namespace V2V.Benchmarks;

/// <summary>The commands that do the same work with one source, or a part of it.</summary>
internal sealed class Contenders(BenchmarkSource source, PackagedModule module, string workFolder)
{
    private static readonly Dictionary<string, string> s_appliance = new()
    {
        ["LIBGUESTFS_BACKEND"] = "direct",
        ["LIBGUESTFS_BACKEND_SETTINGS"] = "force_tcg",
    };

    public BenchmarkSource Source => source;

    /// <param name="format">Of the target.</param>
    /// <param name="compression">Of the target.</param>
    /// <param name="drivers">Windows' virtio drivers.</param>
    public Contender Conversion(ImageFormat format, ImageCompression compression = ImageCompression.None, string drivers = "") =>
        V2v("convert", "V2V, whole conversion (flushes)", source.Path, "{output}", $"{format}", $"{compression}", drivers) with { OutputIsFolder = true };

    public Contender Copy(ImageFormat format, ImageCompression compression = ImageCompression.None) =>
        V2v("copy", "V2V, copy only (flushes)", source.Path, "{output}", $"{format}", $"{compression}") with { EqualTo = source.ForQemu };

    public Contender CopyUnflushed(ImageFormat format, ImageCompression compression = ImageCompression.None) =>
        V2v("copy-unflushed", "V2V, copy only", source.Path, "{output}", $"{format}", $"{compression}") with { EqualTo = source.ForQemu };

    /// <summary>Several guests in one process.</summary>
    public Contender Fleet(int guests, int atOnce) =>
        V2v("fleet", Text($"{guests} guests, {atOnce} at once"), source.Path, "{output}", Text($"{guests}"), Text($"{atOnce}")) with { OutputIsFolder = true };

    /// <summary>Opening and inspecting without conversion, several times in one process.</summary>
    public Contender Inspection(int guests, int atOnce) =>
        V2v("inspect", Text($"{guests} guests, {atOnce} at once"), source.Path, Text($"{guests}"), Text($"{atOnce}"));

    /// <summary>Test-V2VGuest with -CheckOnly for many guests of several kinds in one pipeline; see check-guests.ps1.</summary>
    /// <param name="manifest">Of the module.</param>
    /// <param name="sources">Guests of one file each, which take turns.</param>
    /// <param name="linkFolder">On the file system of the guests.</param>
    /// <param name="guests">How many there are in all.</param>
    /// <param name="atOnce">The ThrottleLimit.</param>
    public static Contender CheckGuests(string manifest, IReadOnlyList<string> sources, string linkFolder, int guests, int atOnce)
    {
        var links = Path.Combine(linkFolder, "check-guests");
        string[] arguments = ["-Module", manifest, "-Source", string.Join(',', sources), "-Guests", Text($"{guests}"), "-AtOnce", Text($"{atOnce}"), "-Work", links];
        return Script(Text($"{guests} guests, {atOnce} at once"), "check-guests.ps1", links, arguments);
    }

    /// <summary>The first conversion of a process, by the module with this manifest; see first-guest.ps1.</summary>
    public Contender FirstGuest(string name, string manifest)
    {
        var output = Path.Combine(workFolder, "first-guest");
        return Script(name, "first-guest.ps1", output, ["-Module", manifest, "-Source", source.Path, "-Output", output]) with { OutputIsFolder = true };
    }

    /// <summary>A script of this repository in V2V.Shell, which is built with the benchmarks.</summary>
    public static Contender Script(string name, string script, string output, IEnumerable<string> arguments)
    {
        var build = Path.GetFileName(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)));
        return new Contender(name, "dotnet", ["exec", BesideTheSource($"../../src/V2V.Shell/bin/{build}/net10.0/v2v-shell.dll"), BesideTheSource(script), .. arguments], output)
        {
            PrintsPhases = true,
        };
    }

    public static string BesideTheSource(string path, [CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, path));

    public Contender QemuImg(ImageFormat format, ImageCompression compression, params string[] more)
    {
        var output = Path.Combine(workFolder, "qemu-img");
        var name = "qemu-img convert";
        var arguments = new List<string> { "convert", "-O", Word(format) };
        if (compression != ImageCompression.None)
        {
            string[] compressed = ["-c", "-o", compression == ImageCompression.Zstd ? "compression_type=zstd" : "compression_type=zlib"];
            arguments.AddRange(compressed);
            name += $" {string.Join(' ', compressed)}";
        }

        arguments.AddRange(more);
        name += more.Length > 0 ? $" {string.Join(' ', more)}" : "";
        name += more.Contains("-t") ? " (flushes)" : "";
        arguments.AddRange(source.ForQemu, output);
        return new Contender(name, "qemu-img", arguments, output) { EqualTo = source.ForQemu };
    }

    /// <summary>Copies the source's files as they are: what the file system alone takes.</summary>
    public Contender Cp()
    {
        var output = Path.Combine(workFolder, "cp");
        return new Contender("cp --sparse=always", "cp", ["--sparse=always", .. source.Files, output], output) { OutputIsFolder = true };
    }

    /// <summary>To a raw image, which is all that nbdcopy writes by itself.</summary>
    public Contender NbdCopy(params string[] more)
    {
        var output = Path.Combine(workFolder, "nbdcopy");
        string[] from = source.Disk.Format == "raw" ? [source.Disk.Path] : ["--", "[", "qemu-nbd", "-r", "-f", source.Disk.Format, source.Disk.Path, "]"];
        return new Contender($"nbdcopy {string.Join(' ', more)}".TrimEnd() + (more.Contains("--flush") ? " (flushes)" : ""), "nbdcopy", [.. more, .. from, output], output)
        {
            EqualTo = source.ForQemu,
        };
    }

    /// <param name="format">Of the target.</param>
    /// <param name="drivers">Windows' virtio drivers, for a Windows guest.</param>
    public Contender VirtV2v(ImageFormat format, string drivers = "")
    {
        var output = Path.Combine(workFolder, "virt-v2v");
        var input = Path.GetExtension(source.Path).ToUpperInvariant() switch
        {
            ".VMX" => "vmx",
            ".OVA" => "ova",
            _ => "disk",
        };
        string[] arguments = ["-i", input, source.Path, "-o", "local", "-os", output, "-of", Word(format), "-on", "guest"];
        return new Contender("virt-v2v (appliance under TCG)", "virt-v2v", arguments, output)
        {
            OutputIsFolder = true,
            IsOptional = true,
            Environment = drivers.Length == 0 ? s_appliance : new Dictionary<string, string>(s_appliance)
            {
                ["VIRTIO_WIN"] = drivers,
                ["VIRT_TOOLS_DATA_DIR"] = WindowsTools(),
            },
        };
    }

    public static Contender Dd(string name, string workFolder, string from, string? options)
    {
        var output = Path.Combine(workFolder, "dd");
        string[] arguments = [$"if={from}", $"of={(options is null ? "/dev/null" : output)}", "bs=1M", .. options is null or "" ? Array.Empty<string>() : [options]];
        return new Contender(name, "dd", arguments, output);
    }

    /// <summary>virt-v2v puts a program into Windows that starts its first-boot scripts, and fails where it is not installed. It is not run here.</summary>
    private string WindowsTools()
    {
        var folder = Path.Combine(workFolder, "virt-tools");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "rhsrvany.exe"), "MZ");
        return folder;
    }

    private Contender V2v(string work, string name, params string[] arguments)
    {
        var output = Path.Combine(workFolder, $"v2v-{work}");
        string[] command = ["exec", module.WorkerAssembly, Worker.Verb, work, .. arguments.Select(a => a == "{output}" ? output : a)];
        return new Contender(name, "dotnet", command, output)
        {
            PrintsPhases = true,
        };
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Word(ImageFormat format) => format == ImageFormat.Qcow2 ? "qcow2" : "raw";
}
