using System.Text;
using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Iso9660;
using V2V.Engine.Tests.Disks;

namespace V2V.Engine.Tests.FileSystems.Iso9660;

/// <summary>A folder with files of many kinds, and ISO images that others make of it. Deleted when disposed.</summary>
internal sealed class IsoTestImage : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("v2v-iso-");

    internal IsoTestImage() => Directory.CreateDirectory(Source);

    internal string Source => System.IO.Path.Combine(_folder.FullName, "source");

    internal string Path => System.IO.Path.Combine(_folder.FullName, "image.iso");

    /// <summary>Long names and links take continuation areas, deep directories are relocated, many files fill several blocks.</summary>
    internal void Fill()
    {
        var random = new Random(7);
        Write("empty", []);
        Write("readme.txt", "read me\n"u8.ToArray());
        Write("name with spaces and ümlauts 日本.txt", random, 5000);
        Write(new string('n', 200) + ".sys", random, 2048);
        Write("viostor/w10/amd64/viostor.sys", random, 48 * 1024);
        Write("viostor/2k12R2/amd64/viostor.inf", random, 4097);
        Write("viostor/w8.1/x86/viostor.cat", random, 2047);
        Write("deep/2/3/4/5/6/7/8/9/10/file.bin", random, 3000);
        Write("large.bin", random, 3 << 20);
        for (var i = 0; i < 300; i++)
        {
            Write($"many/a file of a directory with many files {i:000}.dll", random, i);
        }

        Write("run.sh", "#!/bin/sh\n"u8.ToArray());
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(At("run.sh"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
            File.SetUnixFileMode(At("empty"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        }

        File.CreateSymbolicLink(At("link"), "viostor/w10");
        File.CreateSymbolicLink(At("absolute"), "/etc/./passwd");
        File.CreateSymbolicLink(At("many/up"), "../../outside");
        File.CreateSymbolicLink(At("long link"), string.Join('/', Enumerable.Repeat("a rather long component of a path", 6)));
        File.CreateSymbolicLink(At("longest component"), new string('c', 250) + "/x");
    }

    /// <summary>Links that take several SL entries, which genisoimage does not write right.</summary>
    internal void AddLongLinks()
    {
        File.CreateSymbolicLink(At("longer link"), string.Join('/', Enumerable.Repeat("a rather long component of a path", 30)));
        File.CreateSymbolicLink(At("long components"), $"{new string('c', 250)}/../{new string('d', 250)}/./{new string('e', 250)}");
    }

    /// <summary>Makes the image anew: "xorriso -R -J".</summary>
    internal void Make(string arguments)
    {
        var parts = arguments.Split(' ');
        if (parts[0] == "xorriso")
        {
            ExternalTool.Check("xorriso", ["-as", "mkisofs", "-quiet", "-input-charset", "utf-8", .. parts[1..], "-V", "LABEL_1", "-o", Path, Source]);
        }
        else
        {
            // Only Joliet's names have an encoding; others are bytes.
            string[] encoding = parts.Contains("-J") && !parts.Contains("-input-charset") ? ["-input-charset", "utf-8"] : [];
            ExternalTool.Check(parts[0], ["-quiet", .. encoding, .. parts[1..], "-V", "LABEL_1", "-o", Path, Source]);
        }
    }

    internal IsoFileSystem Open() => IsoFileSystem.Open(new FileDevice(Path));

    /// <summary>Every path in a file system, directories with a '/' at the end.</summary>
    internal static IEnumerable<string> Walk(GuestFileSystem fileSystem, string directory = "/")
    {
        foreach (var entry in fileSystem.Enumerate(directory))
        {
            var path = $"{directory}{entry.Name}";
            if (entry.Type != GuestFileType.Directory)
            {
                yield return path;
                continue;
            }

            yield return path + "/";
            foreach (var below in Walk(fileSystem, path + "/"))
            {
                yield return below;
            }
        }
    }

    /// <summary>What isoinfo lists, as GuestText.</summary>
    internal IEnumerable<string> ListByIsoInfo(params string[] options) =>
        ExternalTool.Check("isoinfo", ["-f", "-i", Path, .. options]).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => GuestText.Decode(Encoding.Latin1.GetBytes(line)));

    internal string At(string path) => System.IO.Path.Combine(Source, path);

    internal void Write(string path, byte[] content)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(At(path))!);
        File.WriteAllBytes(At(path), content);
        File.SetLastWriteTimeUtc(At(path), new DateTime(2024, 2, 29, 12, 34, 56, DateTimeKind.Utc));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private void Write(string path, Random random, int length)
    {
        var content = new byte[length];
        random.NextBytes(content);
        Write(path, content);
    }
}
