using System.Globalization;
using System.Text.RegularExpressions;
using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Ntfs;
using V2V.Engine.Tests.Disks;
using V2V.Engine.Tests.Guests;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs;

/// <summary>The volume of a Windows guest: files of every kind, as ntfs-3g, sleuthkit and 7z read them.</summary>
public sealed partial class NtfsReadTests : IClassFixture<WindowsGuests>
{
    private const int MiB = 1 << 20;

    private readonly WindowsGuests _guests;

    public NtfsReadTests(WindowsGuests guests) => _guests = guests;

    [Theory]
    [InlineData("--version 10 --files 1500")]
    [InlineData("--version 2016 --cluster 512")]
    [InlineData("--version 7 --cluster 65536")]
    [InlineData("--version XP --cluster 1024")]
    public void Every_file_reads_as_ntfs_3g_reads_it(string options)
    {
        using var image = WindowsGuests.Volume(_guests.Disk(options));
        using var device = new FileDevice(image.Path);
        using var fileSystem = NtfsFileSystem.Open(device);
        image.Mount("loop,ro");
        try
        {
            // What it does not understand it shows as links: junctions, symbolic links, files of CompactOS. Others test these.
            var tree = new KernelTree(image.MountPoint);
            var expected = Lines(tree.Enumerate, tree.Find, path =>
            {
                using var handle = tree.OpenRead(path);
                return NtfsSnapshot.Digest((offset, buffer) => RandomAccess.Read(handle, buffer.AsSpan(), offset));
            });
            var actual = Lines(
                path => [.. fileSystem.Enumerate(path).Select(e => e.Name)], fileSystem.Find, path => NtfsSnapshot.Digest((offset, buffer) => fileSystem.Read(path, offset, buffer)));
            DifferentialRun.Same([.. expected.Where(l => !l.Contains(" link", StringComparison.Ordinal))], [.. actual.Where(l => !IsReparsePoint(tree, l))], "the engine shows");
            Assert.InRange(actual.Count, 300, 5000);
        }
        finally
        {
            image.Unmount();
        }
    }

    [Fact]
    public void Sleuthkit_lists_the_same_names_and_7z_unpacks_the_same_contents()
    {
        ExternalTool.Need("fls", "7z");
        using var image = WindowsGuests.Volume(_guests.Disk("--version 2022"));
        using var device = new FileDevice(image.Path);
        using var fileSystem = NtfsFileSystem.Open(device);

        // r/r 65-128-1:  path; streams have a colon in theirs, and the file system's own files a dollar sign in front.
        var listed = ExternalTool.Check("fls", "-r", "-p", "-u", image.Path).Split('\n').Select(l => SleuthkitLine().Match(l)).Where(m => m.Success)
            .Select(m => $"/{Utf8(m.Groups[2].Value)} {m.Groups[1].Value}").Where(l => !l.StartsWith("/$", StringComparison.Ordinal) && !l[1..].Contains(':')).Distinct().ToList();
        var names = Walk(fileSystem).Where(p => !p.StartsWith("/$", StringComparison.Ordinal)).Select(p => $"{p} {fileSystem.Find(p)!.Id}").ToList();
        DifferentialRun.Same(listed, names, "the engine shows");

        var folder = Directory.CreateDirectory(image.Path + ".unpacked");
        ExternalTool.Check("7z", "x", "-y", $"-o{folder.FullName}", image.Path, "Windows/System32", "Windows/Logs", "Users", "Program Files");
        var compared = 0;
        foreach (var file in folder.EnumerateFiles("*", SearchOption.AllDirectories).Where(f => !f.Name.Contains(':') && !f.Name.StartsWith("compact", StringComparison.Ordinal)))
        {
            var path = "/" + Path.GetRelativePath(folder.FullName, file.FullName);
            if (fileSystem.Find(path) is { IsRegular: true })
            {
                Assert.True(File.ReadAllBytes(file.FullName).AsSpan().SequenceEqual(fileSystem.ReadAllBytes(path)), path);
                compared++;
            }
        }

        Assert.InRange(compared, 80, 5000);

        // 7z takes neither holes nor attribute lists; icat does.
        var fragmented = image.WriteFile("icat", []);
        ExternalTool.Check("sh", "-c", $"icat '{image.Path}' {fileSystem.Find("/ProgramData/fragmented.dat")!.Id} >'{fragmented}'");
        Assert.True(File.ReadAllBytes(fragmented).AsSpan().SequenceEqual(fileSystem.ReadAllBytes("/ProgramData/fragmented.dat")));
    }

    [Fact]
    public void Files_that_CompactOS_compressed_read_as_before()
    {
        using var image = WindowsGuests.Volume(_guests.Disk("--version 10 --files 1500"));
        using var device = new FileDevice(image.Path);
        using var fileSystem = NtfsFileSystem.Open(device);
        foreach (var name in new[] { "compact4k.dll", "compactlzx.dll", "compact8k.dll", "compact16k.dll" })
        {
            var expected = fileSystem.ReadAllBytes($"/Windows/Temp/{name}");
            Assert.Equal(expected.Length, fileSystem.Find($"/Windows/System32/{name}")!.Length);
            Assert.True(expected.AsSpan().SequenceEqual(fileSystem.ReadAllBytes($"/windows/system32/{name}")), name);

            // Parts, across the borders of chunks.
            var part = new byte[9000];
            Assert.Equal(part.Length, fileSystem.Read($"/Windows/System32/{name}", 30_000, part));
            Assert.True(expected.AsSpan(30_000, part.Length).SequenceEqual(part), name);
        }
    }

    [Fact]
    public void Names_are_found_in_any_case_and_by_their_short_form()
    {
        using var image = WindowsGuests.Volume(_guests.Disk("--version 10 --files 1500"));
        using var device = new FileDevice(image.Path);
        using var fileSystem = NtfsFileSystem.Open(device);

        Assert.Equal("ntfs", fileSystem.Kind);
        Assert.Equal("Windows", fileSystem.Label);
        Assert.Equal(ExternalTool.Check("blkid", "-p", "-s", "UUID", "-o", "value", image.Path).Trim(), fileSystem.Uuid);
        Assert.Equal(fileSystem.Find("/Windows/System32/config/SYSTEM"), fileSystem.Find("/WINDOWS/sYSTEM32/Config/system"));
        Assert.Equal(fileSystem.Find("/Program Files"), fileSystem.Find("/PROGRA~1"));
        Assert.Equal(fileSystem.Find("/Program Files (x86)/Common Files"), fileSystem.Find("/progra~2/common files"));
        Assert.DoesNotContain("PROGRA~1", fileSystem.Enumerate("/").Select(e => e.Name));
        Assert.NotNull(fileSystem.Find("/users/administrator/desktop/üBERPRÜFUNG – 試験 😀.TXT"));
        Assert.Null(fileSystem.Find("/Windows/System32/config/SYSTEM/x"));
        Assert.Null(fileSystem.Find("/Windows/System33"));
        Assert.Equal(fileSystem.Find("/Windows/notepad.exe")!.Id, fileSystem.Find("/Windows/System32/notepad.exe")!.Id);
        Assert.Equal(3u, fileSystem.Find("/Windows/WinSxS/notepad.exe")!.LinkCount);
    }

    [Fact]
    public void Junctions_and_links_lead_to_paths_of_the_guest()
    {
        using var image = WindowsGuests.Volume(_guests.Disk("--version 10 --files 1500"));
        using var device = new FileDevice(image.Path);
        using var fileSystem = NtfsFileSystem.Open(device);

        Assert.True(fileSystem.Find("/Documents and Settings")!.IsSymbolicLink);
        Assert.Equal("/C:/Users", fileSystem.ReadLink("/Documents and Settings"));
        Assert.Equal("/C:/ProgramData", fileSystem.ReadLink("/ProgramData/Application Data"));
        Assert.Equal("Administrator/Desktop/download.txt", fileSystem.ReadLink("/Users/Default User.lnk"));
        Assert.Equal(GuestFileType.SymbolicLink, fileSystem.Enumerate("/").Single(e => e.Name == "Documents and Settings").Type);
    }

    [Fact]
    public void Streams_are_listed_apart_from_the_contents()
    {
        using var image = WindowsGuests.Volume(_guests.Disk("--version 10 --files 1500"));
        using var device = new FileDevice(image.Path);
        using var fileSystem = NtfsFileSystem.Open(device);

        Assert.Equal("The main stream\r\n"u8.ToArray(), fileSystem.ReadAllBytes("/Users/Administrator/Desktop/download.txt"));
        Assert.Equal(["Zone.Identifier", "large"], fileSystem.Streams("/Users/Administrator/Desktop/download.txt").Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Sparse_files_read_zeros_where_nothing_is_stored()
    {
        using var image = WindowsGuests.Volume(_guests.Disk("--version 10 --files 1500"));
        using var device = new FileDevice(image.Path);
        using var fileSystem = NtfsFileSystem.Open(device);
        var buffer = new byte[20];

        Assert.Equal((64 * MiB) + 17, fileSystem.Find("/ProgramData/sparse.vhdx")!.Length);
        fileSystem.Read("/ProgramData/sparse.vhdx", (5 * MiB) - 4, buffer);
        Assert.Equal("\0\0\0\0data at 5242880\n"u8.ToArray(), buffer);
        Assert.Equal(17, fileSystem.Read("/ProgramData/sparse.vhdx", 64 * MiB, buffer));
        Assert.Equal(0, fileSystem.Read("/ProgramData/sparse.vhdx", 65 * MiB, buffer));
    }

    /// <summary>Their contents are elsewhere: in a store of chunks, in the cloud. What is there can be seen, and reading it says why it cannot be.</summary>
    [Theory]
    [InlineData("13000080", "deduplicat")]
    [InlineData("1A000090", "cloud")]
    [InlineData("BCDA0080", "reparse")]
    public void Files_whose_contents_are_elsewhere_are_refused_by_name(string tag, string words)
    {
        ExternalTool.Need("setfattr");
        ExternalTool.NeedRoot();
        using var image = new NtfsTestImage(16 * MiB, "-c", "4096");
        image.Mount();
        var path = Path.Combine(image.MountPoint, "elsewhere.dat");
        File.WriteAllText(path, "");
        ExternalTool.Check("setfattr", "-h", "-n", "system.ntfs_reparse_data", "-v", $"0x{tag}100000000102030405060708090A0B0C0D0E0F10", path);
        image.Unmount();

        using var device = new FileDevice(image.Path);
        using var fileSystem = NtfsFileSystem.Open(device);
        Assert.Equal("elsewhere.dat", Assert.Single(fileSystem.Enumerate("/"), e => e.Name[0] != '$').Name);
        Assert.True(fileSystem.Find("/elsewhere.dat")!.IsRegular);
        var error = Assert.Throws<GuestFileSystemException>(() => fileSystem.Read("/elsewhere.dat", 0, new byte[10]));
        Assert.True(error.Message.Contains(words, StringComparison.OrdinalIgnoreCase), error.Message);
    }

    private static bool IsReparsePoint(KernelTree tree, string line) => tree.Find(line[..line.LastIndexOf(" is ", StringComparison.Ordinal)])?.IsSymbolicLink == true;

    private static List<string> Lines(Func<string, List<string>> enumerate, Func<string, GuestFile?> find, Func<string, string> digest)
    {
        var lines = new List<string>();
        var pending = new Queue<string>(["/"]);
        while (pending.TryDequeue(out var path))
        {
            var file = find(path)!;
            var content = "";
            if (file.IsDirectory)
            {
                enumerate(path).ForEach(n => pending.Enqueue($"{path.TrimEnd('/')}/{n}"));
            }
            else if (file.IsRegular)
            {
                content = $"{file.Length} {file.Modified.ToString("o", CultureInfo.InvariantCulture)} {digest(path)}";
            }

            lines.Add($"{path} is {(file.IsSymbolicLink ? "a link" : $"{file.Type} {file.Id} {content}")}");
        }

        return lines;
    }

    private static IEnumerable<string> Walk(NtfsFileSystem fileSystem)
    {
        var pending = new Queue<string>(["/"]);
        while (pending.TryDequeue(out var directory))
        {
            foreach (var entry in fileSystem.Enumerate(directory))
            {
                var path = $"{directory.TrimEnd('/')}/{entry.Name}";
                yield return path;
                if (entry.Type == GuestFileType.Directory)
                {
                    pending.Enqueue(path);
                }
            }
        }
    }

    private static string Utf8(string latin1) => System.Text.Encoding.UTF8.GetString(System.Text.Encoding.Latin1.GetBytes(latin1));

    [GeneratedRegex(@"^\S+ (?:\* )?(\d+)-\d+-\d+:\t(.*)$")]
    private static partial Regex SleuthkitLine();
}
