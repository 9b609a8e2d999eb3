using V2V.Engine.Disks.Transports;
using V2V.Engine.Disks.Transports.Archives;
using V2V.Engine.Sources;

namespace V2V.Benchmarks;

/// <summary>A guest with one disk, and how QEMU opens it.</summary>
internal sealed class BenchmarkSource
{
    public BenchmarkSource(string path)
    {
        Path = path;
        Guest = GuestSources.Open(path) is [{ Disks.Count: 1 } guest]
            ? guest
            : throw new ArgumentException($"{path}: qemu-img converts one disk, so only guests with one disk can be compared.");
    }

    public string Path { get; }

    public SourceGuest Guest { get; }

    public SourceDisk Disk => Guest.Disks[0];

    public bool IsArchive => Path.EndsWith(".ova", StringComparison.OrdinalIgnoreCase);

    /// <summary>The disk as QEMU opens it; in an archive by its position there.</summary>
    public string ForQemu
    {
        get
        {
            if (!IsArchive)
            {
                return Json(Disk.Format, File(Disk.Path));
            }

            var archive = TarStore.Read(() => HostFile.Open(Path));
            var member = archive.Entries.Single(e => Disk.Path.EndsWith(e.Name, StringComparison.Ordinal));
            return Json(Disk.Format, $$"""{"driver":"raw","offset":{{member.Offset}},"size":{{member.Length}},"file":{{File(Path)}} }""");

            static string File(string path) => $$"""{"driver":"file","filename":"{{path}}"}""";
            static string Json(string driver, string file) => $$"""json:{"driver":"{{driver}}","file":{{file}} }""";
        }
    }

    /// <summary>The files that it consists of.</summary>
    public IReadOnlyList<string> Files
    {
        get
        {
            if (IsArchive)
            {
                return [Path];
            }

            var name = System.IO.Path.GetFileNameWithoutExtension(Disk.Path);
            return Directory.GetFiles(System.IO.Path.GetDirectoryName(Disk.Path)!, $"{name}*{System.IO.Path.GetExtension(Disk.Path)}");
        }
    }
}
