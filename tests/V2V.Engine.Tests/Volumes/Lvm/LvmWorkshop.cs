using System.Globalization;
using V2V.Engine.Disks;
using V2V.Engine.Tests.Disks;
using V2V.Engine.Volumes;
using Xunit;

namespace V2V.Engine.Tests.Volumes.Lvm;

/// <summary>
/// Disk images on which lvm2 itself makes volume groups, through loop devices and without the device mapper. Everything goes away when disposed.
/// </summary>
internal sealed class LvmWorkshop : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly List<string> _images = [];
    private readonly List<LoopDevice> _loops = [];
    private readonly List<FileDevice> _open = [];

    internal LvmWorkshop(params long[] diskSizes)
    {
        ExternalTool.NeedRoot();
        ExternalTool.Need("lvm", "losetup", "blockdev");
        Directory.CreateDirectory(SystemFolder);
        foreach (var size in diskSizes)
        {
            Attach(AddImage(size), 0, size);
        }
    }

    /// <summary>A device that lvm2 sees, and where it lies.</summary>
    internal sealed record LoopDevice(string Name, int DiskIndex, long Offset, long Length);

    internal IReadOnlyList<LoopDevice> Loops => _loops;

    internal IReadOnlyList<string> Images => _images;

    /// <summary>Patterns of the filter by which lvm2 sees its devices; null for the test's own devices.</summary>
    internal string? Filter { get; set; }

    private string SystemFolder => _folder["lvm"];

    public void Dispose()
    {
        CloseDisks();
        foreach (var loop in _loops)
        {
            ExternalTool.Run("losetup", "-d", loop.Name);
        }

        foreach (var image in _images)
        {
            Mounts.WaitForLoopDevices(image);
        }

        _folder.Dispose();
    }

    /// <summary>Adds a disk partitioned by sfdisk; each partition becomes a device that lvm2 sees.</summary>
    internal LvmWorkshop AddPartitionedDisk(long size, string script)
    {
        var disk = AddImage(size);
        var (exitCode, output) = ExternalTool.RunWithInput(script, "sfdisk", "--no-reread", "--no-tell-kernel", "-q", _images[disk]);
        Assert.True(exitCode == 0, output);
        foreach (var line in ExternalTool.Check("sfdisk", "-d", _images[disk]).Split('\n').Where(l => l.Contains("start=", StringComparison.Ordinal)))
        {
            long Field(string name) => long.Parse(line.Split(name + "=")[1].Split(',')[0], CultureInfo.InvariantCulture) * 512;
            Attach(disk, Field("start"), Field("size"));
        }

        return this;
    }

    /// <summary>Runs a command of lvm2; "{0}" is the first device. New volumes are neither activated nor cleared, which needs the device mapper.</summary>
    internal string Lvm(string command)
    {
        var (exitCode, output) = TryLvm(command);
        Assert.True(exitCode == 0, $"lvm {command} ended with {exitCode}: {output}");
        return output;
    }

    internal (int ExitCode, string Output) TryLvm(string command)
    {
        var words = string.Format(CultureInfo.InvariantCulture, command, [.. _loops.Select(l => (object)l.Name)]).Split(' ', StringSplitOptions.RemoveEmptyEntries).ToList();
        if (words[0] == "lvcreate")
        {
            words.AddRange(["-an", "-Zn", "-Wn", "-y"]);
        }

        var filter = Filter ?? string.Join(", ", _loops.Select(l => $"\"a|^{l.Name}$|\"").Append("\"r|.*|\""));
        File.WriteAllText(
            Path.Combine(SystemFolder, "lvm.conf"),
            $$"""
            devices { use_devicesfile=0 hints="none" filter=[ {{filter}} ] }
            activation { udev_sync=0 udev_rules=0 monitoring=0 }
            backup { backup=0 archive=0 }
            global { use_lvmpolld=0 locking_dir="{{SystemFolder}}" }
            """);
        return ExternalTool.Run(
            "env", [$"LVM_SYSTEM_DIR={SystemFolder}", "LVM_SUPPRESS_FD_WARNINGS=1", "lvm", .. words, "--driverloaded", "n"]);
    }

    /// <summary>The settings of section "devices" as lvm2 reads them from a configuration.</summary>
    internal string LvmConfig(string configuration)
    {
        File.WriteAllText(Path.Combine(SystemFolder, "lvm.conf"), configuration);
        return ExternalTool.Check("env", $"LVM_SYSTEM_DIR={SystemFolder}", "LVM_SUPPRESS_FD_WARNINGS=1", "lvm", "lvmconfig", "devices");
    }

    /// <summary>The lines that a reporting command prints, split at '|'.</summary>
    internal IReadOnlyList<string[]> Report(string command) =>
        [.. Lvm($"{command} --noheadings --units b --nosuffix --separator |").Split('\n')
            .Where(l => l.Contains('|') && !l.Contains("WARNING", StringComparison.Ordinal)).Select(l => l.Trim().Split('|'))];

    /// <summary>The group's metadata as text, changed, checked by lvm2 and written back.</summary>
    internal void Rewrite(string group, Func<string, string> change)
    {
        var file = _folder["group.txt"];
        Lvm($"vgcfgbackup -f {file} {group}");
        File.WriteAllText(file, change(File.ReadAllText(file)));
        Lvm($"vgcfgrestore --force -y -f {file} {group}");
    }

    /// <summary>Opens the disks anew and looks for volumes.</summary>
    internal IReadOnlyList<Volume> Discover() => Discover([.. Enumerable.Range(0, _images.Count)]);

    internal IReadOnlyList<Volume> Discover(params int[] disks)
    {
        CloseDisks();
        _open.AddRange(disks.Select(d => new FileDevice(_images[d])));
        return GuestVolumes.Discover([.. _open.Cast<WritableBlockDevice>()]);
    }

    /// <summary>Lets lvm2 see what was written to the images.</summary>
    internal void Sync()
    {
        CloseDisks();
        foreach (var loop in _loops)
        {
            ExternalTool.Check("blockdev", "--flushbufs", loop.Name);
        }
    }

    internal string CopyImage(int disk)
    {
        var copy = _folder[$"copy{disk}.img"];
        File.Copy(_images[disk], copy, overwrite: true);
        _images.Add(copy);
        return copy;
    }

    private int AddImage(long size)
    {
        var path = _folder[$"disk{_images.Count}.img"];
        using (var file = File.Create(path))
        {
            file.SetLength(size);
        }

        _images.Add(path);
        return _images.Count - 1;
    }

    private void Attach(int disk, long offset, long length)
    {
        string[] options = ["--find", "--show", "--offset", $"{offset}", "--sizelimit", $"{length}", _images[disk]];
        _loops.Add(new LoopDevice(ExternalTool.Check("losetup", options).Trim(), disk, offset, length));
    }

    private void CloseDisks()
    {
        _open.ForEach(d => d.Dispose());
        _open.Clear();
    }
}
