using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Xunit;

namespace V2V.Engine.Tests;

/// <summary>
/// Runs test classes where this machine's kernel lacks what they need (a container's host, for one): in Debian's kernel under QEMU, which sees this
/// machine's files over virtio-9p. It may write anywhere: that stays in its memory.
/// </summary>
internal sealed partial class DebianKernel : IDisposable
{
    private const string Modules = "/lib/modules";

    private static readonly string[] s_drivers = ["virtio_pci", "virtio_rng", "9pnet_virtio", "9p", "overlay", "loop max_part=15"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("v2v-kernel-");
    private readonly string _version;

    public DebianKernel()
    {
        ExternalTool.Need("qemu-system-x86_64", "busybox", "cpio", "modprobe", "dotnet");
        var installed = Directory.Exists(Modules) ? Directory.GetDirectories(Modules).Select(Path.GetFileName).OfType<string>() : [];
        var version = installed.Order(StringComparer.Ordinal)
            .LastOrDefault(v => File.Exists($"/boot/vmlinuz-{v}") && File.Exists($"{Modules}/{v}/modules.dep"));
        Assert.SkipWhen(version is null, "needs linux-image-amd64");
        _version = version!;
    }

    /// <summary>Modules that the tests need, with their parameters: "loop max_part=15".</summary>
    public required IReadOnlyList<string> Drivers { get; init; }

    /// <summary>What runs before the tests, as lines of a shell script in the machine's own tree.</summary>
    public IReadOnlyList<string> Preparation { get; init; } = [];

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>Runs a class of this assembly, and demands that each of its cases ran and passed.</summary>
    /// <param name="tests">The class, whose cases are all theories with inline data.</param>
    /// <param name="limit">When the kernel hangs.</param>
    public void Run(Type tests, TimeSpan limit)
    {
        var cases = tests.GetMethods().Sum(m => m.GetCustomAttributes<InlineDataAttribute>().Count());
        var image = MakeInitramfs(tests);
        var console = Path.Combine(_folder.FullName, "console");
        var (exitCode, output) = ExternalTool.RunWithin(
            limit,
            "",
            "qemu-system-x86_64",
            "-accel", "tcg", "-cpu", "max", "-smp", "2", "-m", "3072", "-nodefaults", "-no-reboot", "-display", "none",
            "-serial", $"file:{console}", "-device", "virtio-rng-pci", "-kernel", $"/boot/vmlinuz-{_version}", "-initrd", image, "-append", "console=ttyS0 quiet panic=-1",
            "-fsdev", "local,id=host,path=/,security_model=none,readonly=on,multidevs=remap", "-device", "virtio-9p-pci,fsdev=host,mount_tag=host");

        var told = File.Exists(console) ? File.ReadAllText(console) : "";
        var summary = Summary().Match(told);
        var tail = string.Join('\n', told.Split('\n').TakeLast(60));
        Assert.True(exitCode == 0 && summary.Success, $"The kernel did not end the tests: QEMU ended with {exitCode}. {output}\n{tail}");
        var (total, errors, failed, skipped) = (Number(1), Number(2), Number(3), Number(4));
        Assert.True(total == cases && errors == 0 && failed == 0 && skipped == 0 && told.Contains("\nENDED 0", StringComparison.Ordinal), tail);

        int Number(int group) => int.Parse(summary.Groups[group].Value, CultureInfo.InvariantCulture);
    }

    /// <summary>busybox, the modules in the order in which they have to be loaded, and what runs the tests.</summary>
    private string MakeInitramfs(Type tests)
    {
        var root = _folder.CreateSubdirectory("root").FullName;
        foreach (var name in new[] { "bin", "dev", "proc", "sys", "host", "written", "root", "modules" })
        {
            Directory.CreateDirectory(Path.Combine(root, name));
        }

        ExternalTool.Check("cp", ExternalTool.Check("sh", "-c", "command -v busybox").Trim(), Path.Combine(root, "bin", "busybox"));
        var assembly = tests.Assembly.Location;
        var dotnet = Environment.ProcessPath is { } path && Path.GetFileName(path) == "dotnet" ? path : ExternalTool.Check("sh", "-c", "command -v dotnet").Trim();

        // What is mounted on this must not hide what is run.
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
            {string.Join('\n', LoadModules(Path.Combine(root, "modules")))}
            mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro host /host || echo no files
            mount -t tmpfs -o size=1g written /written
            mkdir /written/upper /written/work
            mount -t overlay -o lowerdir=/host,upperdir=/written/upper,workdir=/written/work all /root || echo no overlay
            for d in proc sys dev; do mount -o bind /$d /root/$d; done
            mkdir -p /dev/pts /dev/shm
            mount -t devpts pts /dev/pts
            for d in {scratch} /run /dev/shm; do mount -t tmpfs -o size=1g tmp /root$d; done
            ip link set lo up
            cat > /root/run/tests.sh <<'END'
            export HOME={scratch} TMPDIR={scratch} PATH=/usr/sbin:/usr/bin:/sbin:/bin DOTNET_EnableDiagnostics=0 DOTNET_TieredPGO=0
            {string.Join('\n', Preparation)}
            {dotnet} exec {assembly} -noLogo -noColor -class {tests.FullName}
            echo "ENDED $?"
            END
            chroot /root sh /run/tests.sh
            poweroff -f

            """);
        ExternalTool.Check("chmod", "755", init);
        var image = Path.Combine(_folder.FullName, "initramfs");
        ExternalTool.Check("sh", "-c", $"cd {root} && find . | cpio -o -H newc --quiet > {image}");
        return image;
    }

    /// <summary>Copies the modules and returns what loads them.</summary>
    private List<string> LoadModules(string folder)
    {
        var load = new List<string>();
        foreach (var driver in s_drivers.Concat(Drivers))
        {
            var (name, parameters) = (driver.Split(' ')[0], driver.Split(' ')[1..]);
            foreach (var line in ExternalTool.Check("modprobe", "-S", _version, "--show-depends", name).Split('\n'))
            {
                // "insmod FILE", or "builtin NAME".
                var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (words.Length > 1 && words[0] == "insmod" && !load.Exists(l => l.Split(' ')[1] == $"/modules/{Path.GetFileName(words[1])}"))
                {
                    var isIt = Path.GetFileNameWithoutExtension(words[1]).Replace('-', '_') == name.Replace('-', '_');
                    load.Add(string.Join(' ', ["insmod", $"/modules/{Path.GetFileName(words[1])}", .. isIt ? parameters : []]));
                    ExternalTool.Check("cp", words[1], folder);
                }
            }
        }

        return load;
    }

    [GeneratedRegex(@"Total: (\d+), Errors: (\d+), Failed: (\d+), Skipped: (\d+)")]
    private static partial Regex Summary();
}
