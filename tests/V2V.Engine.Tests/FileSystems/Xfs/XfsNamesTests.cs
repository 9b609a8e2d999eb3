using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Xfs;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Xfs;

/// <summary>
/// Many names and attributes, written in turn by the engine and by the kernel, so that each works on what the other has left. After every
/// turn xfs_repair must find nothing and both must show the same.
/// </summary>
[Trait("Category", "Slow")]
public sealed class XfsNamesTests : IDisposable
{
    private const string Target = "/target";

    private const string Directory = "/names";

    private readonly List<IDisposable> _kept = [];

    public static TheoryData<string, int> Formats() => new()
    {
        { "-b size=4096", 20_000 },
        { "-b size=4096 -n size=8192", 8_000 },
        { "-b size=4096 -n size=65536 -i size=2048", 20_000 },
        { "-b size=1024 -n size=4096", 8_000 },
        { "-b size=2048 -n size=32768", 8_000 },
        { "-b size=65536", 20_000 },
    };

    [Theory]
    [MemberData(nameof(Formats))]
    public void Engine_and_kernel_work_on_each_other_s_directories(string features, int count)
    {
        var image = Create(features);
        var names = Names(count, seed: count);
        var present = new HashSet<string>();
        using (var device = new FileDevice(image.Path))
        using (var engine = XfsFileSystem.Open(device))
        {
            engine.CreateFile(Target, new GuestFileAttributes());
            engine.CreateDirectory(Directory, new GuestFileAttributes());
            Add(names[..(count / 2)], name => engine.CreateHardLink(name, Target));
            engine.Flush();
        }

        Check(image, present);

        // The kernel removes every other name and adds the rest.
        var (even, odd) = (names[..(count / 2)].Where((_, i) => i % 2 == 0).ToList(), names[..(count / 2)].Where((_, i) => i % 2 == 1).ToList());
        image.Mount();
        var tree = new KernelTree(image.MountPoint);
        Remove(even, name => Assert.Equal(0, tree.Delete(name)));
        Add(names[(count / 2)..], name => Assert.Equal(0, tree.CreateHardLink(name, Target)));
        image.Unmount();
        Check(image, present);

        // The engine removes most of both and adds what the kernel has removed.
        using (var device = new FileDevice(image.Path))
        using (var engine = XfsFileSystem.Open(device))
        {
            Remove([.. odd, .. names[(count / 2 + 40)..]], engine.Delete);
            engine.Flush();
            Check(image, present);
            Add(even, name => engine.CreateHardLink(name, Target));
            engine.Flush();
        }

        Check(image, present);
        image.Mount();
        tree = new KernelTree(image.MountPoint);
        Remove([.. present.Take(present.Count / 2)], name => Assert.Equal(0, tree.Delete(name)));
        image.Unmount();
        Check(image, present);

        // Down to nothing, with a look at the forms in between.
        using (var device = new FileDevice(image.Path))
        using (var engine = XfsFileSystem.Open(device))
        {
            foreach (var left in new[] { 600, 200, 60, 10, 0 })
            {
                Remove([.. present.Skip(left)], engine.Delete);
                engine.Flush();
                Check(image, present);
            }

            engine.Delete(Directory);
            engine.Delete(Target);
            engine.Flush();
        }

        image.Check();

        void Add(List<string> added, Action<string> add)
        {
            foreach (var name in added)
            {
                add(name);
                present.Add(name);
            }
        }

        void Remove(List<string> removed, Action<string> remove)
        {
            foreach (var name in removed)
            {
                remove(name);
                present.Remove(name);
            }
        }
    }

    [Theory]
    [InlineData("-b size=4096 -m reflink=1,rmapbt=1", 1)]
    [InlineData("-b size=4096 -n size=8192", 2)]
    [InlineData("-b size=1024 -m rmapbt=1", 3)]
    [InlineData("-b size=1024 -n size=16384", 4)]
    [InlineData("-b size=4096 -n size=65536 -i size=2048", 5)]
    [InlineData("-b size=65536", 6)]
    public void Engine_and_kernel_agree_on_names_and_attributes(string features, int seed)
    {
        const int Batches = 12;
        const int BatchLength = 100;
        seed += DifferentialRun.SeedOffset;
        var image = Create(features);
        image.Mount();
        var tree = new KernelTree(image.MountPoint);
        var workload = new XfsNamesWorkload(seed);
        foreach (var operation in workload.Start())
        {
            Assert.Equal(0, operation.Kernel(tree));
        }

        image.Unmount();
        var engineImage = (XfsTestImage)image.Copy();
        _kept.Add(engineImage);
        image.Mount();
        using var device = new FileDevice(engineImage.Path);
        using var engine = XfsFileSystem.Open(device);
        var log = new List<string>();
        for (var batch = 0; batch < Batches; batch++)
        {
            for (var i = 0; i < BatchLength; i++)
            {
                var operation = workload.Next();
                log.Add(operation.Text);
                Assert.True(operation.Kernel(tree) == 0, operation.Text);
                operation.Engine(engine);
            }

            engine.Flush();
            engineImage.Check();
            var expected = TreeSnapshot.Of(tree, new HashSet<string>());
            Same(expected, TreeSnapshot.Of(engine, new HashSet<string>()), log);
            engineImage.Mount("loop,ro");
            Same(expected, TreeSnapshot.Of(new KernelTree(engineImage.MountPoint), new HashSet<string>()), log);
            engineImage.Unmount();
        }

        image.Unmount();
    }

    [Theory]
    [InlineData("-b size=1024", 5000)]
    [InlineData("-b size=4096 -m rmapbt=1", 5000)]
    public void Thousands_of_attributes_stand_in_trees_of_several_levels(string features, int count)
    {
        var image = Create(features);
        var expected = new Dictionary<string, byte[]>();
        using (var device = new FileDevice(image.Path))
        using (var engine = XfsFileSystem.Open(device))
        {
            engine.CreateFile(Target, new GuestFileAttributes());
            foreach (var left in new[] { count, count / 3, count, 40, 0 })
            {
                for (var i = 0; i < count; i++)
                {
                    var name = $"user.{i}";
                    if (i >= left && expected.Remove(name))
                    {
                        engine.SetExtendedAttribute(Target, name, null);
                    }
                    else if (i < left && !expected.ContainsKey(name))
                    {
                        expected[name] = [.. Enumerable.Range(0, 30 + (i % 60)).Select(j => (byte)(i + j))];
                        engine.SetExtendedAttribute(Target, name, expected[name]);
                    }
                }

                engine.Flush();
                image.Check();
                image.Mount("loop,ro");
                var found = new KernelTree(image.MountPoint).ExtendedAttributes(Target);
                image.Unmount();
                Assert.Equal(expected.OrderBy(a => a.Key, StringComparer.Ordinal), found.OrderBy(a => a.Key, StringComparer.Ordinal));
            }
        }
    }

    /// <summary>No present kernel mounts version 4, so the second opinion is that of xfsprogs.</summary>
    [Theory]
    [InlineData("-m crc=0 -b size=4096", 20_000)]
    [InlineData("-m crc=0 -b size=4096 -n size=65536,ftype=0", 8_000)]
    [InlineData("-m crc=0 -b size=512 -i size=256", 8_000)]
    [InlineData("-m crc=0 -b size=2048 -n ftype=0 -i attr=1", 8_000)]
    public void Version_4_directories_and_attributes_are_good(string features, int count)
    {
        var image = Create(features);
        var names = Names(count, seed: count);
        using (var device = new FileDevice(image.Path))
        using (var engine = XfsFileSystem.Open(device))
        {
            engine.CreateFile(Target, new GuestFileAttributes());
            engine.CreateDirectory(Directory, new GuestFileAttributes());
            engine.Flush();
        }

        var present = new HashSet<string>();
        var attributes = new Dictionary<string, byte[]>();
        foreach (var wanted in new[] { 20, 300, count, 1000, 300, 10, 0 })
        {
            using var device = new FileDevice(image.Path);
            using var engine = XfsFileSystem.Open(device);
            foreach (var name in present.Skip(wanted).ToList())
            {
                engine.Delete(name);
                present.Remove(name);
            }

            foreach (var name in names.Take(wanted).Where(present.Add))
            {
                engine.CreateHardLink(name, Target);
            }

            // As many attributes as the kernel would list.
            for (var i = 0; i < 250; i++)
            {
                var name = $"{(i % 2 == 0 ? "user" : "trusted")}.{new string('a', i % 100)}{i}";
                var isThere = i < Math.Min(wanted, 1000) / 4;
                var value = isThere ? Enumerable.Range(0, i % 50 == 3 ? 20_000 : (i * 7) % 300).Select(j => (byte)(i + j)).ToArray() : null;
                engine.SetExtendedAttribute(Target, name, value);
                _ = value is null ? attributes.Remove(name) : (attributes[name] = value) is null;
            }

            engine.Flush();
            image.Check();
            var inode = engine.Find(Directory)!.Id;
            var listed = image.Db($"inode {inode}", "ls").Split('\n').Count(l => l.Length > 0);
            Assert.Equal(present.Count + 2, listed);
            Assert.True(present.SetEquals(engine.Enumerate(Directory).Select(e => $"{Directory}/{e.Name}")));
            Assert.Equal(
                attributes.OrderBy(a => a.Key, StringComparer.Ordinal), engine.ExtendedAttributes(Target).OrderBy(a => a.Key, StringComparer.Ordinal));
        }
    }

    public void Dispose() => _kept.ForEach(i => i.Dispose());

    private static void Same(List<string> expected, List<string> actual, List<string> log)
    {
        var (missing, extra) = (expected.Except(actual).ToList(), actual.Except(expected).ToList());
        Assert.True(
            missing.Count == 0 && extra.Count == 0,
            $"expected\n  {string.Join("\n  ", missing.Take(5))}\nfound\n  {string.Join("\n  ", extra.Take(5))}\nafter\n{string.Join('\n', log.TakeLast(10))}");
    }

    private XfsTestImage Create(string features)
    {
        ExternalTool.NeedRoot();
        var image = new XfsTestImage("400M", features.Split(' '));
        _kept.Add(image);
        return image;
    }

    /// <summary>xfs_repair finds nothing; engine and kernel show these names, by listing and by looking up.</summary>
    private static void Check(XfsTestImage image, HashSet<string> present)
    {
        image.Check();
        using (var device = new FileDevice(image.Path))
        using (var engine = XfsFileSystem.Open(device))
        {
            Assert.True(present.SetEquals(engine.Enumerate(Directory).Select(e => $"{Directory}/{e.Name}")));
            Assert.All(present, name => Assert.NotNull(engine.Find(name)));
        }

        image.Mount("loop,ro");
        try
        {
            var tree = new KernelTree(image.MountPoint);
            Assert.True(present.SetEquals(tree.Enumerate(Directory).Select(n => $"{Directory}/{n}")));
            Assert.All(present, name => Assert.NotNull(tree.Find(name)));
        }
        finally
        {
            image.Unmount();
        }
    }

    /// <summary>Names of 1 to 255 bytes, a part of which have one hash.</summary>
    private static List<string> Names(int count, int seed)
    {
        var random = new Random(seed);
        var names = new HashSet<string>();
        while (names.Count < count)
        {
            names.Add($"{Directory}/{XfsNamesWorkload.Name(random, names.Count)}");
        }

        return [.. names];
    }
}
