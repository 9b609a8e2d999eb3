using System.Runtime.CompilerServices;
using Xunit;

namespace V2V.Engine.Tests.Guests;

/// <summary>
/// Real Debian guests, built by tests/Guests once per run. Set V2V_GUESTS to a folder to keep them for the next run.
/// </summary>
public sealed class DebianGuests : IDisposable
{
    private readonly string? _kept = Environment.GetEnvironmentVariable("V2V_GUESTS");
    private readonly string _folder;
    private readonly Dictionary<string, string> _built = [];

    public DebianGuests()
    {
        _folder = _kept ?? Directory.CreateTempSubdirectory("v2v-guests").FullName;
        Directory.CreateDirectory(_folder);
    }

    /// <summary>The descriptors of VMware's forms of a guest with the given partition table: "sparse", "flat", "ova".</summary>
    public string Source(string table, string form)
    {
        var sources = Build(table);
        return form switch
        {
            "sparse" => Path.Combine(sources, "sparse", "guest.vmdk"),
            "flat" => Path.Combine(sources, "flat", "guest.vmx"),
            "ova" => Path.Combine(sources, "ova", "guest.ova"),
            _ => throw new ArgumentOutOfRangeException(nameof(form), form, null),
        };
    }

    /// <summary>The guest's raw disk before it was turned into VMware's forms.</summary>
    public string RawDisk(string table)
    {
        Build(table);
        return Path.Combine(_folder, $"{table}.raw");
    }

    /// <summary>The libvirt XML of the guest as a paravirtual one of Xen: with a "disk", or with "partitions" alone.</summary>
    public string Xen(string form)
    {
        var disk = RawDisk("mbr");
        var folder = Path.Combine(_folder, "xen");
        lock (_built)
        {
            if (!File.Exists(Path.Combine(folder, "partitions", "guest.xml")))
            {
                ExternalTool.CheckWithin(TimeSpan.FromMinutes(5), Script("make-xen-style.sh"), disk, folder);
            }
        }

        return Path.Combine(folder, form, "guest.xml");
    }

    public static string Script(string name, [CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../Guests", name));

    public void Dispose()
    {
        if (_kept is null)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private string Build(string table)
    {
        ExternalTool.Need("qemu-system-x86_64", "qemu-img", "mmdebstrap", "mke2fs", "sfdisk");
        ExternalTool.NeedRoot();
        lock (_built)
        {
            if (!_built.TryGetValue(table, out var sources))
            {
                var disk = Path.Combine(_folder, $"{table}.raw");
                sources = Path.Combine(_folder, table);
                if (!File.Exists(Path.Combine(sources, "ova", "guest.ova")))
                {
                    ExternalTool.CheckWithin(TimeSpan.FromMinutes(15), Script("build-debian.sh"), disk, "--table", table);
                    ExternalTool.CheckWithin(TimeSpan.FromMinutes(5), Script("make-vmware.sh"), disk, sources);
                }

                _built.Add(table, sources);
            }

            return sources;
        }
    }
}

/// <summary>Tests that boot guests share them, and run one after the other: two emulated guests at once only time out.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class DebianGuestsCollection : ICollectionFixture<DebianGuests>
{
    public const string Name = "Debian guests";
}
