using System.Buffers.Binary;
using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Fat;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Fat;

/// <summary>Damaged images: whatever is read from them or written to them either works or ends in the library's exception, soon.</summary>
public sealed class FatMalformedImageTests
{
    private const int MiB = 1 << 20;

    [Theory]
    [InlineData("-F 12 -s 1 -r 64", 1)]
    [InlineData("-F 16 -s 1 -r 64 -R 1", 4)]
    [InlineData("-F 32 -s 1", 2)]
    public void Damaged_tables_and_directories_never_get_out_of_hand(string arguments, int mebibytes)
    {
        var image = MakeImage(arguments, mebibytes, out var used);

        Mutations.Check(image, used, 500, Use);
    }

    [Theory]
    [InlineData("-F 12 -s 1 -r 64", 1)]
    [InlineData("-F 16 -s 1 -r 64 -R 1", 4)]
    [InlineData("-F 32 -s 1", 2)]
    public void Damaged_boot_sectors_never_get_out_of_hand(string arguments, int mebibytes)
    {
        var image = MakeImage(arguments, mebibytes, out _);

        Mutations.Check(image, 90, 500, Use);
    }

    [Fact]
    public void A_directory_that_contains_itself_ends_nothing_but_the_change()
    {
        var image = MakeImage("-F 32 -s 1", 2, out _);
        var fileSystem = FatFileSystem.Open(new ArrayDevice(image));
        var position = (int)fileSystem.Find("/EFI/BOOT")!.Id * FatDirectoryEntry.Size;
        var own = fileSystem.Find("/EFI")!.Id * FatDirectoryEntry.Size;
        var cluster = BinaryPrimitives.ReadUInt16LittleEndian(image.AsSpan((int)own + 26));
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(position + 26), cluster);

        fileSystem = FatFileSystem.Open(new ArrayDevice(image));
        Assert.NotNull(fileSystem.Find("/EFI/BOOT/BOOT/BOOT/grub.cfg"));
        Assert.Throws<GuestFileSystemException>(() => fileSystem.CreateFile("/new", new()));
        Assert.Empty(fileSystem.FreeExtents());
    }

    private static byte[] MakeImage(string arguments, int mebibytes, out int used)
    {
        using var image = new FatTestImage(mebibytes * MiB, arguments.Split(' '));
        using (var device = new FileDevice(image.Path))
        {
            using var fileSystem = FatFileSystem.Open(device);
            fileSystem.CreateDirectory("/EFI", new());
            fileSystem.CreateDirectory("/EFI/BOOT", new());
            fileSystem.WriteAllBytes("/EFI/grub.cfg", new byte[3000]);
            fileSystem.WriteAllBytes("/EFI/BOOT/a long name of a file.conf", new byte[5000]);
            fileSystem.WriteAllBytes("/EFI/BOOT/BOOTX64.EFI", new byte[20_000]);
            for (var i = 0; i < 30; i++)
            {
                fileSystem.CreateFile($"/EFI/BOOT/some more files {i}", new());
            }

            fileSystem.Flush();
            used = (int)fileSystem.FreeExtents().First().Offset;
        }

        image.Check();
        return File.ReadAllBytes(image.Path);
    }

    /// <summary>Everything that a conversion might do; throws the first of the library's exceptions.</summary>
    private static void Use(byte[] bytes)
    {
        GuestFileSystemException? refusal = null;
        void Try(Action action)
        {
            try
            {
                action();
            }
            catch (GuestFileSystemException e)
            {
                refusal ??= e;
            }
        }

        var device = new ArrayDevice(bytes);
        if (!FatProbe.Recognises(device))
        {
            throw new GuestFileSystemException(V2VError.FileSystemUnsupported, "no FAT");
        }

        using var fileSystem = FatFileSystem.Open(device);
        var pending = new Queue<string>(["/"]);
        var buffer = new byte[65536];
        for (var visited = 0; pending.TryDequeue(out var path) && visited < 300; visited++)
        {
            Try(() =>
            {
                if (fileSystem.Find(path) is not { IsDirectory: true })
                {
                    fileSystem.Read(path, 0, buffer);
                    fileSystem.Read(path, 2_000_000_000, buffer);
                    return;
                }

                foreach (var entry in fileSystem.Enumerate(path))
                {
                    pending.Enqueue($"{path.TrimEnd('/')}/{entry.Name}");
                }
            });
        }

        Try(() => Assert.All(fileSystem.FreeExtents(), e => Assert.InRange(e.End, 1, device.Length)));
        Try(() => fileSystem.CreateFile("/new file", new()));
        Try(() => fileSystem.Write("/new file", 5000, buffer.AsSpan(0, 20_000)));
        Try(() => fileSystem.CreateDirectory("/EFI/sub", new()));
        Try(() => fileSystem.Rename("/EFI/BOOT", "/boot"));
        Try(() => fileSystem.Rename("/EFI/grub.cfg", "/boot/BOOTX64.EFI"));
        Try(() => fileSystem.Truncate("/boot/a long name of a file.conf", 100));
        Try(() => fileSystem.Truncate("/boot/a long name of a file.conf", 60_000));
        Try(() => fileSystem.Delete("/boot/some more files 5"));
        Try(() => fileSystem.Delete("/EFI/sub"));
        Try(() => fileSystem.SetAttributes("/EFI", new() { Mode = 0x124, Modified = DateTimeOffset.MaxValue }));
        Try(fileSystem.Flush);
        if (refusal is not null)
        {
            throw refusal;
        }
    }
}
