using System.Buffers.Binary;
using System.Globalization;
using System.Text.RegularExpressions;
using V2V.Engine.FileSystems.Ext;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ext;

/// <summary>
/// Damaged images: whatever is read from them or written to them either works or ends in the library's exception, soon and without
/// much memory. Most have no checksums, so that the damage is not noticed before it can do harm.
/// </summary>
public sealed partial class ExtMalformedImageTests
{
    private const int BlockSize = 1024;
    private const int InodeSize = 256;

    private static readonly uint[] ExtremeValues = [0, 1, 2, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF];

    [Theory]
    [InlineData("-t ext4 -O ^metadata_csum,^64bit", false)]
    [InlineData("-t ext4 -O ^metadata_csum,64bit", true)]
    [InlineData("-t ext4 -O metadata_csum,64bit", false)]
    [InlineData("-t ext4 -O metadata_csum,64bit", true)]
    [InlineData("-t ext3 -O ^dir_index", true)]
    [InlineData("-t ext2", false)]
    [InlineData("-t ext4 -O ^metadata_csum,inline_data", false)]
    public void Random_damage_never_gets_out_of_hand(string features, bool dirtyJournal)
    {
        using var image = MakeImage(features, dirtyJournal);
        var bytes = File.ReadAllBytes(image.Path);
        var regions = Regions(image);
        var random = new Random(features.Length);
        Assert.Equal(0, DamagedImage.Exercise(ExtFileSystem.Open, (byte[])bytes.Clone(), "undamaged"));
        var (whole, partly) = (0, 0);
        for (var i = 0; i < 150; i++)
        {
            var copy = (byte[])bytes.Clone();
            var damage = new List<string>();
            for (var changes = random.Next(1, 5); changes > 0; changes--)
            {
                var (name, offset, length) = regions[random.Next(regions.Count)];
                var at = offset + random.Next(length);
                switch (random.Next(4))
                {
                    case 0:
                        copy[at] ^= (byte)(1 << random.Next(8));
                        break;
                    case 1:
                        copy[at] = (byte)random.Next(256);
                        break;
                    case 2:
                        at &= ~3;
                        BinaryPrimitives.WriteUInt32LittleEndian(copy.AsSpan(at), ExtremeValues[random.Next(ExtremeValues.Length)]);
                        break;
                    default:
                        at &= ~3;
                        bytes.AsSpan((offset + random.Next(length)) & ~3, 4).CopyTo(copy.AsSpan(at));
                        break;
                }

                damage.Add($"{name} at {at:x}");
            }

            var refused = DamagedImage.Exercise(ExtFileSystem.Open, copy, $"{features}, {string.Join(", ", damage)} (round {i})");
            whole += refused == 0 ? 1 : 0;
            partly += refused is > 0 and < 100 ? 1 : 0;
        }

        Assert.InRange(whole, 1, 149);
        Assert.InRange(partly, 20, 149);
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("-t ext4 -O ^metadata_csum,^64bit")]
    [InlineData("-t ext4 -O ^metadata_csum,64bit")]
    [InlineData("-t ext3")]
    public void Extreme_values_in_every_field_of_the_superblock_and_descriptors(string features)
    {
        using var image = MakeImage(features, dirtyJournal: false);
        var bytes = File.ReadAllBytes(image.Path);
        foreach (var offset in Enumerable.Range(0, 0x68 / 4).Concat(Enumerable.Range(0xC8 / 4, 26)).Concat([0x150 / 4, 0x154 / 4, 0x158 / 4, 0x15C / 4, 0x174 / 4]))
        {
            Overwrite(bytes, 1024 + (offset * 4), $"{features}, superblock + {offset * 4:x}", width: 4);
        }

        foreach (var offset in new[] { 0x3A, 0x3C, 0x58, 0x5A, 0xFC, 0xFE })
        {
            Overwrite(bytes, 1024 + offset, $"{features}, superblock + {offset:x}", width: 2);
        }

        for (var offset = 0; offset < 64; offset += 2)
        {
            Overwrite(bytes, 2048 + offset, $"{features}, descriptor + {offset:x}", width: 2);
        }
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("-t ext4 -O ^metadata_csum")]
    [InlineData("-t ext2")]
    [InlineData("-t ext4 -O ^metadata_csum,inline_data")]
    public void Extreme_values_in_inodes_and_mapping_nodes(string features)
    {
        using var image = MakeImage(features, dirtyJournal: false);
        var bytes = File.ReadAllBytes(image.Path);
        foreach (var (name, offset, length) in Regions(image).Where(r => r.Name.StartsWith("inode of", StringComparison.Ordinal)))
        {
            for (var field = 0; field < Math.Min(length, 168); field += 4)
            {
                Overwrite(bytes, offset + field, $"{features}, {name} + {field:x}", width: 4, values: 5);
            }
        }

        foreach (var (name, offset, _) in Regions(image).Where(r => r.Name.StartsWith("node of", StringComparison.Ordinal)))
        {
            for (var field = 0; field < 48; field += 2)
            {
                Overwrite(bytes, offset + field, $"{features}, {name} + {field:x}", width: 2);
            }
        }
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("-t ext4 -O ^metadata_csum")]
    [InlineData("-t ext3 -O ^dir_index")]
    public void Extreme_values_in_directories_and_attributes(string features)
    {
        using var image = MakeImage(features, dirtyJournal: false);
        var bytes = File.ReadAllBytes(image.Path);
        foreach (var (name, offset, _) in Regions(image).Where(r => r.Name.StartsWith("directory", StringComparison.Ordinal)).Take(8))
        {
            for (var field = 0; field < 56; field += 2)
            {
                Overwrite(bytes, offset + field, $"{features}, {name} + {field:x}", width: 2);
            }
        }

        foreach (var (name, offset, _) in Regions(image).Where(r => r.Name.StartsWith("attributes", StringComparison.Ordinal)))
        {
            for (var field = 0; field < 80; field += 2)
            {
                Overwrite(bytes, offset + field, $"{features}, {name} + {field:x}", width: 2);
            }
        }
    }

    [Fact]
    public void Extent_nodes_that_point_at_themselves_or_each_other()
    {
        using var image = MakeImage("-t ext4 -O ^metadata_csum", dirtyJournal: false);
        var bytes = File.ReadAllBytes(image.Path);
        var regions = Regions(image);
        var inode = regions.Single(r => r.Name == "inode of /fragmented");
        var nodes = regions.Where(r => r.Name == "node of /fragmented").ToList();
        Assert.NotEmpty(nodes);
        foreach (var depth in new ushort[] { 1, 2, 5, 6, 100, 0xFFFF })
        {
            foreach (var target in nodes)
            {
                var copy = (byte[])bytes.Clone();
                var block = (uint)(target.Offset / BlockSize);

                // The root claims more levels, and every node is an index whose entries lead back to a node.
                BinaryPrimitives.WriteUInt16LittleEndian(copy.AsSpan(inode.Offset + 40 + 6), depth);
                foreach (var (_, offset, _) in nodes)
                {
                    BinaryPrimitives.WriteUInt16LittleEndian(copy.AsSpan(offset + 6), (ushort)(depth - 1));
                    for (var entry = 12; entry < BlockSize - 12; entry += 12)
                    {
                        BinaryPrimitives.WriteUInt32LittleEndian(copy.AsSpan(offset + entry + 4), block);
                        BinaryPrimitives.WriteUInt32LittleEndian(copy.AsSpan(offset + entry + 8), 0);
                    }
                }

                DamagedImage.Exercise(ExtFileSystem.Open, copy, $"cyclic extents, depth {depth}, to block {block}");
            }
        }
    }

    [Fact]
    public void Indirect_blocks_that_point_at_themselves()
    {
        using var image = MakeImage("-t ext2", dirtyJournal: false);
        var bytes = File.ReadAllBytes(image.Path);
        var inode = Regions(image).Single(r => r.Name == "inode of /fragmented").Offset;
        for (var slot = 12; slot < 15; slot++)
        {
            var copy = (byte[])bytes.Clone();
            var block = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(inode + 40 + (12 * 4)));
            BinaryPrimitives.WriteUInt32LittleEndian(copy.AsSpan(inode + 40 + (slot * 4)), block);
            for (var entry = 0; entry < BlockSize; entry += 4)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(copy.AsSpan(((int)block * BlockSize) + entry), block);
            }

            BinaryPrimitives.WriteUInt32LittleEndian(copy.AsSpan(inode + 4), 0xF0000000);
            DamagedImage.Exercise(ExtFileSystem.Open, copy, $"cyclic indirect block from slot {slot}");
        }
    }

    [Theory]
    [InlineData("-t ext4 -O ^metadata_csum")]
    [InlineData("-t ext2 -O ^dir_index")]
    public void Directories_that_contain_themselves(string features)
    {
        using var image = MakeImage(features, dirtyJournal: false);
        var bytes = File.ReadAllBytes(image.Path);
        foreach (var (name, offset, _) in Regions(image).Where(r => r.Name.StartsWith("directory", StringComparison.Ordinal)))
        {
            var copy = (byte[])bytes.Clone();
            for (var entry = 0; entry < BlockSize - 12;)
            {
                var length = BinaryPrimitives.ReadUInt16LittleEndian(copy.AsSpan(offset + entry + 4));
                if (length < 12)
                {
                    break;
                }

                if (copy[offset + entry + 6] > 0)
                {
                    BinaryPrimitives.WriteUInt32LittleEndian(copy.AsSpan(offset + entry), 2); // the root
                    copy[offset + entry + 7] = 2;
                }

                entry += length;
            }

            DamagedImage.Exercise(ExtFileSystem.Open, copy, $"{features}, {name} lists the root");
        }
    }

    [Fact]
    public void Images_that_were_cut_off()
    {
        using var image = MakeImage("-t ext4 -O ^metadata_csum", dirtyJournal: false);
        var bytes = File.ReadAllBytes(image.Path);
        foreach (var length in new[] { 0, 1, 1023, 1024, 1500, 2048, 2049, 4096, 100_000, bytes.Length / 2, bytes.Length - 1024, bytes.Length - 1 })
        {
            DamagedImage.Exercise(ExtFileSystem.Open, bytes[..length], $"cut to {length}");
        }
    }

    /// <summary>Puts each of the extreme values into a field and sees what happens.</summary>
    private static void Overwrite(byte[] bytes, int offset, string what, int width, int values = 10)
    {
        foreach (var value in ExtremeValues.TakeLast(values).Where(v => width == 4 || v <= 0xFFFF))
        {
            var copy = (byte[])bytes.Clone();
            if (width == 4)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(copy.AsSpan(offset), value);
            }
            else
            {
                BinaryPrimitives.WriteUInt16LittleEndian(copy.AsSpan(offset), (ushort)value);
            }

            DamagedImage.Exercise(ExtFileSystem.Open, copy, $"{what} = {value:x}");
        }
    }

    /// <summary>A file system of 4 MiB with one of everything: an index tree, fragmented files, links, attributes in and out of the inode.</summary>
    private static ExtTestImage MakeImage(string features, bool dirtyJournal)
    {
        var source = Directory.CreateTempSubdirectory("v2v-source-");
        try
        {
            string In(string name) => Path.Combine(source.FullName, name);
            Directory.CreateDirectory(In("many"));
            Directory.CreateDirectory(In("directory/deeper"));
            for (var i = 0; i < 90; i++)
            {
                File.WriteAllText(In($"many/file-number-{i:000}-with-a-long-name"), i % 10 == 0 ? new string('x', i * 20) : "");
            }

            File.CreateSymbolicLink(In("short-link"), "directory");
            File.CreateSymbolicLink(In("long-link"), new string('y', 100));
            File.WriteAllText(In("attributed"), "small");
            using (var fragmented = File.Create(In("fragmented")))
            {
                for (var i = 0; i < 120; i++)
                {
                    fragmented.Position = i * 8192;
                    fragmented.Write(BitConverter.GetBytes(i));
                }
            }

            string[] journal = features.Contains("ext2", StringComparison.Ordinal) ? [] : ["-J", "size=1"];
            var image = new ExtTestImage("5M", [.. features.Split(' '), "-b", $"{BlockSize}", "-I", $"{InodeSize}", "-N", "160", .. journal, "-d", source.FullName]);
            var value = image.WriteFile("value", new byte[500]);
            image.DebugFs(
                $"ea_set -f {value} /attributed user.large", "ea_set /attributed user.small 12345", "ea_set /directory user.note hello",
                $"ea_set -f {value} /directory trusted.large");
            if (features.Contains("^dir_index", StringComparison.Ordinal) == false)
            {
                Assert.InRange(ExternalTool.Run("e2fsck", "-fyD", image.Path).ExitCode, 0, 1);
            }

            if (dirtyJournal)
            {
                // A transaction that writes the descriptors and a directory again, as they are.
                var bytes = File.ReadAllBytes(image.Path);
                var block = image.BlocksOf("/directory")[0];
                var copy = image.WriteFile("copy", [.. bytes.AsSpan(2048, BlockSize), .. bytes.AsSpan((int)block * BlockSize, BlockSize)]);
                image.DebugFs("jo", $"jw -b 2,{block} {copy}", "jw -r 4000", "jc");
            }

            return image;
        }
        finally
        {
            source.Delete(recursive: true);
        }
    }

    /// <summary>Where the metadata lies, by what debugfs and dumpe2fs say.</summary>
    private static List<(string Name, int Offset, int Length)> Regions(ExtTestImage image)
    {
        var regions = new List<(string, int, int)> { ("superblock", 1024, 1024), ("descriptors", 2048, 64) };
        void Block(string name, string number) => regions.Add((name, int.Parse(number, CultureInfo.InvariantCulture) * BlockSize, BlockSize));
        var layout = ExternalTool.Check("dumpe2fs", image.Path);
        foreach (Match m in BitmapLine().Matches(layout))
        {
            Block("bitmap", m.Groups[1].Value);
        }

        foreach (var path in new[] { "/", "/many", "/directory", "/fragmented", "/attributed", "/long-link", "/short-link", "<7>", "<8>" })
        {
            var where = InodeLocation().Match(image.DebugFs($"imap {path}"));
            if (where.Success)
            {
                var offset = int.Parse(where.Groups[1].Value, CultureInfo.InvariantCulture) * BlockSize
                    + int.Parse(where.Groups[2].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                regions.Add(($"inode of {path}", offset, InodeSize));
            }

            var stat = image.DebugFs($"stat {path}");
            foreach (Match m in NodeBlock().Matches(stat))
            {
                Block($"node of {path}", m.Groups[1].Value);
            }

            if (AttributeBlock().Match(stat) is { Success: true } attributes && attributes.Groups[1].Value != "0")
            {
                Block($"attributes of {path}", attributes.Groups[1].Value);
            }

            if (stat.Contains("Type: directory", StringComparison.Ordinal))
            {
                foreach (var block in image.BlocksOf(path))
                {
                    Block($"directory {path}", $"{block}");
                }
            }
        }

        if (image.BlocksOf("<8>") is { Length: > 0 } journal)
        {
            foreach (var block in journal.Take(7))
            {
                regions.Add(("journal", (int)block * BlockSize, 64));
            }
        }

        return regions;
    }

    [GeneratedRegex(@"[Bb]itmap at (\d+)")]
    private static partial Regex BitmapLine();

    [GeneratedRegex(@"located at block (\d+), offset 0x([0-9a-f]+)")]
    private static partial Regex InodeLocation();

    [GeneratedRegex(@"\((?:ETB\d+|[DT]?IND)\):(\d+)")]
    private static partial Regex NodeBlock();

    [GeneratedRegex(@"File ACL: (\d+)")]
    private static partial Regex AttributeBlock();
}
