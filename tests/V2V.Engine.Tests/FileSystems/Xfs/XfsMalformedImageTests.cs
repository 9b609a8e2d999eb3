using System.Buffers.Binary;
using V2V.Engine.FileSystems.Xfs;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Xfs;

/// <summary>
/// Damaged images: whatever is read from them or written to them either works or ends in the library's exception, soon and without much
/// memory. Half of the damaged blocks get a right checksum again, so that the damage is not noticed before it can do harm.
/// </summary>
public sealed class XfsMalformedImageTests
{
    private const int SectorSize = 512;

    /// <summary>Where the damage is most likely to matter: headers, and the first records behind them.</summary>
    private const int HeaderLength = 192;

    private static readonly uint[] s_extremeValues = [0, 1, 2, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF];

    /// <summary>Magic numbers at the beginning of a block or sector, and where its checksum is; none on version 4.</summary>
    private static readonly Dictionary<string, int?> s_magics = new()
    {
        ["XFSB"] = 224,
        ["XAGF"] = 216,
        ["XAGI"] = 312,
        ["XAFL"] = 32,
        ["AB3B"] = 52,
        ["AB3C"] = 52,
        ["IAB3"] = 52,
        ["FIB3"] = 52,
        ["RMB3"] = 52,
        ["R3FC"] = 52,
        ["BMA3"] = 64,
        ["XDB3"] = 4,
        ["XDD3"] = 4,
        ["XDF3"] = 4,
        ["XSLM"] = 12,
        ["XARM"] = 12,
        ["ABTB"] = null,
        ["ABTC"] = null,
        ["IABT"] = null,
        ["BMAP"] = null,
        ["XD2B"] = null,
        ["XD2D"] = null,
        ["XD2F"] = null,
    };

    /// <summary>Magic numbers behind two sibling pointers, of the hash trees of directories and attributes.</summary>
    private static readonly Dictionary<ushort, int?> s_hashMagics = new()
    {
        [0x3DF1] = 12,
        [0x3DFF] = 12,
        [0x3EBE] = 12,
        [0x3BEE] = 12,
        [0xD2F1] = null,
        [0xD2FF] = null,
        [0xFEBE] = null,
        [0xFBEE] = null,
    };

    [Theory]
    [InlineData("-m reflink=1,rmapbt=1,inobtcount=1,bigtime=1", "28M", 1)]
    [InlineData("-m reflink=1,rmapbt=1 -b size=1024 -i nrext64=1", "28M", 2)]
    [InlineData("-m reflink=0,rmapbt=0,finobt=0 -b size=1024 -i sparse=0", "20M", 3)]
    [InlineData("-m crc=0 -b size=1024", "20M", 4)]
    [InlineData("-m crc=0 -b size=512 -i size=256 -n size=4096", "20M", 5)]
    public void Random_damage_never_gets_out_of_hand(string features, string size, int seed)
    {
        using var image = MakeImage(features, size);
        var bytes = File.ReadAllBytes(image.Path);
        Assert.Equal(0, DamagedImage.Exercise(XfsFileSystem.Open, (byte[])bytes.Clone(), "undamaged"));
        var regions = Regions(bytes, image);
        Assert.InRange(regions.Select(r => r.Name).Distinct().Count(), 10, 30);
        var random = new Random(seed + DifferentialRun.SeedOffset);
        var (whole, partly) = (0, 0);
        for (var round = 0; round < 100; round++)
        {
            var copy = (byte[])bytes.Clone();
            var damage = new List<string>();
            for (var changes = random.Next(1, 5); changes > 0; changes--)
            {
                var kind = regions.Select(r => r.Name).Distinct().ElementAt(random.Next(regions.Select(r => r.Name).Distinct().Count()));
                var ofKind = regions.Where(r => r.Name == kind).ToList();
                var region = ofKind[random.Next(ofKind.Count)];
                damage.Add(Damage(copy, region, random));
                if (round % 2 == 0 && region.ChecksumOffset is { } at)
                {
                    XfsBuffer.StoreChecksum(copy.AsSpan(region.Offset, region.Length), at);
                }
            }

            var refused = DamagedImage.Exercise(XfsFileSystem.Open, copy, $"{features}, {string.Join(", ", damage)} (round {round})");
            whole += refused == 0 ? 1 : 0;
            partly += refused is > 0 ? 1 : 0;
        }

        Assert.True(whole > 0 && partly > 0, $"{whole} images were used without a refusal, {partly} with some");
    }

    /// <summary>A tree whose nodes lead back to themselves at every level that the root can claim.</summary>
    [Theory]
    [InlineData("BMA3", 64)]
    [InlineData("AB3B", 52)]
    [InlineData("RMB3", 52)]
    [InlineData("IAB3", 52)]
    public void Trees_that_lead_in_circles(string magic, int checksumOffset)
    {
        using var image = MakeImage("-m reflink=1,rmapbt=1 -b size=1024", "28M");
        var bytes = File.ReadAllBytes(image.Path);
        var hasLongPointers = checksumOffset == 64;
        foreach (var region in Regions(bytes, image).Where(r => r.Name == magic).Take(12))
        {
            var copy = (byte[])bytes.Clone();
            var block = copy.AsSpan(region.Offset, region.Length);
            BinaryPrimitives.WriteUInt16BigEndian(block[4..], 1);
            var own = (uint)(region.Offset / region.Length);
            for (var at = checksumOffset + 8; at + 8 <= block.Length; at += hasLongPointers ? 8 : 4)
            {
                if (hasLongPointers)
                {
                    BinaryPrimitives.WriteUInt64BigEndian(block[at..], own);
                }
                else
                {
                    BinaryPrimitives.WriteUInt32BigEndian(block[at..], own);
                }
            }

            XfsBuffer.StoreChecksum(block, checksumOffset);
            DamagedImage.Exercise(XfsFileSystem.Open, copy, $"{magic} at {region.Offset} leads to itself");
        }
    }

    [Fact]
    public void Images_that_were_cut_off()
    {
        using var image = MakeImage("-m reflink=1,rmapbt=1", "28M");
        var bytes = File.ReadAllBytes(image.Path);
        foreach (var length in new[] { 0, 1, 263, 264, 511, 512, 4096, 100_000, bytes.Length / 2, bytes.Length - 4096, bytes.Length - 1 })
        {
            DamagedImage.Exercise(XfsFileSystem.Open, bytes[..length], $"cut to {length}");
        }
    }

    private static string Damage(byte[] bytes, Region region, Random random)
    {
        var at = region.Offset + random.Next(random.Next(2) == 0 ? Math.Min(HeaderLength, region.Length) : region.Length);
        switch (random.Next(4))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                bytes[at] = (byte)random.Next(256);
                break;
            case 2:
                at &= ~3;
                BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(at), s_extremeValues[random.Next(s_extremeValues.Length)]);
                break;
            default:
                // A field of another structure of the same image.
                at &= ~3;
                bytes.AsSpan((at * 7 & ~3) % (bytes.Length - 8), 8).CopyTo(bytes.AsSpan(Math.Min(at, region.Offset + region.Length - 8)));
                break;
        }

        return $"{region.Name} at {region.Offset}, byte {at - region.Offset}";
    }

    /// <summary>Everything that looks like metadata, but for the log, which holds copies.</summary>
    private static List<Region> Regions(byte[] bytes, XfsTestImage image)
    {
        var blockSize = (int)image.DbNumber("blocksize", "sb 0");
        var inodeSize = (int)image.DbNumber("inodesize", "sb 0");
        var isV5 = (image.DbNumber("versionnum", "sb 0") & 15) == 5;
        var log = (Start: image.DbNumber("logstart", "sb 0") * blockSize, Length: image.DbNumber("logblocks", "sb 0") * blockSize);
        var directoryBlock = blockSize << (int)image.DbNumber("dirblklog", "sb 0");
        var regions = new List<Region>();
        for (var at = 0; at < bytes.Length; at += Math.Min(SectorSize, inodeSize))
        {
            if (at >= log.Start && at < log.Start + log.Length)
            {
                continue;
            }

            var magic = System.Text.Encoding.Latin1.GetString(bytes, at, 4);
            if (s_magics.TryGetValue(magic, out var checksumOffset))
            {
                var isHeader = magic[0] == 'X' && magic is "XFSB" or "XAGF" or "XAGI" or "XAFL";
                regions.Add(new Region(magic, at, isHeader ? SectorSize : magic.StartsWith("XD", StringComparison.Ordinal) ? directoryBlock : blockSize, isV5 ? checksumOffset : null));
            }
            else if (at % blockSize == 0 && s_hashMagics.TryGetValue(BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(at + 8)), out checksumOffset))
            {
                regions.Add(new Region("hashes", at, directoryBlock, checksumOffset));
            }
            else if (magic.StartsWith("IN", StringComparison.Ordinal) && bytes[at + 2] != 0)
            {
                regions.Add(new Region("inode", at, inodeSize, isV5 ? 100 : null));
            }
        }

        return regions;
    }

    /// <summary>A small file system with one of everything: directories of every form, a fragmented file, links, attributes in and out of the inode.</summary>
    private static XfsTestImage MakeImage(string features, string size)
    {
        var image = new XfsTestImage(size, [.. features.Split(' '), "-d", "agcount=1"]);
        using (var device = new FileDevice(image.Path))
        using (var fileSystem = XfsFileSystem.Open(device))
        {
            fileSystem.CreateDirectory("/many", new());
            fileSystem.CreateDirectory("/directory", new());
            fileSystem.CreateDirectory("/directory/deeper", new());
            for (var i = 0; i < 300; i++)
            {
                var path = $"/many/file-number-{i:000}-with-a-long-name";
                fileSystem.CreateFile(path, new());
                fileSystem.Write(path, 0, new byte[i % 10 * 20]);
            }

            fileSystem.CreateSymbolicLink("/short-link", "directory", new());
            fileSystem.CreateSymbolicLink("/long-link", new string('y', 700), new());
            fileSystem.CreateFile("/attributed", new());
            fileSystem.SetExtendedAttribute("/attributed", "user.small", [1, 2, 3, 4, 5]);
            fileSystem.SetExtendedAttribute("/attributed", "user.large", new byte[900]);
            fileSystem.SetExtendedAttribute("/attributed", "user.huge", new byte[9000]);
            fileSystem.SetExtendedAttribute("/directory", "user.note", [1, 2, 3, 4, 5]);
            fileSystem.CreateFile("/fragmented", new());
            for (var i = 0; i < 150; i++)
            {
                fileSystem.Write("/fragmented", i * 8192, BitConverter.GetBytes(i));
            }

            fileSystem.Flush();
        }

        image.Check();
        if (features.Contains("reflink=1", StringComparison.Ordinal) && Environment.IsPrivilegedProcess)
        {
            image.Mount();
            ExternalTool.Check("cp", "--reflink=always", Path.Combine(image.MountPoint, "fragmented"), Path.Combine(image.MountPoint, "shared"));
            image.Unmount();
        }

        return image;
    }

    private sealed record Region(string Name, int Offset, int Length, int? ChecksumOffset);
}
