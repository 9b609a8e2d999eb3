using V2V.Engine.FileSystems;

namespace V2V.Engine.Tests.FileSystems.Fat;

/// <summary>Operations that FAT knows, with the names that are difficult for it, and any case for what exists.</summary>
/// <param name="tree">The kernel's tree.</param>
/// <param name="seed">Makes the sequence.</param>
/// <param name="clusterSize">Bytes of a cluster.</param>
/// <param name="isSmall">
/// The volume fills up. Then nothing takes more than one cluster at a time: where several are needed and not there, the kernel does a part.
/// </param>
internal sealed class FatWorkload(KernelTree tree, int seed, int clusterSize, bool isSmall) : FileSystemWorkload(tree, seed, clusterSize, manyNames: false)
{
    private readonly int _clusterSize = clusterSize;
    private int _counter;

    /// <summary>Files whose clusters lie between each other's.</summary>
    internal override void PrepareInKernel()
    {
        var paths = Enumerable.Range(0, 2).Select(_ => Existing(GuestFileType.Regular)).ToArray();
        for (var i = 0; i < 8; i++)
        {
            var path = paths[i % 2];
            Tree.Write(path, Tree.Find(path)?.Length ?? 0, new byte[isSmall ? 100 : _clusterSize + (i * 100)]);
        }
    }

    private protected override FileSystemOperation Choose() => Random.Next(100) switch
    {
        < 24 => FileSystemOperation.CreateFile(NewPath(), new()),
        < 46 => Write(),
        < 54 => Truncate(),
        < 64 => FileSystemOperation.CreateDirectory(NewPath(), new()),
        < 78 => FileSystemOperation.Rename(AnyCase(Existing(null)), Random.Next(3) == 0 ? AnyCase(Existing(null)) : NewPath()),
        < 90 => FileSystemOperation.Delete(AnyCase(Existing(null))),
        _ => SetReadOnly(),
    };

    private protected override string Name()
    {
        _counter++;
        var number = Random.Next(3) == 0 ? Random.Next(_counter) : _counter; // the same name again, now and then
        var shape = new Random((number * 7919) ^ (_counter % 3));
        return shape.Next(13) switch
        {
            0 => $"{number:000}" + new string((char)('a' + (number % 26)), shape.Next(150, 253)),
            1 => $"ünïcödé-日本-{number}",
            2 => string.Concat(Enumerable.Repeat("\U0001F600日", 80)) + number,
            3 => $"{number} with spaces. and [dots] + more; a=b,c",
            4 => $"N{number}.TXT",
            5 => $"n{number}.txt",
            6 => $"Similar long name {number}.text",
            7 => $".hidden{number}",
            8 => AnyCase($"name{number}.efi"),
            9 => shape.Next(3) == 0 ? new string('l', 256) : new string((char)('a' + (number % 26)), 255),
            10 => shape.Next(4) switch { 0 => $"a:b{number}", 1 => $"a{number} ", 2 => $"a\n{number}", _ => GuestText.Decode([0xFF, (byte)'b', 0xC3]) + number },
            11 => $"two.dots.{number}",
            _ => $"d{number}",
        };
    }

    private FileSystemOperation Write()
    {
        var path = AnyCase(Existing(Random.Next(20) == 0 ? GuestFileType.Directory : GuestFileType.Regular));
        var size = Tree.Find(path)?.Length ?? 0;
        if (isSmall)
        {
            var part = new byte[Random.Next(1, _clusterSize - (int)(size % _clusterSize) + 1)];
            Random.NextBytes(part);
            return FileSystemOperation.Write(path, size, part);
        }

        var offset = Random.Next(10) switch
        {
            < 4 => size,
            < 7 => Random.NextInt64(size + 1),
            < 9 => size + Random.Next(20_000), // filled with zeros
            _ => Random.Next(40) * (long)_clusterSize,
        };
        var data = new byte[Random.Next(8) == 0 ? Random.Next(1, 60_000) : Random.Next(1, 3 * _clusterSize)];
        Random.NextBytes(data);
        return FileSystemOperation.Write(path, offset, data);
    }

    private FileSystemOperation Truncate()
    {
        var path = AnyCase(Existing(GuestFileType.Regular));
        var size = Tree.Find(path)?.Length ?? 0;
        return FileSystemOperation.Truncate(path, Random.Next(4) == 0 ? 0 : isSmall ? Random.NextInt64(size + 1) : Random.Next(40_000));
    }

    private FileSystemOperation SetReadOnly()
    {
        var path = AnyCase(Existing(GuestFileType.Regular));
        return FileSystemOperation.SetAttributes(path, new() { Mode = Random.Next(2) == 0 ? 0x16D : 0x1ED }); // 0555, 0755
    }

    private string AnyCase(string path) => Random.Next(3) switch
    {
        0 => new string([.. path.Select(c => char.IsAsciiLetter(c) && Random.Next(2) == 0 ? (char)(c ^ 0x20) : c)]),
        _ => path,
    };
}
