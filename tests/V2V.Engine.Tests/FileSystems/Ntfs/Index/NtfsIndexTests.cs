using System.Buffers.Binary;
using V2V.Engine.FileSystems.Ntfs.Index;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs.Index;

/// <summary>Indexes in memory, compared with a sorted dictionary, and checked by <see cref="NtfsIndexChecker"/>.</summary>
public sealed class NtfsIndexTests
{
    /// <summary>ASCII letters only: what the tests' names are made of.</summary>
    private static readonly NtfsUpcase Upcase = AsciiUpcase();

    private static readonly NtfsCollation FileName = NtfsCollation.FileName(Upcase);

    [Theory]
    [InlineData(4096, 4096, 400, 40)]
    [InlineData(4096, 512, 120, 40)]
    [InlineData(4096, 65536, 600, 20)]
    [InlineData(1024, 512, 56, 12)]
    [InlineData(2048, 4096, 300, 60)]
    [InlineData(4096, 4096, 700, 200)]
    public void Random_insertions_and_removals_keep_the_tree_sound(int recordSize, int clusterSize, int maxRoot, int maxName)
    {
        var random = new Random(recordSize + maxRoot);
        var store = new NtfsMemoryIndex(FileName, recordSize, clusterSize, maxRoot);
        var model = new SortedDictionary<string, ulong>(new NameOrder());
        var depth = 0;
        for (var i = 0; i < 12000; i++)
        {
            // It grows, shrinks to nothing, and grows again.
            var index = new NtfsIndex(store, FileName);
            var isGrowing = i is < 4000 or (>= 8000 and < 11000);
            if (model.Count == 0 || random.Next(10) < (isGrowing ? 8 : 2))
            {
                var name = Name(random, maxName);
                if (model.TryAdd(name, (ulong)i))
                {
                    index.Insert(NtfsIndexEntry.ForFile((ulong)i, Key(name)));
                }
            }
            else
            {
                var name = model.Keys.ElementAt(random.Next(Math.Min(model.Count, 50)));
                Assert.True(index.Delete(Key(name)));
                Assert.False(index.Delete(Key(name)));
                model.Remove(name);
            }

            if (i % 197 == 0 || model.Count < 4)
            {
                var (keys, levels) = NtfsIndexChecker.Check(store, Compare);
                Assert.Equal(model.Keys, keys.Select(NtfsIndexChecker.NameOf));
                depth = Math.Max(depth, levels);
                Assert.Equal(model.Select(p => (p.Key, p.Value)), index.Entries().Select(e => (NtfsFileName.TryParse(e.Key)!.Name, e.FileReference)));
            }
        }

        Assert.True(depth >= 2, $"The tree was only {depth} levels deep.");
        foreach (var name in model.Keys.ToArray())
        {
            Assert.True(new NtfsIndex(store, FileName).Delete(Key(name)));
        }

        Assert.Empty(NtfsIndexChecker.Check(store, Compare).Keys);
        Assert.Equal(0, store.AllocationLength);
        Assert.Equal(NtfsIndexRoot.EmptyLength, store.ReadRoot().Length);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Names_in_order_make_a_tree_of_sensible_size(bool isDescending)
    {
        const int Count = 20000;
        var store = new NtfsMemoryIndex(FileName, 4096, 4096, 400);
        var index = new NtfsIndex(store, FileName);
        foreach (var i in Enumerable.Range(0, Count))
        {
            index.Insert(NtfsIndexEntry.ForFile(1, Key($"file-{(isDescending ? Count - i : i):D6}.txt")));
        }

        Assert.Equal(Count, NtfsIndexChecker.Check(store, Compare).Keys.Count);

        // 120 bytes an entry; records that are half full, with their headers.
        Assert.InRange(store.AllocationLength, Count * 120L, Count * 120L * 5 / 2);
    }

    [Fact]
    public void Large_separators_split_the_nodes_that_they_replace_small_ones_in()
    {
        // Short names stand in the inner nodes; what is to take their places has 255 characters.
        var store = new NtfsMemoryIndex(FileName, 4096, 4096, 240);
        var index = new NtfsIndex(store, FileName);
        var model = new SortedSet<string>(new NameOrder());
        var random = new Random(5);
        var names = Enumerable.Range(0, 2000).Select(i => $"{i:D5}").Concat(
            Enumerable.Range(0, 2000).OrderBy(_ => random.Next()).Take(700).Select(i => $"{i:D5}{new string('y', random.Next(200, 250))}"));
        foreach (var name in names)
        {
            model.Add(name);
            index.Insert(NtfsIndexEntry.ForFile(1, Key(name)));
        }

        foreach (var name in model.Where(n => n.Length < 20).ToArray())
        {
            Assert.True(index.Delete(Key(name)));
            model.Remove(name);
            Assert.Equal(model.Count, NtfsIndexChecker.Check(store, Compare).Keys.Count);
        }

        Assert.Equal(model, NtfsIndexChecker.Check(store, Compare).Keys.Select(NtfsIndexChecker.NameOf));
    }

    [Fact]
    public void Names_are_found_in_any_case_unless_they_differ_by_it()
    {
        var index = new NtfsIndex(new NtfsMemoryIndex(FileName, 1024, 512, 200), FileName);
        var random = new Random(7);
        var names = Enumerable.Range(0, 3000).Select(i => $"Name {i} {random.Next()}").OrderBy(_ => random.Next()).ToArray();
        ulong number = 0;
        foreach (var name in names)
        {
            index.Insert(NtfsIndexEntry.ForFile(++number, Key(name)));
        }

        for (var i = 0; i < names.Length; i++)
        {
            Assert.Equal((ulong)i + 1, index.Find(Key(names[i]))!.Value.FileReference);
            Assert.Null(index.Find(Key(names[i].ToUpperInvariant())));
            Assert.Equal((ulong)i + 1, index.Find(Key(names[i].ToUpperInvariant()), orEquivalent: true)!.Value.FileReference);
            Assert.Null(index.Find(Key(names[i] + "x"), orEquivalent: true));
        }

        // Names of the POSIX namespace: each is found as it is written.
        index.Insert(NtfsIndexEntry.ForFile(9001, Key("readme")));
        index.Insert(NtfsIndexEntry.ForFile(9002, Key("README")));
        index.Insert(NtfsIndexEntry.ForFile(9003, Key("Readme")));
        Assert.Equal(9001u, index.Find(Key("readme"), orEquivalent: true)!.Value.FileReference);
        Assert.Equal(9002u, index.Find(Key("README"), orEquivalent: true)!.Value.FileReference);
        Assert.Equal(9003u, index.Find(Key("Readme"), orEquivalent: true)!.Value.FileReference);
        Assert.InRange(index.Find(Key("reaDME"), orEquivalent: true)!.Value.FileReference, 9001u, 9003u);
        Assert.True(index.Delete(Key("README")));
        Assert.Null(index.Find(Key("README")));
        Assert.Equal(9001u, index.Find(Key("readme"))!.Value.FileReference);
    }

    [Fact]
    public void A_key_is_updated_in_place()
    {
        var store = new NtfsMemoryIndex(FileName, 1024, 512, 200);
        var index = new NtfsIndex(store, FileName);
        for (var i = 0; i < 500; i++)
        {
            index.Insert(NtfsIndexEntry.ForFile((ulong)i, Key($"f{i}")));
        }

        for (var i = 0; i < 500; i++)
        {
            var changed = NtfsFileName.TryParse(Key($"f{i}"))! with { DataLength = i, Parent = 5, Namespace = NtfsNamespace.Win32AndDos };
            Assert.True(index.Update(changed.ToBytes()));
        }

        Assert.False(index.Update(Key("none")));
        Assert.Equal(500, NtfsIndexChecker.Check(store, Compare).Keys.Count);
        foreach (var entry in index.Entries())
        {
            var name = NtfsFileName.TryParse(entry.Key)!;
            Assert.Equal(name.DataLength, (long)entry.FileReference);
            Assert.Equal($"f{entry.FileReference}", name.Name);
        }
    }

    [Fact]
    public void The_root_gives_its_space_back()
    {
        var store = new NtfsMemoryIndex(FileName, 4096, 4096, 800);
        var index = new NtfsIndex(store, FileName);
        Assert.False(index.PushRootDown());
        index.Insert(NtfsIndexEntry.ForFile(1, Key("one")));
        index.Insert(NtfsIndexEntry.ForFile(2, Key("two")));
        Assert.Equal(0, store.AllocationLength);
        Assert.True(index.PushRootDown());
        Assert.Equal(NtfsIndexRoot.MinLengthWithChild, store.ReadRoot().Length);
        Assert.Equal(2, NtfsIndexChecker.Check(store, Compare).Keys.Count);
        Assert.False(index.PushRootDown());
    }

    [Fact]
    public void Numbers_are_found_from_any_of_them_on()
    {
        var store = new NtfsMemoryIndex(NtfsCollation.SecurityHash, 4096, 4096, 300);
        var index = new NtfsIndex(store, NtfsCollation.SecurityHash);
        var random = new Random(3);
        var keys = new SortedSet<(uint Hash, uint Id)>();
        while (keys.Count < 2000)
        {
            var key = ((uint)random.Next(200) << 24, (uint)random.Next());
            if (keys.Add(key))
            {
                index.Insert(NtfsIndexEntry.ForData(Key(key), BitConverter.GetBytes(key.Item2)));
            }
        }

        for (var hash = 0u; hash < 200; hash++)
        {
            var expected = keys.Where(k => k.Hash >= hash << 24).Select(k => k.Id);
            Assert.Equal(expected, index.EntriesFrom(Key((hash << 24, 0))).Select(e => BinaryPrimitives.ReadUInt32LittleEndian(e.Data)));
        }

        var some = keys.ElementAt(1234);
        Assert.Equal(keys.Skip(1234).Select(k => k.Id), index.EntriesFrom(Key(some)).Select(e => BinaryPrimitives.ReadUInt32LittleEndian(e.Data)));
        Assert.Equal(keys.Max.Id, BinaryPrimitives.ReadUInt32LittleEndian(index.Last()!.Value.Data));
    }

    [Fact]
    public void An_empty_leaf_that_another_driver_left_does_no_harm()
    {
        // chkdsk empties the last leaf of $SII without taking it out. The same is done here to each leaf in turn.
        var random = new Random(11);
        var full = new NtfsMemoryIndex(FileName, 1024, 512, 200);
        var index = new NtfsIndex(full, FileName);
        for (var i = 0; i < 200; i++)
        {
            index.Insert(NtfsIndexEntry.ForFile(1, Key($"file {i:D4}")));
        }

        for (var record = 0; record < full.AllocationLength / 1024; record++)
        {
            var store = full.Copy();
            var raw = store.Allocation.AsSpan(record * 1024, 1024);
            if ((raw[36] & 1) != 0)
            {
                continue;
            }

            // Only the entry that ends the node is left, in its first sector.
            var first = 24 + BinaryPrimitives.ReadInt32LittleEndian(raw[24..]);
            raw[first..(first + 16)].Clear();
            raw[first + 8] = 16;
            raw[first + 12] = 2;
            BinaryPrimitives.WriteInt32LittleEndian(raw[28..], first + 16 - 24);
            var model = NtfsIndexChecker.Check(store, Compare, isEmptyAllowed: true).Keys.Select(NtfsIndexChecker.NameOf).ToHashSet();
            var damaged = new NtfsIndex(store, FileName);
            Assert.Equal(model.Count, damaged.Entries().Count());
            Assert.Equal(model.Order(StringComparer.Ordinal).Last(), NtfsFileName.TryParse(damaged.Last()!.Value.Key)!.Name);
            foreach (var i in Enumerable.Range(0, 200).OrderBy(_ => random.Next()))
            {
                var name = $"file {i:D4}";
                if (model.Add(name))
                {
                    damaged.Insert(NtfsIndexEntry.ForFile(1, Key(name)));
                }
                else if (random.Next(2) == 0)
                {
                    Assert.True(damaged.Delete(Key(name)));
                    model.Remove(name);
                }
            }

            var keys = NtfsIndexChecker.Check(store, Compare, isEmptyAllowed: true).Keys.Select(NtfsIndexChecker.NameOf);
            Assert.Equal(model.Order(StringComparer.Ordinal), keys);
            foreach (var name in model)
            {
                Assert.True(damaged.Delete(Key(name)));
            }

            Assert.Empty(damaged.Entries());
        }
    }

    [Fact]
    public void Damage_ends_in_an_error_and_nothing_else()
    {
        var random = new Random(13);
        var sound = new NtfsMemoryIndex(FileName, 1024, 512, 300);
        var index = new NtfsIndex(sound, FileName);
        for (var i = 0; i < 400; i++)
        {
            index.Insert(NtfsIndexEntry.ForFile(1, Key($"file {i:D4}")));
        }

        var errors = 0;
        for (var i = 0; i < 4000; i++)
        {
            var store = sound.Copy();
            var root = store.ReadRoot().ToArray();
            for (var change = random.Next(1, 5); change > 0; change--)
            {
                // Most of the bytes that mean something stand in the headers and in the last eight bytes of entries.
                var target = random.Next(3) == 0 ? root : store.Allocation;
                target[random.Next(target.Length)] = (byte)(random.Next(3) == 0 ? random.Next(256) : random.Next(4) * 8);
            }

            store.ReplaceRoot(random.Next(20) == 0 ? root[..random.Next(root.Length)] : root);
            try
            {
                var damaged = new NtfsIndex(store, FileName);
                Assert.InRange(damaged.Entries().Take(100000).Count(), 0, 99999);
                _ = damaged.Find(Key("FILE 0123"), orEquivalent: true);
                _ = damaged.EntriesFrom(Key("file 0200")).Count();
                for (var change = 0; change < 10; change++)
                {
                    damaged.Insert(NtfsIndexEntry.ForFile(1, Key($"new {random.Next()}")));
                    damaged.Delete(Key($"file {random.Next(400):D4}"));
                    damaged.Update(Key($"file {random.Next(400):D4}"));
                }
            }
            catch (GuestFileSystemException e)
            {
                Assert.Equal("ntfs", e.Format);
                errors++;
            }
        }

        Assert.InRange(errors, 500, 4000);
    }

    private static byte[] Key(string name) => NtfsFileName.SearchKey(name);

    private static byte[] Key((uint Hash, uint Id) key) => [.. BitConverter.GetBytes(key.Hash), .. BitConverter.GetBytes(key.Id)];

    private static string Name(Random random, int max)
    {
        const string Letters = "abcdefghijklmnopqrstuvwxyz0123456789_ABCXYZ";
        return new string([.. Enumerable.Range(0, random.Next(1, max)).Select(_ => Letters[random.Next(Letters.Length)])]);
    }

    private static int Compare(byte[] left, byte[] right) => new NameOrder().Compare(NtfsIndexChecker.NameOf(left), NtfsIndexChecker.NameOf(right));

    private static NtfsUpcase AsciiUpcase()
    {
        var raw = new byte[NtfsUpcase.Size];
        for (var i = 0; i <= char.MaxValue; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(raw.AsSpan(i * 2), i is >= 'a' and <= 'z' ? (ushort)(i - 32) : (ushort)i);
        }

        return NtfsUpcase.Parse(raw);
    }

    /// <summary>As Windows orders names, said in another way.</summary>
    private sealed class NameOrder : IComparer<string>
    {
        public int Compare(string? x, string? y)
        {
            var order = string.CompareOrdinal(x!.ToUpperInvariant(), y!.ToUpperInvariant());
            return order != 0 ? order : string.CompareOrdinal(x, y);
        }
    }
}
