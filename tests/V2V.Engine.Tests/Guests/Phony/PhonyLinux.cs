using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;
using V2V.Engine.Sources;
using V2V.Engine.Tests.Conversion.Initramfs;
using V2V.Engine.Tests.FileSystems;
using V2V.Engine.Tests.Inspection;
using V2V.Engine.Tests.Volumes.Lvm;
using V2V.Engine.Volumes;
using V2V.Engine.Volumes.Gpt;
using Xunit;

namespace V2V.Engine.Tests.Guests.Phony;

/// <summary>A guest built from a recipe: its file systems in memory, at the places on its disk that the recipe gives them.</summary>
internal sealed class PhonyLinux : IDisposable
{
    private static readonly Guid EfiSystem = new("c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
    private static readonly Guid BiosBoot = new("21686148-6449-6e6f-744e-656564454649");

    private readonly Workshop _workshop = new();
    private readonly List<(string MountPoint, MemoryFileSystem FileSystem)> _mounts = [];
    private readonly List<SourceNetworkAdapter> _adapters = [];
    private readonly Dictionary<string, byte[]> _modules = [];
    private string _group = "";
    private DiskController _controller = DiskController.Scsi;
    private string _hypervisor = "VMware";
    private string? _guestName;
    private Firmware? _firmware;

    private PhonyLinux()
    {
    }

    /// <summary>What the disk is to hold, in the order of the recipe.</summary>
    public List<PhonyVolume> Volumes { get; } = [];

    /// <summary>"mbr" or "gpt".</summary>
    public string Table { get; private set; } = "mbr";

    /// <summary>The first sector as far as boot loaders go: GRUB's name, or the code that starts the active partition.</summary>
    public byte[] BootSector { get; private set; } = [];

    public SourceGuest Source => new()
    {
        Name = "phony",
        SourceKind = "VMX",
        Path = "/vm/phony.vmx",
        Hypervisor = _hypervisor,
        Firmware = _firmware,
        Disks = [PhonyGuest.Disk(_controller, BootSector) with { GuestName = _guestName }],
        NetworkAdapters = _adapters,
    };

    public static PhonyLinux Build(string recipe)
    {
        var guest = new PhonyLinux();
        try
        {
            foreach (var section in PhonyRecipe.Parse(recipe))
            {
                guest.Add(section);
            }

            foreach (var (mountPoint, _) in guest._mounts.Where(m => m.MountPoint != "/"))
            {
                guest.At(mountPoint, out var local, isMountPoint: true).WithDirectory(local);
            }

            return guest;
        }
        catch
        {
            guest.Dispose();
            throw;
        }
    }

    public InspectedGuest Inspect() =>
        GuestInspector.Inspect(
            Source, [.. Volumes.Select(v => v.Volume)], volume => Volumes.Find(v => v.Volume == volume)?.FileSystem, root: null, TestContext.Current.CancellationToken);

    public void Dispose()
    {
        _workshop.Dispose();
        Volumes.ForEach(v => v.FileSystem?.Dispose());
    }

    /// <summary>Not optimised: .NET 10.0's compiler makes it throw NullReferenceException at a file, after some thirty calls.</summary>
    [MethodImpl(MethodImplOptions.NoOptimization)]
    private void Add(PhonySection section)
    {
        var arguments = section.Arguments;
        switch (section.Word)
        {
            case "disk": // table [controller=] [firmware=] [hypervisor=] [boot=syslinux|windows|none] [name=]
                Table = arguments[0];
                BootSector = section.Option("boot") switch
                {
                    "none" => new byte[4096],
                    "syslinux" or "windows" => VolumeImages.With(4096, (0, [0x33, 0xC0, 0xFA]), (0x180, "Missing operating system."u8.ToArray()), (510, [0x55, 0xAA])),
                    _ => VolumeImages.GrubSector(),
                };
                _controller = Enum.Parse<DiskController>(section.Option("controller") ?? "Scsi", ignoreCase: true);
                _hypervisor = section.Option("hypervisor") ?? _hypervisor;
                _guestName = section.Option("name");
                _firmware = section.Option("firmware") is { } firmware ? Enum.Parse<Firmware>(firmware, ignoreCase: true) : null;
                break;
            case "partition": // number kind [mount point] [uuid=] [label=] [active]
                AddVolume(section, Partition(section));
                break;
            case "lv": // name kind [mount point] [uuid=] [label=]
                AddVolume(section, LogicalVolume(arguments[0]));
                break;
            case "adapter": // address model [slot=]
                _adapters.Add(new SourceNetworkAdapter(
                    arguments[0], arguments[1], "LAN", PciSlot: section.Option("slot") is { } slot ? int.Parse(slot, CultureInfo.InvariantCulture) : null));
                break;
            case "file": // a program for UEFI gets a header
                At(arguments[0], out var file).With(
                    file, file.EndsWith(".efi", StringComparison.OrdinalIgnoreCase) ? PhonyGuest.Pe(0x8664, section.Body) : GuestText.Encode(section.Body));
                break;
            case "grubenv": // path; the variables, padded to the block's length
                At(arguments[0], out var environment).With(environment, ("# GRUB Environment Block\n" + section.Body).PadRight(1024, '#'));
                break;
            case "link": // path target
                At(arguments[0], out var link).WithLink(link, arguments[1]);
                break;
            case "directory":
                At(arguments[0], out var directory).WithDirectory(directory);
                break;
            case "programs": // ELF machine; a path a line
                foreach (var path in section.Lines)
                {
                    At(path, out var program).With(program, PhonyGuest.Elf(ushort.Parse(arguments[0], CultureInfo.InvariantCulture)), 0x1ED);
                }

                break;
            case "efi": // PE machine in hexadecimal; "path text" a line, with the text in the program
                foreach (var (path, text) in section.Lines.Select(l => l.Split(' ', 2)).Select(w => (w[0], w.ElementAtOrDefault(1))))
                {
                    At(path, out var program).With(program, PhonyGuest.Pe(Convert.ToUInt16(arguments[0], 16), $"\0{text}\0"));
                }

                break;
            case "kernel": // version image
                At(arguments[1], out var image).With(image, KernelImage(arguments[0]));
                break;
            case "modules": // directory compression [old]; a path a line, "builtin path" for those without a file
                AddModules(section);
                break;
            case "initramfs": // image generator compression version [microcode]; a module a line, "> path content" for other files
                At(arguments[0], out var initramfs).With(initramfs, PhonyInitramfs.Build(_workshop, section, path => _modules[path]), 0x180);
                break;
            case "selinux": // every file so far has a label, where the format has attributes
                _mounts.FindAll(m => m.FileSystem.Kind != "vfat").ForEach(m => m.FileSystem.LabelAll("system_u:object_r:etc_t:s0"));
                break;
            case "registry": // path; a hive by its text (PhonyHive)
                PhonyHive.Write(At(arguments[0], out var hive), hive, section.Body, RegistryBytes);
                break;
            case "packages": // format [directory]; "name version architecture" a line
                PhonyPackages.Write(At("/", out _), _workshop, arguments[0], arguments.ElementAtOrDefault(1) ?? "/var/lib/rpm", section.Lines);
                break;
            default:
                throw new ArgumentException($"A recipe has no section @{section.Word}.");
        }
    }

    private Volume Partition(PhonySection section)
    {
        var number = int.Parse(section.Arguments[0], CultureInfo.InvariantCulture);
        var kind = section.Arguments[1];
        _group = kind == "lvm" ? section.Arguments[2] : _group;
        var content = kind switch
        {
            "swap" => VolumeImages.Swap(section.Option("uuid")!),
            "lvm" => LvmLabel(),
            _ when section.Arguments.Contains("active") => VolumeImages.With(4096, (0, [0xEB, 0x58, 0x90]), (510, [0x55, 0xAA])),
            _ => new byte[4096],
        };
        var partition = MemoryVolume.Partition(0, number, content) with { IsActive = section.Arguments.Contains("active"), MbrType = kind is "ntfs" ? (byte)0x07 : (byte)0x83 };
        return Table == "mbr" ? partition : partition with
        {
            Kind = VolumeKind.GptPartition,
            MbrType = null,
            PartitionUuid = $"9a000000-0000-4000-8000-{number:d12}",
            GptType = kind switch { "vfat" => EfiSystem, "biosboot" => BiosBoot, "msr" => GptPartitionTypes.MicrosoftReserved, "ntfs" => GptPartitionTypes.MicrosoftBasicData, _ => new Guid("0fc63daf-8483-4772-8e79-3d69d8477de4") },
        };
    }

    /// <summary>"partition:2" is the unique id that the mount manager has for a partition.</summary>
    private byte[] RegistryBytes(string word, string argument)
    {
        var volume = word == "partition" ? Volumes.Find(v => v.Volume.PartitionNumber == int.Parse(argument, CultureInfo.InvariantCulture))?.Volume : null;
        if (volume is null)
        {
            throw new ArgumentException($"A registry has no value {word}:{argument}.");
        }

        if (volume.Kind == VolumeKind.GptPartition)
        {
            return [.. "DMIO:ID:"u8, .. Guid.Parse(volume.PartitionUuid!).ToByteArray()];
        }

        var id = new byte[12];
        BinaryPrimitives.WriteUInt32LittleEndian(id, uint.Parse(volume.PartitionUuid![..8], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        BinaryPrimitives.WriteInt64LittleEndian(id.AsSpan(4), volume.StartOffset);
        return id;
    }

    private Volume LogicalVolume(string name) => MemoryVolume.Partition(0, 1) with
    {
        Kind = VolumeKind.LogicalVolume,
        StartOffset = 0,
        PartitionNumber = null,
        PartitionUuid = null,
        MbrType = null,
        VolumeGroup = _group,
        LogicalVolume = name,
    };

    private void AddVolume(PhonySection section, Volume volume)
    {
        var kind = section.Arguments[1];
        var uuid = section.Option("uuid");
        volume = kind == "swap" ? volume with { Device = MemoryVolume.Partition(0, 1, VolumeImages.Swap(uuid!)).Device } : volume;
        var fileSystem = kind is "swap" or "lvm" or "biosboot" or "msr" ? null : new MemoryFileSystem(kind, uuid, section.Option("label"));
        Volumes.Add(new PhonyVolume(kind, volume, fileSystem, uuid));
        if (fileSystem is not null && section.Arguments.Length > 2 && section.Arguments[2].StartsWith('/'))
        {
            // Longest first, as paths are looked up.
            _mounts.Add((section.Arguments[2], fileSystem));
            _mounts.Sort((a, b) => b.MountPoint.Length.CompareTo(a.MountPoint.Length));
        }
    }

    /// <summary>What tells a physical volume; its logical volumes are given beside it.</summary>
    private static byte[] LvmLabel()
    {
        var image = VolumeImages.With(
            8192, (512, "LABELONE"u8.ToArray()), (520, [1]), (532, [32]), (536, "LVM2 001"u8.ToArray()), (544, "phonyphonyphonyphonyphonyphonyph"u8.ToArray()));
        LvmImage.Seal(image);
        return image;
    }

    /// <summary>The file system that a path of the guest lies on, and the path there; for a mount point, the one that it is mounted in.</summary>
    private MemoryFileSystem At(string path, out string local, bool isMountPoint = false)
    {
        var (mountPoint, fileSystem) = _mounts.First(m => m.MountPoint == "/" || (path == m.MountPoint && !isMountPoint) || path.StartsWith(m.MountPoint + "/", StringComparison.Ordinal));
        local = mountPoint == "/" ? path : path[mountPoint.Length..];
        return fileSystem;
    }

    private void AddModules(PhonySection section)
    {
        var (directory, compression) = (section.Arguments[0], section.Arguments[1]);
        var version = directory[(directory.LastIndexOf('/') + 1)..];
        var builtin = section.Lines.Where(l => l.StartsWith("builtin ", StringComparison.Ordinal)).Select(l => l["builtin ".Length..]).ToList();
        var files = section.Lines.Where(l => !l.StartsWith("builtin ", StringComparison.Ordinal)).ToList();
        var names = files.Select(PhonyModule.Name).ToHashSet();
        var tree = $"tree/lib/modules/{version}";
        _workshop.Shell($"rm -rf tree; mkdir -p {tree}");
        foreach (var path in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(_workshop.Folder, tree, path))!);
            _workshop.Save($"{tree}/{path}", PhonyModule.Build(PhonyModule.Name(path), names));
        }

        _workshop.Save($"{tree}/modules.builtin", Encoding.ASCII.GetBytes(string.Concat(builtin.Select(b => b + "\n"))));
        _workshop.Save($"{tree}/modules.order", Encoding.ASCII.GetBytes(string.Concat(files.Select(f => f + "\n"))));
        ExternalTool.Need("depmod");
        var compress = compression switch { "xz" => "find . -name '*.ko' -exec xz {} +", "zstd" => "find . -name '*.ko' -exec zstd -q --rm {} +", _ => "" };
        _workshop.Shell($"cd {tree}; {compress}\ndepmod -b ../../.. {version}");
        if (section.Arguments.Contains("old"))
        {
            // module-init-tools before 3.5: full paths, and no indexes but text.
            _workshop.Shell($"cd {tree}; rm *.bin modules.builtin; sed -i 's#\\(^\\| \\)kernel/#\\1/lib/modules/{version}/kernel/#g' modules.dep");
        }

        foreach (var file in Directory.EnumerateFiles(Path.Combine(_workshop.Folder, tree), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var relative = Path.GetRelativePath(Path.Combine(_workshop.Folder, tree), file);
            var content = File.ReadAllBytes(file);
            At($"{directory}/{relative}", out var path).With(path, content);
            _modules[relative] = content;
        }
    }

    /// <summary>A bzImage as far as its header goes (Documentation/arch/x86/boot.rst).</summary>
    private static byte[] KernelImage(string version)
    {
        var image = new byte[0x600];
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(0x1FE), 0xAA55);
        "HdrS"u8.CopyTo(image.AsSpan(0x202));
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(0x20E), 0x200);
        Encoding.ASCII.GetBytes($"{version} (phony@localhost) #1 SMP\0").CopyTo(image, 0x400);
        return image;
    }
}
