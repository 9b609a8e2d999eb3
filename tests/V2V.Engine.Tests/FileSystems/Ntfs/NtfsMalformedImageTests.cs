using System.Buffers.Binary;
using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Ntfs;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs;

/// <summary>
/// Damaged images: whatever is read from them or written to them either works or ends in the library's exception, soon and without much
/// memory. Most damage is made between the update sequences, so that it gets past that first check.
/// </summary>
public sealed class NtfsMalformedImageTests
{
    private const int MiB = 1 << 20;
    private const int SectorSize = 512;

    private static readonly ulong[] s_extremeValues =
        [0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0x8000000000000000, ulong.MaxValue];

    [Theory]
    [InlineData("-c 4096", 8, 1)]
    [InlineData("-c 512", 6, 2)]
    [InlineData("-c 4096 -s 4096", 8, 3)]
    [InlineData("-c 65536", 24, 4)]
    public void Random_damage_never_gets_out_of_hand(string arguments, int mebibytes, int seed)
    {
        const int Rounds = 130; // 520 in all
        using var image = MakeImage(arguments, mebibytes);
        var bytes = File.ReadAllBytes(image.Path);
        var always = Exercise((byte[])bytes.Clone(), "undamaged");
        Assert.InRange(always, 0, 4); // there are no attributes of users
        var regions = Regions(bytes);
        var names = new HashSet<string> { "boot", "record", "index", "runs", "list", "bitmap", "log", "security" };
        if (!arguments.Contains("65536", StringComparison.Ordinal))
        {
            names.Add("compressed"); // only with clusters of up to 4 KiB
        }

        Assert.Superset(names, regions.Select(r => r.Name).ToHashSet());
        var random = new Random(seed + DifferentialRun.SeedOffset);
        var kinds = regions.GroupBy(r => r.Name).Select(g => g.ToList()).ToList();
        var (whole, partly) = (0, 0);
        for (var round = 0; round < Rounds; round++)
        {
            var copy = (byte[])bytes.Clone();
            var damage = new List<string>();
            for (var changes = random.Next(1, 5); changes > 0; changes--)
            {
                var kind = kinds[random.Next(kinds.Count)];
                damage.Add(Damage(copy, kind[random.Next(kind.Count)], random));
            }

            var refused = Exercise(copy, $"{arguments}, {string.Join(", ", damage)} (round {round})");
            whole += refused <= always ? 1 : 0;
            partly += refused > always ? 1 : 0;
        }

        Assert.True(whole > 0 && partly > 0, $"{whole} images were used without a further refusal, {partly} with some");
    }

    [Fact]
    public void Images_that_were_cut_off()
    {
        using var image = MakeImage("-c 4096", 8);
        var bytes = File.ReadAllBytes(image.Path);
        foreach (var length in new[] { 0, 1, 511, 512, 4096, 16384, 100_000, bytes.Length / 2, bytes.Length - 4096, bytes.Length - 1 })
        {
            Exercise(bytes[..length], $"cut off at {length}");
        }
    }

    /// <summary>Every index node of the volume leads to itself, and to the root.</summary>
    [Fact]
    public void Directories_that_lead_in_circles()
    {
        using var image = MakeImage("-c 4096", 8);
        var bytes = File.ReadAllBytes(image.Path);
        for (var target = 0; target < 4; target++)
        {
            var copy = (byte[])bytes.Clone();
            foreach (var region in Regions(bytes).Where(r => r.Name == "index"))
            {
                var node = copy.AsSpan(region.Offset, region.Length);
                node[24 + 12] |= 1;
                for (var at = 24 + BinaryPrimitives.ReadInt32LittleEndian(node[24..]); at + 24 < region.Length;)
                {
                    int length = BinaryPrimitives.ReadUInt16LittleEndian(node[(at + 8)..]);
                    if (length < 24 || at + length > region.Length)
                    {
                        break;
                    }

                    node[at + 12] |= 1;
                    BinaryPrimitives.WriteInt64LittleEndian(node[(at + length - 8)..], target);
                    at += length;
                }
            }

            Exercise(copy, $"every node leads to {target}");
        }
    }

    [Fact]
    public void Attribute_lists_that_name_their_own_list()
    {
        using var image = MakeImage("-c 4096", 8);
        var bytes = File.ReadAllBytes(image.Path);
        foreach (var region in Regions(bytes).Where(r => r.Name == "list"))
        {
            var copy = (byte[])bytes.Clone();
            for (var at = region.Offset; at + 32 <= region.Offset + region.Length; at += 32)
            {
                // Every entry is for an attribute list.
                BinaryPrimitives.WriteUInt32LittleEndian(copy.AsSpan(at), 0x20);
            }

            Exercise(copy, $"the list at {region.Offset} lists lists");
        }
    }

    private static int Exercise(byte[] bytes, string what)
    {
        return DamagedImage.Exercise(Open, bytes, what);
        static WritableGuestFileSystem Open(V2V.Engine.Disks.WritableBlockDevice device) =>
            NtfsProbe.Recognises(device) ? NtfsFileSystem.Open(device) : throw new GuestFileSystemException(V2VError.FileSystemUnsupported, "no NTFS");
    }

    /// <summary>Changes a field of one to eight bytes, at a multiple of its size, or a few bytes anywhere; never those that the update sequence replaces.</summary>
    private static string Damage(byte[] bytes, Region region, Random random)
    {
        var size = 1 << random.Next(4);
        var at = random.Next(3) == 0 ? random.Next(region.Length) : random.Next(Math.Min(region.Length, 400));
        at -= at % size;
        var position = region.Offset + at;
        if (region.HasFixups && (at % SectorSize) + size > SectorSize - 2 && random.Next(4) != 0)
        {
            at -= 16;
            position -= 16;
        }

        if (position + size > bytes.Length)
        {
            return "nothing";
        }

        var field = new byte[8];
        var before = new byte[8];
        bytes.AsSpan(position, size).CopyTo(before);
        var value = random.Next(4) switch
        {
            0 => (ulong)random.NextInt64(),
            1 => BinaryPrimitives.ReadUInt64LittleEndian(before) + (ulong)random.Next(-8, 9),
            2 => BinaryPrimitives.ReadUInt64LittleEndian(before) ^ (1ul << random.Next(size * 8)),
            _ => s_extremeValues[random.Next(s_extremeValues.Length)],
        };
        BinaryPrimitives.WriteUInt64LittleEndian(field, value);
        field.AsSpan(0, size).CopyTo(bytes.AsSpan(position));
        return $"{region.Name} at {region.Offset} + {at}: {Convert.ToHexString(bytes, position, size)}";
    }

    /// <summary>What is where: found by magic numbers, and by the runs of the file system's own files.</summary>
    private static List<Region> Regions(byte[] bytes)
    {
        var cluster = bytes[0x0D] * BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(0x0B)); // up to 64 KiB
        var recordSize = (sbyte)bytes[0x40] > 0 ? bytes[0x40] * cluster : 1 << -(sbyte)bytes[0x40];
        var regions = new List<Region> { new("boot", 0, 90, false) };
        for (var at = 0; at + SectorSize <= bytes.Length; at += SectorSize)
        {
            var magic = bytes.AsSpan(at, 4);
            if (magic.SequenceEqual("INDX"u8))
            {
                regions.Add(new Region("index", at, 4096, true));
            }
            else if (magic.SequenceEqual("RSTR"u8) || magic.SequenceEqual("RCRD"u8))
            {
                regions.Add(new Region("log", at, 4096, true));
            }
            else if (magic.SequenceEqual("FILE"u8) && (bytes[at + 0x16] & 1) != 0)
            {
                regions.Add(new Region("record", at, recordSize, true));
                AddAttributes(bytes, at, recordSize, cluster, regions);
            }
        }

        return regions;
    }

    private static void AddAttributes(byte[] bytes, int record, int recordSize, int cluster, List<Region> regions)
    {
        var number = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(record + 0x2C));
        for (int at = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(record + 0x14)); at + 24 < recordSize;)
        {
            var type = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(record + at));
            var length = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(record + at + 4));
            if (type == uint.MaxValue || length < 24 || at + length > recordSize)
            {
                return;
            }

            var isResident = bytes[record + at + 8] == 0;
            var value = record + at + BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(record + at + (isResident ? 20 : 32)));
            var end = record + at + length;
            if (type == 0x20 && isResident)
            {
                regions.Add(new Region("list", value, end - value, false));
            }

            if (!isResident && (bytes[value] & 15) is var lengthBytes and not 0 && (bytes[value] >> 4) is var offsetBytes and not 0)
            {
                regions.Add(new Region("runs", value, Math.Min(end - value, 64), false));
                var first = 0L;
                for (var i = offsetBytes; i > 0; i--)
                {
                    first = (first << 8) | bytes[value + lengthBytes + i];
                }

                if (first * cluster < bytes.Length)
                {
                    var where = (int)(first * cluster);
                    switch (number, type)
                    {
                        case (_, 0x20):
                            regions.Add(new Region("list", where, 640, false));
                            break;
                        case (2, 0x80):
                            regions.Add(new Region("log", where, 8192, false));
                            break;
                        case (6, 0x80) or (0, 0xB0):
                            regions.Add(new Region("bitmap", where, 512, false));
                            break;
                        case (9, 0x80):
                            regions.Add(new Region("security", where, 600, false));
                            break;
                        case (_, 0x80) when (bytes[record + at + 12] & 1) != 0:
                            regions.Add(new Region("compressed", where, 4096, false));
                            break;
                    }
                }
            }

            at += length;
        }
    }

    /// <summary>A small volume with one of everything, under the names that <see cref="DamagedImage"/> uses. ntfs-3g makes what the engine does not.</summary>
    private static NtfsTestImage MakeImage(string arguments, int mebibytes)
    {
        ExternalTool.NeedRoot();
        ExternalTool.Need("setfattr");
        var image = new NtfsTestImage(mebibytes * MiB, arguments.Split(' '));
        image.Mount();
        var root = image.MountPoint;
        Directory.CreateDirectory(Path.Combine(root, "many"));
        Directory.CreateDirectory(Path.Combine(root, "directory", "deeper"));
        for (var i = 0; i < 200; i++)
        {
            File.WriteAllBytes(Path.Combine(root, "many", $"file-number-{i:000}-with-a-long-name"), new byte[i % 10 * 40]);
        }

        using (var fragmented = File.Create(Path.Combine(root, "fragmented")))
        {
            var block = Math.Max(4096, mebibytes * 64);
            for (var i = 0; i < 150; i++)
            {
                fragmented.Position = (long)i * block * 2;
                fragmented.Write(BitConverter.GetBytes(i));
            }
        }

        // Hard links until an attribute list is needed.
        for (var i = 0; i < 40; i++)
        {
            ExternalTool.Check("ln", Path.Combine(root, "fragmented"), Path.Combine(root, "directory", $"another name of the same file, number {i}"));
        }

        File.WriteAllText(Path.Combine(root, "attributed"), "a");
        File.WriteAllText(Path.Combine(root, "attributed:stream"), new string('s', 9000));
        Directory.CreateDirectory(Path.Combine(root, "packed"));
        ExternalTool.Check("setfattr", "-h", "-n", "system.ntfs_attrib_be", "-v", "0x00000800", Path.Combine(root, "packed"));
        File.WriteAllText(Path.Combine(root, "packed", "text"), string.Concat(Enumerable.Repeat("text that compresses well ", 9000)));
        Directory.CreateDirectory(Path.Combine(root, "long-link"));
        ExternalTool.Check("setfattr", "-h", "-n", "system.ntfs_reparse_data", "-v", Junction, Path.Combine(root, "long-link"));
        File.WriteAllText(Path.Combine(root, "compact"), "");
        File.WriteAllBytes(Path.Combine(root, "compact:WofCompressedData"), [.. BitConverter.GetBytes(4096), .. BitConverter.GetBytes(8192), .. new byte[9000]]);
        using (var compact = File.OpenWrite(Path.Combine(root, "compact")))
        {
            compact.SetLength(9000);
        }

        ExternalTool.Check("setfattr", "-h", "-n", "system.ntfs_reparse_data", "-v", "0x170000801000000001000000020000000100000000000000", Path.Combine(root, "compact"));
        image.Unmount();
        image.Check();
        return image;
    }

    /// <summary>To \??\C:\Users.</summary>
    private static string Junction
    {
        get
        {
            var (target, shown) = (System.Text.Encoding.Unicode.GetBytes(@"\??\C:\Users"), System.Text.Encoding.Unicode.GetBytes(@"C:\Users"));
            byte[] data =
            [
                0, 0, (byte)target.Length, 0, (byte)(target.Length + 2), 0, (byte)shown.Length, 0, .. target, 0, 0, .. shown, 0, 0,
            ];
            return "0x" + Convert.ToHexString([0x03, 0, 0, 0xA0, (byte)data.Length, 0, 0, 0, .. data]);
        }
    }

    private sealed record Region(string Name, int Offset, int Length, bool HasFixups);
}
