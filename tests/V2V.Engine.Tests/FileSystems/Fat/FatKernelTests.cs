using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using V2V.Engine.Tests.Guests;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Fat;

/// <summary>
/// Runs <see cref="FatDifferentialTests"/> where this machine's kernel has no vfat (a container's host, for one): in Debian's kernel under QEMU,
/// which sees this machine's files, unchangeable, over virtio-9p.
/// </summary>
[Collection(DebianGuestsCollection.Name)]
[Trait("Category", "Slow")]
public sealed partial class FatKernelTests : IDisposable
{
    private const string Modules = "/lib/modules";

    /// <summary>It takes two to three minutes; under other load more.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(9);

    private static readonly string[] s_drivers = ["virtio_pci", "9pnet_virtio", "9p", "loop", "vfat", "nls_cp437", "nls_ascii", "nls_iso8859-1", "nls_utf8"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("v2v-vfat-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Engine_and_kernel_agree_where_this_machine_has_no_vfat()
    {
        Assert.SkipWhen(HasVfat(), "this machine's kernel has vfat, so that FatDifferentialTests run in it");
        ExternalTool.Need("qemu-system-x86_64", "busybox", "cpio", "modprobe", "dotnet", "mkfs.fat", "mcopy");
        var (version, kernel) = FindKernel();
        var image = MakeInitramfs(version);

        var console = Path.Combine(_folder.FullName, "console");
        var (exitCode, output) = ExternalTool.RunWithin(
            Limit,
            "",
            "qemu-system-x86_64",
            "-accel", "tcg", "-cpu", "max", "-smp", "2", "-m", "3072", "-nodefaults", "-no-reboot", "-display", "none",
            "-serial", $"file:{console}", "-device", "virtio-rng-pci", "-kernel", kernel, "-initrd", image, "-append", "console=ttyS0 quiet panic=-1",
            "-fsdev", "local,id=host,path=/,security_model=none,readonly=on,multidevs=remap", "-device", "virtio-9p-pci,fsdev=host,mount_tag=host");

        var told = File.Exists(console) ? File.ReadAllText(console) : "";
        var summary = Summary().Match(told);
        var tail = string.Join('\n', told.Split('\n').TakeLast(60));
        Assert.True(exitCode == 0 && summary.Success, $"The kernel did not end the tests: QEMU ended with {exitCode}. {output}\n{tail}");
        var (total, errors, failed, skipped) = (Number(1), Number(2), Number(3), Number(4));
        var cases = typeof(FatDifferentialTests).GetMethods().Sum(m => m.GetCustomAttributes<InlineDataAttribute>().Count());
        Assert.True(total == cases && errors == 0 && failed == 0 && skipped == 0 && told.Contains("\nENDED 0", StringComparison.Ordinal), tail);

        int Number(int group) => int.Parse(summary.Groups[group].Value, CultureInfo.InvariantCulture);
    }

    private static bool HasVfat()
    {
        _ = ExternalTool.Run("modprobe", "vfat");
        return File.ReadLines("/proc/filesystems").Any(l => l.EndsWith("\tvfat", StringComparison.Ordinal));
    }

    /// <summary>An installed kernel whose modules are there too.</summary>
    private static (string Version, string Image) FindKernel()
    {
        var installed = Directory.Exists(Modules) ? Directory.GetDirectories(Modules).Select(Path.GetFileName).OfType<string>() : [];
        var version = installed.Order(StringComparer.Ordinal)
            .LastOrDefault(v => File.Exists($"/boot/vmlinuz-{v}") && File.Exists($"{Modules}/{v}/modules.dep"));
        Assert.SkipWhen(version is null, "needs linux-image-amd64");
        return (version!, $"/boot/vmlinuz-{version}");
    }

    /// <summary>busybox, the modules in the order in which they have to be loaded, and what runs the tests.</summary>
    private string MakeInitramfs(string version)
    {
        var root = _folder.CreateSubdirectory("root").FullName;
        foreach (var name in new[] { "bin", "dev", "proc", "sys", "host", "modules" })
        {
            Directory.CreateDirectory(Path.Combine(root, name));
        }

        ExternalTool.Check("cp", ExternalTool.Check("sh", "-c", "command -v busybox").Trim(), Path.Combine(root, "bin", "busybox"));
        var load = new List<string>();
        foreach (var line in s_drivers.SelectMany(d => ExternalTool.Check("modprobe", "-S", version, "--show-depends", d).Split('\n')))
        {
            // "insmod FILE", or "builtin NAME".
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 1 && words[0] == "insmod" && !load.Contains(Path.GetFileName(words[1])))
            {
                load.Add(Path.GetFileName(words[1]));
                ExternalTool.Check("cp", words[1], Path.Combine(root, "modules"));
            }
        }

        var assembly = typeof(FatKernelTests).Assembly.Location;
        var dotnet = Environment.ProcessPath is { } path && Path.GetFileName(path) == "dotnet" ? path : ExternalTool.Check("sh", "-c", "command -v dotnet").Trim();

        // What is written in this must not hide what is run.
        var scratch = new[] { "/tmp", "/mnt", "/media" }.First(d => Directory.Exists(d) && !$"{assembly} {dotnet}".Contains(d + "/", StringComparison.Ordinal));
        var init = Path.Combine(root, "init");
        File.WriteAllText(
            init,
            $"""
            #!/bin/busybox sh
            /bin/busybox --install /bin
            mount -t proc proc /proc
            mount -t sysfs sys /sys
            mount -t devtmpfs dev /dev
            for m in {string.Join(' ', load)}; do insmod /modules/$m; done
            mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro host /host || echo no files
            for d in proc sys dev; do mount -o bind /$d /host/$d; done
            for d in {scratch} /run; do mount -t tmpfs -o size=2g tmp /host$d; done
            export HOME={scratch} TMPDIR={scratch} PATH=/usr/sbin:/usr/bin:/sbin:/bin DOTNET_EnableDiagnostics=0 DOTNET_TieredPGO=0
            chroot /host {dotnet} exec {assembly} -noLogo -noColor -class {typeof(FatDifferentialTests).FullName}
            echo "ENDED $?"
            poweroff -f

            """);
        ExternalTool.Check("chmod", "755", init);
        var image = Path.Combine(_folder.FullName, "initramfs");
        ExternalTool.Check("sh", "-c", $"cd {root} && find . | cpio -o -H newc --quiet > {image}");
        return image;
    }

    [GeneratedRegex(@"Total: (\d+), Errors: (\d+), Failed: (\d+), Skipped: (\d+)")]
    private static partial Regex Summary();
}
