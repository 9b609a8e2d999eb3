using V2V.Engine.FileSystems.Xfs;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Xfs;

public sealed class XfsDirectoryTests
{
    private const ulong Parent = 128;

    private const int InodeArea = 336;

    /// <summary>Version 5 or 4, block size, file system blocks in a directory block, file types.</summary>
    public static TheoryData<bool, int, int, bool> Shapes => new()
    {
        { true, 4096, 1, true },
        { true, 1024, 4, true },
        { true, 4096, 4, true },
        { true, 4096, 16, true },
        { true, 65536, 1, true },
        { false, 4096, 1, false },
        { false, 4096, 1, true },
        { false, 512, 1, false },
        { false, 512, 8, true },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void A_directory_grows_through_all_forms_and_back_to_none(bool isV5, int blockSize, int directoryBlocks, bool hasFileTypes) =>
        GrowAndShrink(isV5, blockSize, directoryBlocks, hasFileTypes, count: 3000);

    [Theory]
    [MemberData(nameof(Shapes))]
    [Trait("Category", "Slow")]
    public void A_very_large_directory_grows_and_shrinks(bool isV5, int blockSize, int directoryBlocks, bool hasFileTypes) =>
        GrowAndShrink(isV5, blockSize, directoryBlocks, hasFileTypes, count: 20_000);

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Random_changes_leave_what_a_dictionary_holds(bool isV5, int blockSize, int directoryBlocks, bool hasFileTypes)
    {
        var fork = Create(isV5, blockSize, directoryBlocks, hasFileTypes);
        var directory = new XfsDirectory(fork);
        var random = new Random(1);
        var model = new Dictionary<string, (ulong Inode, byte Type)>();
        var names = new List<byte[]>();
        var next = 0;
        for (var i = 0; i < 6000; i++)
        {
            fork.Seal();
            var growing = (i / 1500 % 2) == 0 ? 70 : 30;
            var inode = random.Next(10) == 0 ? (1UL << 32) + (ulong)random.Next(1000) : (ulong)random.Next(1, int.MaxValue);
            var type = (byte)random.Next(1, 8);
            if (names.Count == 0 || random.Next(100) < growing)
            {
                var name = Name(random, next++);
                names.Add(name);
                directory.Add(name, inode, type);
                model[Convert.ToHexString(name)] = (inode, hasFileTypes ? type : (byte)0);
            }
            else
            {
                var at = random.Next(names.Count);
                var name = names[at];
                if (random.Next(4) == 0)
                {
                    directory.Replace(name, inode, type);
                    model[Convert.ToHexString(name)] = (inode, hasFileTypes ? type : (byte)0);
                }
                else
                {
                    directory.Remove(name);
                    model.Remove(Convert.ToHexString(name));
                    (names[at], names[^1]) = (names[^1], names[at]);
                    names.RemoveAt(names.Count - 1);
                }
            }

            fork.AssertChangesAreMarked();
            if (i % 500 == 0)
            {
                Assert.Equal(model.OrderBy(e => e.Key, StringComparer.Ordinal), XfsDirectoryChecker.Check(fork).OrderBy(e => e.Key, StringComparer.Ordinal));
                Assert.Equal(model.Keys.Order(StringComparer.Ordinal), directory.Enumerate().Select(e => Convert.ToHexString(e.Name)).Order(StringComparer.Ordinal));
            }
        }
    }

    [Fact]
    public void Names_with_one_hash_are_told_apart_across_leaves()
    {
        var fork = Create(isV5: true, 1024, 1, hasFileTypes: true);
        var directory = new XfsDirectory(fork);

        // Swapping bits seven apart between neighbouring characters leaves the hash as it is.
        var names = Colliding(900);
        Assert.Single(names.Select(n => XfsDaHash.Compute(n)).Distinct());
        for (var i = 0; i < names.Count; i++)
        {
            directory.Add(names[i], (ulong)i + 1, 1);
        }

        Check(fork, names, 0, names.Count);
        Assert.All(names.Index(), n => Assert.Equal((ulong)n.Index + 1, directory.Lookup(n.Item)!.Value.Inode));
        for (var i = 0; i < names.Count; i += 2)
        {
            directory.Remove(names[i]);
        }

        XfsDirectoryChecker.Check(fork);
        Assert.All(names.Index(), n => Assert.Equal(n.Index % 2 == 1, directory.Lookup(n.Item) is not null));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(40)]
    [InlineData(600)]
    [InlineData(4000)]
    public void The_parent_changes_in_every_form(int count)
    {
        var fork = Create(isV5: true, 1024, 1, hasFileTypes: true);
        var directory = new XfsDirectory(fork);
        for (var i = 0; i < count; i++)
        {
            directory.Add(System.Text.Encoding.ASCII.GetBytes($"file {i}"), (ulong)i + 1000, 1);
        }

        directory.Parent = 1UL << 40;
        Assert.Equal(1UL << 40, directory.Parent);
        Assert.Equal(count, XfsDirectoryChecker.Check(fork).Count);
        directory.Parent = 99;
        Assert.Equal(99UL, directory.Parent);
        Assert.Equal(count, XfsDirectoryChecker.Check(fork).Count);
    }

    [Fact]
    public void A_directory_moves_out_of_its_inode()
    {
        var fork = Create(isV5: true, 4096, 1, hasFileTypes: true);
        var directory = new XfsDirectory(fork);
        directory.Add("a"u8, 1000, 1);
        directory.MoveOut();
        Assert.Equal(XfsForkFormat.Extents, fork.Format);
        Assert.Equal(1000UL, directory.Lookup("a"u8)!.Value.Inode);
        XfsDirectoryChecker.Check(fork);
    }

    [Theory]
    [InlineData(true, 4096, 1)]
    [InlineData(false, 1024, 1)]
    public void Damage_ends_in_the_file_system_exception(bool isV5, int blockSize, int directoryBlocks)
    {
        var random = new Random(7);
        foreach (var count in new[] { 5, 30, 300, 5000 })
        {
            for (var round = 0; round < 20; round++)
            {
                var fork = Create(isV5, blockSize, directoryBlocks, hasFileTypes: true);
                var directory = new XfsDirectory(fork);
                var names = Enumerable.Range(0, count).Select(i => Name(random, i, 20)).ToList();
                for (var i = 0; i < count; i++)
                {
                    directory.Add(names[i], (ulong)i + 1, 1);
                }

                Damage(fork, random);
                try
                {
                    foreach (var name in names.Take(200))
                    {
                        directory.Lookup(name);
                    }

                    Assert.True(directory.Enumerate().Count() <= count * 2);
                    foreach (var name in names.Take(50))
                    {
                        directory.Remove(name);
                        directory.Add(name, 1, 1);
                    }
                }
                catch (GuestFileSystemException e)
                {
                    Assert.Equal("xfs", e.Format);
                }
                catch (Exception e) when (e is Xunit.Sdk.XunitException or KeyNotFoundException)
                {
                    // The fork of the test is stricter than a real one, which reports such a request itself.
                }
            }
        }
    }

    private static void GrowAndShrink(bool isV5, int blockSize, int directoryBlocks, bool hasFileTypes, int count)
    {
        var fork = Create(isV5, blockSize, directoryBlocks, hasFileTypes);
        var directory = new XfsDirectory(fork);
        var random = new Random(blockSize + directoryBlocks);
        var names = Enumerable.Range(0, count).Select(i => Name(random, i)).ToList();
        for (var i = 0; i < names.Count; i++)
        {
            directory.Add(names[i], (ulong)i + 1000, (byte)((i % 7) + 1));
            if ((i & (i - 1)) == 0)
            {
                Check(fork, names, 0, i + 1);
            }
        }

        Check(fork, names, 0, names.Count);
        Assert.All(names.Index(), n => Assert.Equal((ulong)n.Index + 1000, directory.Lookup(n.Item)!.Value.Inode));
        Assert.Null(directory.Lookup("not there"u8));
        Assert.Equal(Parent, directory.Parent);

        for (var i = 0; i < names.Count; i++)
        {
            directory.Remove(names[i]);
            var left = names.Count - i - 1;
            if ((left & (left - 1)) == 0 || i % 4000 == 0)
            {
                Check(fork, names, i + 1, names.Count);
            }
        }

        Assert.True(directory.IsEmpty);
        Assert.Equal(XfsForkFormat.Local, fork.Format);
        Assert.Equal(6, fork.Size);
    }

    private static void Damage(XfsMemoryFork fork, Random random)
    {
        if (fork.Format == XfsForkFormat.Local)
        {
            var content = fork.Inline.ToArray();
            content[random.Next(content.Length)] = (byte)random.Next(256);
            fork.SetInline(content);
            return;
        }

        for (var i = random.Next(1, 8); i > 0; i--)
        {
            var data = fork.Buffers.Values.ElementAt(random.Next(fork.Buffers.Count)).Data;
            var at = random.Next(2) == 0 ? random.Next(Math.Min(data.Length, 120)) : random.Next(data.Length);
            data[at] = (byte)random.Next(256);
        }
    }

    private static XfsMemoryFork Create(bool isV5, int blockSize, int directoryBlocks, bool hasFileTypes)
    {
        var fork = new XfsMemoryFork(XfsMemoryFork.Shape(isV5, blockSize, directoryBlocks, hasFileTypes), Math.Min(InodeArea, blockSize / 4));
        XfsDirectory.Initialise(fork, Parent);
        return fork;
    }

    private static void Check(XfsMemoryFork fork, List<byte[]> names, int from, int to)
    {
        var found = XfsDirectoryChecker.Check(fork);
        Assert.Equal(to - from, found.Count);
        Assert.All(names[from..to], n => Assert.True(found.ContainsKey(Convert.ToHexString(n))));
    }

    /// <summary>A name of its own: random bytes and, hidden in them, a number.</summary>
    private static byte[] Name(Random random, int number, int maxLength = 255)
    {
        var suffix = System.Text.Encoding.ASCII.GetBytes(number.ToString("x", System.Globalization.CultureInfo.InvariantCulture));
        var name = new byte[Math.Max(suffix.Length, random.Next(10) == 0 ? random.Next(1, maxLength + 1) : random.Next(1, Math.Min(24, maxLength + 1)))];
        for (var i = 0; i < name.Length - suffix.Length; i++)
        {
            name[i] = (byte)(random.Next(1, 256) | 0x40);
        }

        suffix.CopyTo(name, name.Length - suffix.Length);
        if (name.Length > suffix.Length)
        {
            // The number of digits ends the random part, so that no two names are alike.
            name[^(suffix.Length + 1)] = (byte)('A' + suffix.Length);
        }

        return name;
    }

    private static List<byte[]> Colliding(int count)
    {
        var names = new List<byte[]>();
        for (var bits = 0; names.Count < count; bits++)
        {
            var name = new byte[24];
            for (var i = 0; i < name.Length; i += 2)
            {
                var swap = (bits >> (i / 2)) & 1;
                (name[i], name[i + 1]) = swap == 0 ? ((byte)0x60, (byte)0x21) : ((byte)0x61, (byte)0xA1);
            }

            names.Add(name);
        }

        return names;
    }
}
