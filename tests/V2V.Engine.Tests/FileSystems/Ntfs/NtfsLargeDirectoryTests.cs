using V2V.Engine.FileSystems.Ntfs;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs;

/// <summary>Directories of 10,000 entries, several levels deep, made by one and gone on with by the other.</summary>
[Trait("Category", "Slow")]
public sealed class NtfsLargeDirectoryTests
{
    private const int MiB = 1 << 20;
    private const int Count = 10_000;

    [Theory]
    [InlineData("-c 4096")]
    [InlineData("-c 512")]
    [InlineData("-c 65536")]
    public void The_engine_fills_a_directory_and_ntfs_3g_goes_on(string arguments)
    {
        ExternalTool.NeedRoot();
        using var image = new NtfsTestImage(200 * MiB, arguments.Split(' '));
        var names = Names(1);
        using (var device = new FileDevice(image.Path))
        using (var fileSystem = NtfsFileSystem.Open(device))
        {
            fileSystem.CreateDirectory("/many", new());
            names.ForEach(n => fileSystem.CreateFile($"/many/{n}", new()));
            foreach (var name in names.Where((_, i) => i % 3 == 0))
            {
                fileSystem.Delete($"/many/{name}");
            }

            fileSystem.Flush();
        }

        image.Check();
        var left = names.Where((_, i) => i % 3 != 0).ToList();
        image.Mount();
        var folder = Path.Combine(image.MountPoint, "many");
        Assert.Equal(left.Order(StringComparer.Ordinal), Directory.GetFiles(folder).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
        foreach (var name in left.Take(2000))
        {
            File.Delete(Path.Combine(folder, name));
        }

        for (var i = 0; i < 1000; i++)
        {
            File.WriteAllText(Path.Combine(folder, $"by ntfs-3g {i}"), "x");
        }

        image.Unmount();
        image.Check();
    }

    [Theory]
    [InlineData("-c 4096")]
    [InlineData("-c 4096 -s 4096")]
    public void Ntfs_3g_fills_a_directory_and_the_engine_empties_it(string arguments)
    {
        ExternalTool.NeedRoot();
        using var image = new NtfsTestImage(100 * MiB, arguments.Split(' '));
        var names = Names(2);
        image.Mount();
        var folder = Directory.CreateDirectory(Path.Combine(image.MountPoint, "many"));
        names.ForEach(n => File.WriteAllText(Path.Combine(folder.FullName, n), n));
        image.Unmount();

        using (var device = new FileDevice(image.Path))
        using (var fileSystem = NtfsFileSystem.Open(device))
        {
            Assert.Equal(names.Order(StringComparer.Ordinal), fileSystem.Enumerate("/many").Select(e => e.Name).Order(StringComparer.Ordinal));
            var random = new Random(3);
            var order = names.ToArray();
            random.Shuffle(order);
            foreach (var (name, i) in order.Select((n, i) => (n, i)))
            {
                Assert.NotNull(fileSystem.Find($"/many/{name}"));
                fileSystem.Delete($"/many/{name}");
                Assert.Null(fileSystem.Find($"/many/{name}"));
                if (i == Count / 2)
                {
                    fileSystem.Flush();
                    image.Check();
                }
            }

            Assert.Empty(fileSystem.Enumerate("/many"));
            fileSystem.Delete("/many");
            fileSystem.Flush();
        }

        image.Check();
    }

    private static List<string> Names(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, Count).Select(i => $"{random.Next(1 << 30):x8}-{i}{(i % 5 == 0 ? "-a longer name of a component, as there are many in WinSxS" : "")}.dll")];
    }
}
