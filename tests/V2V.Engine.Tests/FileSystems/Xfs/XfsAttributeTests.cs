using System.Globalization;
using System.Text;
using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Xfs;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Xfs;

public sealed class XfsAttributeTests
{
    private const string Path = "/file";

    private const int InodeArea = 200;

    public static TheoryData<bool, int> Shapes => new() { { true, 4096 }, { true, 1024 }, { true, 65536 }, { false, 4096 }, { false, 512 } };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Random_changes_leave_what_a_dictionary_holds(bool isV5, int blockSize)
    {
        var fork = new XfsMemoryFork(XfsMemoryFork.Shape(isV5, blockSize), Math.Min(InodeArea, blockSize / 5));
        var attributes = new XfsAttributes(fork);
        var random = new Random(blockSize);
        var model = new Dictionary<string, byte[]>();
        string[] prefixes = ["user.", "trusted.", "security."];
        for (var i = 0; i < 3000; i++)
        {
            fork.Seal();

            // Few names at first and at last, so that every form is passed more than once.
            var limit = i switch { < 300 => 3, < 800 => 30, < 2000 => 500, < 2500 => 30, _ => 3 };
            var number = random.Next(limit);
            var name = prefixes[number % 3] + new string((char)('a' + (number % 26)), number % 7 == 0 ? 240 : 3) + number.ToString(CultureInfo.InvariantCulture);
            if (random.Next(10) < 4 || (model.Count > limit && model.Count > 0))
            {
                name = model.Count > limit ? model.Keys.First() : name;
                Assert.Equal(model.Remove(name), attributes.Remove(name, Path));
            }
            else
            {
                var value = new byte[random.Next(20) switch { 0 => random.Next(65537), < 4 => random.Next(blockSize), _ => random.Next(80) }];
                random.NextBytes(value);
                Assert.True(attributes.TrySet(name, value, Path));
                model[name] = value;
            }

            fork.AssertChangesAreMarked();
            if (i % 100 == 0)
            {
                var found = XfsAttributeChecker.Check(fork);
                Assert.Equal(model.Count, found.Count);
                Assert.All(model, m => Assert.Equal(m.Value, found[Key(m.Key)]));
                Assert.Equal(model.Keys.Order(StringComparer.Ordinal), attributes.All().Select(a => a.Name).Order(StringComparer.Ordinal));
                Assert.All(model, m => Assert.Equal(m.Value, attributes.Get(m.Key, Path)));
            }
        }

        foreach (var name in model.Keys)
        {
            Assert.True(attributes.Remove(name, Path));
            XfsAttributeChecker.Check(fork);
        }

        Assert.True(fork.IsRemoved);
        Assert.Empty(attributes.All());
    }

    [Fact]
    public void One_name_in_three_namespaces_is_three_attributes()
    {
        var fork = new XfsMemoryFork(XfsMemoryFork.Shape(isV5: true), InodeArea);
        var attributes = new XfsAttributes(fork);
        foreach (var prefix in new[] { "user.", "trusted.", "security." })
        {
            Assert.True(attributes.TrySet(prefix + "name", Encoding.ASCII.GetBytes(prefix), Path));
        }

        Assert.True(attributes.Remove("trusted.name", Path));
        Assert.False(attributes.Remove("trusted.name", Path));
        Assert.Equal(["user.name", "security.name"], attributes.All().Select(a => a.Name));
        Assert.Equal("security."u8.ToArray(), attributes.Get("security.name", Path));
        Assert.Null(attributes.Get("trusted.name", Path));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(300)]
    public void What_users_do_not_see_is_kept(int count)
    {
        var fork = new XfsMemoryFork(XfsMemoryFork.Shape(isV5: true), InodeArea);
        var attributes = new XfsAttributes(fork);
        for (var i = 0; i < count; i++)
        {
            attributes.TrySet($"trusted.{i}", [(byte)i], Path);
        }

        // Entry flags: the parent bit instead of the root bit.
        var name = Encoding.ASCII.GetBytes("2");
        if (fork.Format == XfsForkFormat.Local)
        {
            var content = fork.Inline.ToArray();
            Assert.Equal((2, name[0]), (content[4 + (2 * 5) + 2], content[4 + (2 * 5) + 3]));
            content[4 + (2 * 5) + 2] = 8;
            fork.SetInline(content);
        }
        else
        {
            var hash = XfsDaHash.Compute(name);
            var entry = fork.Buffers.Values.Select(b => b.Data).Where(d => d[8] == 0x3B)
                .SelectMany(d => Enumerable.Range(0, (d[56] << 8) + d[57]).Select(i => d.AsMemory(80 + (i * 8), 8))).Single(e => e.Span[3] == hash && e.Span[2] == 0 && e.Span[1] == 0);
            Assert.Equal(3, entry.Span[6]);
            entry.Span[6] = 9;
        }

        Assert.Null(attributes.Get("trusted.2", Path));
        Assert.DoesNotContain("trusted.2", attributes.All().Select(a => a.Name));
        attributes.TrySet("trusted.2", [77], Path);
        attributes.TrySet("user.more", new byte[200], Path);
        attributes.Remove("trusted.1", Path);
        var found = XfsAttributeChecker.Check(fork);
        Assert.Equal(count + 1, found.Count);
        Assert.Equal([2], found[(8, Convert.ToHexString(name))]);
        Assert.Equal([77], attributes.Get("trusted.2", Path));
        for (var i = 0; i < count; i++)
        {
            attributes.Remove($"trusted.{i}", Path);
        }

        attributes.Remove("user.more", Path);
        Assert.Single(XfsAttributeChecker.Check(fork));
        Assert.False(fork.IsRemoved);
    }

    [Fact]
    public void An_incomplete_attribute_is_not_there()
    {
        var fork = new XfsMemoryFork(XfsMemoryFork.Shape(isV5: true), InodeArea);
        var attributes = new XfsAttributes(fork);
        attributes.TrySet("user.a", new byte[1000], Path);
        attributes.TrySet("user.b", new byte[1000], Path);
        var leaf = fork.Buffers[0].Data;
        leaf[80 + 6] |= 0x80;
        Assert.Equal(["user.b"], attributes.All().Select(a => a.Name));
        Assert.False(attributes.Remove("user.a", Path));
        attributes.TrySet("user.a", [1], Path);
        Assert.Equal([1], attributes.Get("user.a", Path));
        Assert.True(attributes.Remove("user.b", Path) && attributes.Remove("user.a", Path));
        Assert.Empty(attributes.All());
        Assert.Equal(0x80 | 1, fork.Buffers[0].Data[80 + 6]);
    }

    [Fact]
    public void An_ACL_is_stored_in_the_form_of_XFS()
    {
        var fork = new XfsMemoryFork(XfsMemoryFork.Shape(isV5: true), InodeArea);
        var attributes = new XfsAttributes(fork);
        var acl = Convert.FromHexString("0200000001000600FFFFFFFF02000700E803000004000400FFFFFFFF10000700FFFFFFFF20000000FFFFFFFF");
        Assert.True(attributes.TrySet("system.posix_acl_access", acl, Path));
        Assert.Equal(acl, attributes.Get("system.posix_acl_access", Path));
        Assert.Equal(["system.posix_acl_access"], attributes.All().Select(a => a.Name));
        var stored = XfsAttributeChecker.Check(fork)[(2, Convert.ToHexString("SGI_ACL_FILE"u8))];
        Assert.Equal(
            "00000005" + "000000010000000000060000" + "00000002000003E800070000" + "000000040000000000040000" + "000000100000000000070000" + "000000200000000000000000",
            Convert.ToHexString(stored));
        Assert.Equal(0x1F8, PosixAcl.ModeOf(acl, 0x1A4) | 0x1C0);
    }

    [Theory]
    [InlineData("system.other")]
    [InlineData("user.")]
    [InlineData("noprefix")]
    [InlineData("trusted.SGI_ACL_FILE")]
    [InlineData("user.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void Names_that_XFS_cannot_hold_are_refused(string name)
    {
        var attributes = new XfsAttributes(new XfsMemoryFork(XfsMemoryFork.Shape(isV5: true), InodeArea));
        var e = Assert.Throws<GuestFileSystemException>(() => attributes.TrySet(name, [1], Path));
        Assert.Equal(V2VError.GuestPathInvalid, e.Error);
    }

    [Fact]
    public void A_value_longer_than_the_kernel_allows_is_refused()
    {
        var attributes = new XfsAttributes(new XfsMemoryFork(XfsMemoryFork.Shape(isV5: true), InodeArea));
        Assert.Throws<GuestFileSystemException>(() => attributes.TrySet("user.a", new byte[65537], Path));
    }

    [Fact]
    public void Damage_ends_in_the_file_system_exception()
    {
        var random = new Random(11);
        for (var round = 0; round < 400; round++)
        {
            var fork = new XfsMemoryFork(XfsMemoryFork.Shape(isV5: round % 2 == 0, 1024), InodeArea);
            var attributes = new XfsAttributes(fork);
            var count = new[] { 2, 15, 200 }[round % 3];
            for (var i = 0; i < count; i++)
            {
                attributes.TrySet($"user.{i}", new byte[i % 5 == 4 ? 3000 : i % 20], Path);
            }

            Damage(fork, random);
            try
            {
                Assert.True(attributes.All().Count() <= count * 3);
                for (var i = 0; i < Math.Min(count, 20); i++)
                {
                    attributes.Get($"user.{i}", Path);
                    attributes.TrySet($"user.{i}", new byte[i * 10], Path);
                    attributes.Remove($"user.{i}", Path);
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

    private static (int Flags, string Name) Key(string name)
    {
        var prefix = name[..(name.IndexOf('.', StringComparison.Ordinal) + 1)];
        return (prefix switch { "trusted." => 2, "security." => 4, _ => 0 }, Convert.ToHexString(Encoding.ASCII.GetBytes(name[prefix.Length..])));
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
            data[random.Next(2) == 0 ? random.Next(120) : random.Next(data.Length)] = (byte)random.Next(256);
        }
    }
}
