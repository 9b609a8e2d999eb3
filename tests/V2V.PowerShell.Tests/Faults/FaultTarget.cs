using V2V.Engine.Tests;

namespace V2V.PowerShell.Tests.Faults;

/// <summary>Where the runs of a fault test go, and what is there.</summary>
internal abstract class FaultTarget : IDisposable
{
    public static readonly string[] Disks = [$"{ConversionRuns.Guest}-sda.qcow2", $"{ConversionRuns.Guest}-sdb.qcow2"];

    public static FaultTarget Create(string kind, ConversionRuns runs) => kind == "folder" ? new FolderTarget(runs.Out) : new PoolTarget(runs.Out);

    /// <summary>The conversion's parameters.</summary>
    public abstract string Parameters { get; }

    /// <summary>Everything is as before the first run.</summary>
    public abstract void AssertNothing();

    /// <summary>The guest is there, and nothing else.</summary>
    public abstract void AssertGuest();

    /// <summary>Removes the guest.</summary>
    public abstract void Clear();

    public virtual void Dispose()
    {
    }

    private static void AssertFiles(string folder, params string[] expected)
    {
        Assert.Equal(expected.Order(StringComparer.Ordinal), Directory.EnumerateFileSystemEntries(folder).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));
        foreach (var disk in expected.Where(e => e.EndsWith(".qcow2", StringComparison.Ordinal)))
        {
            ExternalTool.Check("qemu-img", "check", "-f", "qcow2", Path.Combine(folder, disk));
        }
    }

    private static void DeleteFiles(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder))
        {
            File.Delete(file);
        }
    }

    private sealed class FolderTarget(string folder) : FaultTarget
    {
        public override string Parameters => $"-OutputDirectory '{folder}'";

        public override void AssertNothing() => AssertFiles(folder);

        public override void AssertGuest() => AssertFiles(folder, [.. Disks, $"{ConversionRuns.Guest}.sh", $"{ConversionRuns.Guest}.xml"]);

        public override void Clear() => DeleteFiles(folder);
    }

    private sealed class PoolTarget : FaultTarget
    {
        private const string Uri = "qemu:///system";

        private readonly string _folder;
        private readonly string _pool = $"v2v-fault-{Guid.NewGuid():N}";

        public PoolTarget(string folder)
        {
            Assert.SkipUnless(ExternalTool.Run("virsh", "-c", Uri, "version").ExitCode == 0, "libvirt does not answer at qemu:///system");
            _folder = folder;
            Virsh("pool-create-as", _pool, "dir", "--target", folder);
        }

        // The domain has the pool's name, which nobody else has.
        public override string Parameters => $"-StoragePool {_pool} -Name {_pool}";

        private string[] Volumes => [$"{_pool}-sda.qcow2", $"{_pool}-sdb.qcow2"];

        public override void AssertNothing()
        {
            AssertFiles(_folder);
            Assert.DoesNotContain(_pool, Virsh("list", "--all", "--name"), StringComparison.Ordinal);
        }

        public override void AssertGuest()
        {
            AssertFiles(_folder, Volumes);
            Virsh("pool-refresh", _pool);
            var list = Virsh("vol-list", _pool);
            Assert.All(Volumes, v => Assert.Contains(v, list, StringComparison.Ordinal));
            Assert.All(Volumes, v => Assert.Contains(v, Virsh("domblklist", _pool), StringComparison.Ordinal));
        }

        public override void Clear()
        {
            ExternalTool.Run("virsh", "-c", Uri, "undefine", "--nvram", _pool);
            DeleteFiles(_folder);
            Virsh("pool-refresh", _pool);
        }

        public override void Dispose()
        {
            ExternalTool.Run("virsh", "-c", Uri, "undefine", "--nvram", _pool);
            ExternalTool.Run("virsh", "-c", Uri, "pool-destroy", _pool);
            base.Dispose();
        }

        private static string Virsh(params string[] arguments) => ExternalTool.Check("virsh", ["-c", Uri, .. arguments]);
    }
}
