using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using V2V.Engine.Sources;
using Xunit;

namespace V2V.Engine.Tests.Guests;

/// <summary>
/// Real Debian guests, built by tests/Guests once per run. Set V2V_GUESTS to a folder to keep them for the next run.
/// </summary>
public sealed class DebianGuests : IDisposable
{
    /// <summary>ext4 on an MBR disk, started by BIOS; the one that there is in VMware's forms.</summary>
    public const string Plain = "--table mbr";

    private readonly string? _kept = Environment.GetEnvironmentVariable("V2V_GUESTS");
    private readonly string _folder;
    private readonly Lock _building = new();

    public DebianGuests()
    {
        _folder = _kept ?? Directory.CreateTempSubdirectory("v2v-guests").FullName;
        Directory.CreateDirectory(_folder);
    }

    /// <summary>The descriptors of VMware's forms of the plain guest: "sparse", "flat", "ova".</summary>
    public string Source(string form)
    {
        var disk = RawDisk(Plain);
        lock (_building)
        {
            var sources = Path.ChangeExtension(disk, null);
            if (!File.Exists(Path.Combine(sources, "ova", "guest.ova")))
            {
                ExternalTool.CheckWithin(TimeSpan.FromMinutes(5), Script("make-vmware.sh"), disk, sources);
            }

            return form switch
            {
                "sparse" => Path.Combine(sources, "sparse", "guest.vmdk"),
                "flat" => Path.Combine(sources, "flat", "guest.vmx"),
                "ova" => Path.Combine(sources, "ova", "guest.ova"),
                _ => throw new ArgumentOutOfRangeException(nameof(form), form, null),
            };
        }
    }

    /// <summary>A guest's disk.</summary>
    /// <param name="options">Of build-debian.sh, separated by spaces.</param>
    public string RawDisk(string options)
    {
        ExternalTool.Need("qemu-system-x86_64", "qemu-img", "mmdebstrap", "mke2fs", "mkfs.xfs", "mkfs.vfat", "lvm", "sfdisk");
        ExternalTool.NeedRoot();
        lock (_building)
        {
            var disk = Path.Combine(_folder, options.Replace("--", "", StringComparison.Ordinal).Replace(' ', '-') + ".raw");
            if (!File.Exists(disk))
            {
                ExternalTool.CheckWithin(TimeSpan.FromMinutes(20), Script("build-debian.sh"), [disk + ".part", .. options.Split(' ')]);
                File.Move(disk + ".part", disk);
            }

            return disk;
        }
    }

    /// <summary>The libvirt XML of the guest as a paravirtual one of Xen: with a "disk", or with "partitions" alone.</summary>
    public string Xen(string form)
    {
        var disk = RawDisk(Plain);
        var folder = Path.Combine(_folder, "xen");
        lock (_building)
        {
            if (!File.Exists(Path.Combine(folder, "partitions", "guest.xml")))
            {
                ExternalTool.CheckWithin(TimeSpan.FromMinutes(5), Script("make-xen-style.sh"), disk, folder);
            }
        }

        return Path.Combine(folder, form, "guest.xml");
    }

    /// <summary>The guest with two adapters, which its configuration names; a bare disk tells nothing of them.</summary>
    internal static SourceGuest WithAdapters(SourceGuest source) => source.NetworkAdapters.Count >= 2
        ? source
        : source with
        {
            NetworkAdapters =
            [
                new SourceNetworkAdapter("00:50:56:9a:00:01", "vmxnet3", "VM Network", PciSlot: 192),
                new SourceNetworkAdapter("00:50:56:9a:00:02", "e1000", "Storage", PciSlot: 224),
            ],
        };

    /// <summary>A digest of each file beside the source, and of the source.</summary>
    internal static string[] Digests(string path) =>
        [.. Directory.GetFiles(Path.GetDirectoryName(path)!).Order(StringComparer.Ordinal).Select(f =>
        {
            using var stream = File.OpenRead(f);
            return $"{f} {Convert.ToHexString(SHA256.HashData(stream))}";
        })];

    public static string Script(string name, [CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../Guests", name));

    public void Dispose()
    {
        if (_kept is null)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }
}

/// <summary>Tests that boot guests share them, and run one after the other: two emulated guests at once only time out.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class DebianGuestsCollection : ICollectionFixture<DebianGuests>
{
    public const string Name = "Debian guests";
}
