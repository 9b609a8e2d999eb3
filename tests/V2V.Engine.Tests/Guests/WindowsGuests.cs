using System.Text.Json;
using V2V.Engine.Tests.FileSystems.Ntfs;

namespace V2V.Engine.Tests.Guests;

/// <summary>Disks that look like those of Windows guests, and trees of virtio drivers, built by tests/Guests. Deleted when disposed.</summary>
public sealed class WindowsGuests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("v2v-windows-");
    private readonly Lock _building = new();

    /// <summary>A guest's disk; each call with other options makes another.</summary>
    /// <param name="options">Of build-windows.sh, separated by spaces; "DATA" stands for the path of the second disk.</param>
    internal string Disk(string options)
    {
        ExternalTool.Need("mkntfs", "ntfs-3g", "sfdisk", "setfattr", "perl", "hivexregedit", "mkfs.vfat", "mcopy");
        ExternalTool.NeedRoot();
        lock (_building)
        {
            var disk = Path.Combine(_folder.FullName, options.Replace("--", "", StringComparison.Ordinal).Replace(' ', '-') + ".raw");
            if (!File.Exists(disk))
            {
                ExternalTool.Check(DebianGuests.Script("build-windows.sh"), [disk + ".part", .. options.Split(' ').Select(o => o == "DATA" ? DataDisk(disk) : o)]);
                File.Move(disk + ".part", disk);
            }

            return disk;
        }
    }

    /// <summary>The second disk of a guest that was built with "--data-disk DATA".</summary>
    internal static string DataDisk(string disk) => Path.ChangeExtension(disk, ".data");

    /// <summary>A folder of drivers, laid out as the ISO of virtio-win.</summary>
    /// <param name="options">Of build-virtio-win.sh, separated by spaces; "ISO" stands for the path of an ISO file that is returned instead.</param>
    internal string Drivers(string options = "")
    {
        ExternalTool.Need("perl");
        lock (_building)
        {
            var folder = Path.Combine(_folder.FullName, "drivers" + options.Replace("--", "-", StringComparison.Ordinal).Replace(' ', '-').Replace('/', '+'));
            if (!Directory.Exists(folder))
            {
                ExternalTool.Check(
                    DebianGuests.Script("build-virtio-win.sh"), [folder, .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(o => o == "ISO" ? folder + ".iso" : o)]);
            }

            return options.Contains("ISO", StringComparison.Ordinal) ? folder + ".iso" : folder;
        }
    }

    /// <summary>A copy of the largest partition of a disk: the volume with Windows on it.</summary>
    internal static NtfsTestImage Volume(string disk)
    {
        const int SectorSize = 512;
        using var table = JsonDocument.Parse(ExternalTool.Check("sfdisk", "--json", disk));
        var partition = table.RootElement.GetProperty("partitiontable").GetProperty("partitions").EnumerateArray().MaxBy(p => p.GetProperty("size").GetInt64());
        return new NtfsTestImage(disk, partition.GetProperty("start").GetInt64() * SectorSize, partition.GetProperty("size").GetInt64() * SectorSize);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
