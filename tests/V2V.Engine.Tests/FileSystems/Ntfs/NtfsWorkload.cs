using V2V.Engine.FileSystems;

namespace V2V.Engine.Tests.FileSystems.Ntfs;

/// <summary>Operations that NTFS knows, with the names that are difficult for it.</summary>
/// <param name="tree">The tree that ntfs-3g shows.</param>
/// <param name="seed">Makes the sequence.</param>
/// <param name="clusterSize">Bytes of a cluster.</param>
internal sealed class NtfsWorkload(KernelTree tree, int seed, int clusterSize) : FileSystemWorkload(tree, seed, clusterSize, manyNames: false)
{
    private const string AttributesName = "system.ntfs_attrib";
    private const string SecurityName = "system.ntfs_acl";

    /// <summary>A longer name, when it is replaced by a rename, leaves a file behind in ntfs-3g, whose name for it while it does that gets too long.</summary>
    private const int MaxLength = 230;

    // Owner and group Administrators; Everyone may do all, or SYSTEM all and Users read, or Users read and everything below inherits it.
    private static readonly byte[][] s_descriptors =
    [
        Convert.FromHexString("0100048014000000240000000000000034000000010200000000000520000000200200000102000000000005200000002002000002001C000100000000031400FF011F00010100000000000100000000"),
        Convert.FromHexString("01000480140000002400000000000000340000000102000000000005200000002002000001020000000000052000000020020000020034000200000000031400FF011F000101000000000005120000000003180000001200010200000000000520000000210200" + "00"),
        Convert.FromHexString("01000480140000002400000000000000340000000102000000000005200000002002000001020000000000052000000020020000020020000100000000031800A900120001020000000000052000000021020000"),
    ];

    private readonly int _seed = seed;
    private readonly int _clusterSize = clusterSize;
    private int _counter;

    /// <summary>Files whose clusters lie between each other's, and streams, which the engine has to keep.</summary>
    internal override void PrepareInKernel()
    {
        var paths = Enumerable.Range(0, 2).Select(_ => Existing(GuestFileType.Regular)).ToArray();
        for (var i = 0; i < 8; i++)
        {
            var path = paths[i % 2];
            Tree.Write(path, Tree.Find(path)?.Length ?? 0, new byte[_clusterSize + (i * 100)]);
        }
    }

    /// <summary>Times since 1970: of earlier ones ntfs-3g drops the fraction.</summary>
    internal override FileSystemOperation NextTimed()
    {
        var path = Existing(null);
        Timed.Add(path);
        return FileSystemOperation.SetAttributes(path, new() { Modified = DateTimeOffset.UnixEpoch.AddTicks(Random.NextInt64(15_000_000_000 * TimeSpan.TicksPerSecond)) });
    }

    private protected override FileSystemOperation Choose() => Random.Next(100) switch
    {
        < 26 => FileSystemOperation.CreateFile(NewPath(), new()),
        < 48 => Write(),
        < 55 => FileSystemOperation.Truncate(Existing(GuestFileType.Regular), Random.Next(4) == 0 ? 0 : Random.Next(40_000)),
        < 63 => FileSystemOperation.CreateDirectory(NewPath(), new()),
        < 68 => FileSystemOperation.CreateHardLink(NewPath(), Existing(GuestFileType.Regular)),
        < 80 => FileSystemOperation.Rename(Existing(null), Random.Next(3) == 0 ? Existing(null) : NewPath()),
        < 92 => FileSystemOperation.Delete(Existing(null)),
        < 96 => FileSystemOperation.SetExtendedAttribute(Existing(GuestFileType.Regular), AttributesName, [(byte)(Random.Next(4) | 0x20), 0, 0, 0]),
        _ => FileSystemOperation.SetExtendedAttribute(Existing(null), SecurityName, s_descriptors[Random.Next(s_descriptors.Length)]),
    };

    private protected override string Name()
    {
        _counter++;
        var number = Random.Next(3) == 0 ? Random.Next(_counter) : _counter; // the same name again, now and then
        var shape = new Random((number * 7919) ^ _seed);
        return shape.Next(13) switch
        {
            0 => $"{number:000}" + new string((char)('a' + (number % 26)), shape.Next(150, MaxLength - 3)),
            1 => $"ünïcödé-日本-{number}",
            2 => string.Concat(Enumerable.Repeat("\U0001F600日", 70)) + number,
            3 => $"{number} with spaces. and [dots] + more; a=b,c",
            4 => $"N{number}.TXT",
            5 => $"n{number}.text",
            6 => $"Similar long name {number}.text",
            7 => $".hidden{number}",
            8 => $"Name{number}.efi",
            9 => new string((char)('a' + (number % 26)), shape.Next(3) == 0 ? 256 : MaxLength),
            10 => shape.Next(4) switch { 0 => $"a?b{number}", 1 => $"a{number} ", 2 => $"a\n{number}", _ => $"dot{number}." },
            11 => $"two.dots.{number}",
            _ => $"d{number}",
        };
    }

    private FileSystemOperation Write()
    {
        var path = Existing(Random.Next(20) == 0 ? GuestFileType.Directory : GuestFileType.Regular);
        var size = Tree.Find(path)?.Length ?? 0;
        var offset = Random.Next(10) switch
        {
            < 4 => size,
            < 7 => Random.NextInt64(size + 1),
            < 9 => size + Random.Next(200_000), // leaves a hole
            _ => Random.Next(60) * (long)_clusterSize,
        };
        var data = new byte[Random.Next(8) == 0 ? Random.Next(1, 60_000) : Random.Next(2) == 0 ? Random.Next(1, 900) : Random.Next(1, 3 * _clusterSize)];
        Random.NextBytes(data);
        return FileSystemOperation.Write(path, offset, data);
    }
}
