using System.Globalization;
using System.Text;
using V2V.Engine.Disks;
using V2V.Engine.FileSystems;
using V2V.Engine.Sources;
using V2V.Engine.Tests.Disks;
using V2V.Engine.Tests.Volumes.Lvm;
using V2V.Engine.Volumes;

namespace V2V.Engine.Tests.Guests.Phony;

/// <summary>
/// A phony guest on a real disk: partitioned by sfdisk, with volume groups made by lvm2 and file systems made by their own programs, which put
/// the recipe's files there.
/// </summary>
internal sealed class PhonyDisk : IDisposable
{
    private const long MiB = 1 << 20;

    /// <summary>lvm2's own.</summary>
    private const long ExtentSize = 4 * MiB;

    private readonly TestFolder _folder = new();
    private readonly LvmWorkshop _workshop = new();
    private readonly PhonyLinux _phony;

    public PhonyDisk(PhonyLinux phony)
    {
        ExternalTool.Need("sfdisk", "mke2fs", "mkfs.xfs", "mkfs.vfat", "mcopy", "mkswap", "python3", "dd");
        _phony = phony;
        var partitions = phony.Volumes.Where(v => v.Volume.Kind != VolumeKind.LogicalVolume).ToList();
        _workshop.AddPartitionedDisk(partitions.Sum(p => Size(p) + 2 * MiB) + 8 * MiB, Script(partitions));
        var places = Places();
        foreach (var volume in phony.Volumes)
        {
            var number = volume.Volume.PartitionNumber;
            if (volume.Kind == "lvm")
            {
                CreateGroup(places[number!.Value]);
            }
            else if (volume.Volume.Kind == VolumeKind.LogicalVolume)
            {
                CreateLogicalVolume(volume);
            }
            else if (volume.Kind != "biosboot")
            {
                Write(volume, places[number!.Value]);
            }
        }

        // Only now, because partitioning programs clear the first sector.
        _workshop.Sync();
        using var image = File.OpenWrite(Image);
        image.Write(phony.BootSector.AsSpan(0, 440));
        foreach (var volume in partitions.Where(p => p.Volume.IsActive))
        {
            // ext leaves its first KiB to a boot loader.
            var sector = new byte[512];
            volume.Volume.Device.Read(0, sector);
            image.Position = places[volume.Volume.PartitionNumber!.Value];
            image.Write(sector);
        }
    }

    private string Image => _workshop.Images[0];

    public SourceGuest Source => _phony.Source with
    {
        Disks = [_phony.Source.Disks[0] with { Path = Image, Format = "raw", Capacity = new FileInfo(Image).Length, Open = () => DiskImages.Open(Image, new DiskOpenOptions { Format = "raw" }) }],
    };

    public void Dispose()
    {
        _workshop.Dispose();
        _folder.Dispose();
    }

    /// <summary>The least that mkfs.xfs makes is 300 MB; what a conversion writes to needs some room.</summary>
    private long Size(PhonyVolume volume) => volume.Kind switch
    {
        "biosboot" => MiB,
        "swap" => 16 * MiB,
        "vfat" => 96 * MiB,
        "xfs" => 304 * MiB,
        "lvm" => _phony.Volumes.Where(v => v.Volume.Kind == VolumeKind.LogicalVolume).Sum(Size) + 2 * ExtentSize,
        _ => 256 * MiB,
    };

    private string Script(List<PhonyVolume> partitions)
    {
        var script = new StringBuilder(_phony.Table == "gpt" ? "label: gpt\n" : "label: dos\nlabel-id: 0x5ad1c0d0\n");
        if (_phony.Table == "mbr" && partitions.Any(p => p.Volume.PartitionNumber > 4))
        {
            var logical = partitions.Where(p => p.Volume.PartitionNumber > 4).Sum(p => Size(p) + 2 * MiB);
            script.Append(CultureInfo.InvariantCulture, $"2 : start={(2 * MiB + partitions.Where(p => p.Volume.PartitionNumber <= 4).Sum(p => Size(p) + MiB)) / 512}, size={logical / 512}, type=5\n");
        }

        foreach (var partition in partitions)
        {
            var type = (_phony.Table, partition.Kind) switch
            {
                ("gpt", "lvm") => "E6D6D379-F507-44C2-A23C-238F2A3DF928",
                ("gpt", _) => partition.Volume.GptType.ToString()!,
                (_, "lvm") => "8e",
                (_, "swap") => "82",
                _ => "83",
            };
            script.Append(CultureInfo.InvariantCulture, $"{partition.Volume.PartitionNumber} : size={Size(partition) / 512}, type={type}")
                .Append(_phony.Table == "gpt" ? $", uuid={partition.Volume.PartitionUuid}" : "").Append(partition.Volume.IsActive ? ", bootable\n" : "\n");
        }

        return script.ToString();
    }

    /// <summary>Where each partition lies, by its number.</summary>
    private Dictionary<int, long> Places() => ExternalTool.Check("sfdisk", "-d", Image).Split('\n')
        .Where(l => l.Contains("start=", StringComparison.Ordinal))
        .ToDictionary(
            l => int.Parse(l.Split(':')[0].Trim()[Image.Length..].TrimStart('p'), CultureInfo.InvariantCulture),
            l => long.Parse(l.Split("start=")[1].Split(',')[0], CultureInfo.InvariantCulture) * 512);

    private void CreateGroup(long offset)
    {
        var device = _workshop.Loops.Single(l => l.Offset == offset).Name;
        _workshop.Lvm($"pvcreate -ff -y {device}");
        _workshop.Lvm($"vgcreate {Group} {device}");
    }

    private string Group => _phony.Volumes.First(v => v.Volume.Kind == VolumeKind.LogicalVolume).Volume.VolumeGroup!;

    private void CreateLogicalVolume(PhonyVolume volume)
    {
        _workshop.Lvm($"lvcreate -l {Size(volume) / ExtentSize} -n {volume.Volume.LogicalVolume} {Group}");
        // "/dev/loop0:12-30": the volumes are made one after the other, so each has one piece.
        var range = _workshop.Report($"lvs -o lv_name,seg_pe_ranges {Group}/{volume.Volume.LogicalVolume}").Single()[1];
        var (device, extents) = range.Split(':') is [var d, var e] ? (d, e) : throw new InvalidOperationException(range);
        var start = long.Parse(_workshop.Report($"pvs -o pv_name,pe_start {device}").Single()[1], CultureInfo.InvariantCulture);
        _workshop.Sync();
        Write(volume, _workshop.Loops.Single(l => l.Name == device).Offset + start + long.Parse(extents.Split('-')[0], CultureInfo.InvariantCulture) * ExtentSize);
    }

    /// <summary>Makes a volume's content in a file of its own and copies it to its place on the disk.</summary>
    private void Write(PhonyVolume volume, long offset)
    {
        var file = _folder["volume"];
        using (var empty = File.Create(file))
        {
            empty.SetLength(Size(volume));
        }

        switch (volume.Kind)
        {
            case "swap":
                ExternalTool.Check("mkswap", "-q", "-U", volume.Uuid!, file);
                break;
            case "vfat":
                ExternalTool.Check("mkfs.vfat", "-i", volume.Uuid!.Replace("-", "", StringComparison.Ordinal), file);
                if (Directory.GetFileSystemEntries(Export(volume)) is { Length: > 0 } entries)
                {
                    ExternalTool.Check("mcopy", ["-s", "-i", file, .. entries, "::/"]);
                }

                break;
            case "xfs":
                ExternalTool.Check("mkfs.xfs", "-q", "-f", "-m", $"uuid={volume.Uuid}", file);
                CopyMounted(file, volume);
                break;
            default:
                ExternalTool.Check("mke2fs", "-q", "-F", "-t", volume.Kind, "-U", volume.Uuid!, "-L", volume.FileSystem!.Label ?? "", "-d", Export(volume), file);
                break;
        }

        ExternalTool.Check("dd", $"if={file}", $"of={Image}", "bs=64K", $"seek={offset}", "oflag=seek_bytes", "conv=sparse,notrunc", "status=none");
    }

    /// <summary>mkfs.xfs takes no directory, so the kernel writes the files.</summary>
    private void CopyMounted(string file, PhonyVolume volume)
    {
        var tree = Export(volume);
        var mountPoint = Directory.CreateDirectory(_folder["mounted"]).FullName;
        ExternalTool.Check("mount", "-t", "xfs", "-o", "loop", file, mountPoint);
        ExternalTool.Check("cp", "-a", $"{tree}/.", mountPoint);
        Label(volume, mountPoint);
        Mounts.Remove(mountPoint);
        Mounts.WaitForLoopDevices(file);
    }

    /// <summary>The files of a volume in a directory of the host, with their modes and labels.</summary>
    private string Export(PhonyVolume volume)
    {
        var tree = _folder["tree"];
        if (Directory.Exists(tree))
        {
            Directory.Delete(tree, recursive: true);
        }

        Directory.CreateDirectory(tree);
        var fileSystem = volume.FileSystem!;
        void Walk(string path)
        {
            foreach (var entry in fileSystem.Enumerate(path))
            {
                var inside = $"{path.TrimEnd('/')}/{entry.Name}";
                var outside = tree + inside;
                switch (entry.Type)
                {
                    case GuestFileType.Directory:
                        Directory.CreateDirectory(outside);
                        Walk(inside);
                        break;
                    case GuestFileType.SymbolicLink:
                        File.CreateSymbolicLink(outside, fileSystem.ReadLink(inside));
                        break;
                    default:
                        File.WriteAllBytes(outside, fileSystem.ReadAllBytes(inside));
                        if (!OperatingSystem.IsWindows())
                        {
                            File.SetUnixFileMode(outside, (UnixFileMode)fileSystem.Find(inside)!.Mode);
                        }

                        break;
                }
            }
        }

        Walk("/");
        Label(volume, tree);
        return tree;
    }

    /// <summary>Gives every file the label that the recipe gives all of them; cp leaves labels behind where SELinux is off.</summary>
    private static void Label(PhonyVolume volume, string directory)
    {
        if (volume.FileSystem!.ExtendedAttributes("/").TryGetValue("security.selinux", out var label))
        {
            const string script =
                """
                import os, sys
                for directory, directories, files in os.walk(sys.argv[1]):
                    for name in ['.'] + directories + files:
                        os.setxattr(os.path.join(directory, name), 'security.selinux', bytes.fromhex(sys.argv[2]), follow_symlinks=False)
                """;
            ExternalTool.Check("python3", "-c", script, directory, Convert.ToHexString(label));
        }
    }
}
