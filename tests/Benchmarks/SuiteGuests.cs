using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace V2V.Benchmarks;

/// <summary>The guests of the suite, made by the scripts of tests/Guests where they are not there yet. Needs what those need: root, and Debian's packages.</summary>
internal sealed class SuiteGuests(string folder)
{
    /// <summary>The raw disk of the Debian guest with ext4, of 2 GiB.</summary>
    public string Debian => Made("table-mbr.raw", "build-debian.sh", "{made}", "--table", "mbr");

    /// <summary>The same one as "sparse/guest.vmdk" (monolithicSparse), "ova/guest.ova" (streamOptimized), "flat/guest.vmx".</summary>
    public string Vmware(string form)
    {
        Made("table-mbr", "make-vmware.sh", Debian, "{made}");
        return Path.Combine(folder, "table-mbr", form);
    }

    public string XfsOnLvm => Made("xfs-lvm.raw", "build-debian.sh", "{made}", "--fs", "xfs", "--lvm");

    public string Windows => Made("windows-2016.raw", "build-windows.sh", "{made}", "--version", "2016", "--size", "4G");

    public string Drivers
    {
        get
        {
            Made("virtio-win", "build-virtio-win.sh", "{made}", "--iso", Path.Combine(folder, "virtio-win.iso"));
            return Path.Combine(folder, "virtio-win.iso");
        }
    }

    /// <summary>The Debian guest on a disk of this size ("10G", "1T"), with 1400 MiB more data.</summary>
    public string Grown(string size) => Made($"grown-{size}.raw", "grow-debian.sh", Debian, "{made}", size, "0");

    /// <summary>The Debian guest on a disk of 10 GiB, with so many files more.</summary>
    public string WithFiles(string count) => Made($"files-{count}.raw", "grow-debian.sh", Debian, "{made}", "10G", count);

    private string Made(string name, string script, params string[] arguments)
    {
        var made = Path.Combine(folder, name);
        if (Path.Exists(made))
        {
            return made;
        }

        Directory.CreateDirectory(folder);
        Console.Error.WriteLine($"making {name} ...");
        var part = made + ".part";
        using var process = Process.Start(new ProcessStartInfo("bash", [Script(script), .. arguments.Select(a => a == "{made}" ? part : a)])
        {
            RedirectStandardOutput = true,
        })!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{script} ends with {process.ExitCode}.");
        }

        if (Directory.Exists(part))
        {
            Directory.Move(part, made);
        }
        else
        {
            File.Move(part, made);
        }

        return made;
    }

    private static string Script(string name, [CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, name == "grow-debian.sh" ? "." : "../Guests", name);
}
