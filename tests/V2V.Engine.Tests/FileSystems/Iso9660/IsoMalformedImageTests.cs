using System.Buffers.Binary;
using V2V.Engine.FileSystems.Iso9660;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Iso9660;

/// <summary>Damaged images: whatever is read from them either works or ends in the library's exception, soon.</summary>
public sealed class IsoMalformedImageTests
{
    private const int SystemArea = 32768;
    private const int SectorSize = 2048;

    [Theory]
    [InlineData("xorriso -R")]
    [InlineData("genisoimage -J")]
    [InlineData("genisoimage -iso-level 1")]
    public void Damage_never_gets_out_of_hand(string maker)
    {
        var image = MakeImage(maker, out var used);

        // The system area holds nothing that is read.
        Mutations.Check(image[SystemArea..], used - SystemArea, 500, damaged => Use([.. new byte[SystemArea], .. damaged]));
    }

    [Fact]
    public void Continuation_areas_that_lead_to_each_other_end()
    {
        var image = MakeImage("genisoimage -R", out _);
        var entry = image.AsSpan().IndexOf("CE\x1C\x01"u8);
        var next = BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(entry + 4)) * SectorSize + BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(entry + 12));
        image.AsSpan(entry, 28).CopyTo(image.AsSpan((int)next));

        var refusal = Assert.Throws<GuestFileSystemException>(() => Use(image));
        Assert.Equal(V2VError.FileSystemCorrupt, refusal.Error);
        Assert.Equal("iso9660", refusal.Format);
        Assert.NotNull(refusal.Offset);
    }

    [Fact]
    public void A_directory_that_contains_itself_can_be_looked_into()
    {
        var image = MakeImage("genisoimage -iso-level 3", out _);
        var record = image.AsSpan().LastIndexOf("DIRECTORY"u8) - 33;
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(record + 2), BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(SystemArea + 156 + 2)));
        using var iso = IsoFileSystem.Open(new ArrayDevice(image));

        Assert.NotNull(iso.Find("/DIRECTORY/DIRECTORY/DIRECTORY/README.TXT"));
    }

    private static byte[] MakeImage(string maker, out int used)
    {
        using var image = new IsoTestImage();
        var content = Enumerable.Repeat("the content of a file "u8.ToArray(), 10).SelectMany(b => b).ToArray();
        image.Write("readme.txt", content);
        image.Write(new string('n', 200), content);
        for (var i = 0; i < 100; i++)
        {
            image.Write($"directory/some more files {i:00}.sys", content);
        }

        image.Write("deep/2/3/4/5/6/7/8/9/10/file", content);
        File.CreateSymbolicLink(image.At("link"), new string('t', 250));
        image.Make(maker);
        var bytes = File.ReadAllBytes(image.Path);
        used = bytes.AsSpan().IndexOf("the content"u8);
        return bytes;
    }

    private static void Use(byte[] bytes)
    {
        const int MaxVisited = 2000;
        const int MaxPath = 200;
        using var iso = IsoFileSystem.Open(new ArrayDevice(bytes));
        _ = (iso.Label, iso.Uuid, iso.Space);
        GuestFileSystemException? refusal = null;
        var pending = new Queue<string>(["/"]);
        var buffer = new byte[65536];
        for (var visited = 0; pending.TryDequeue(out var path) && visited < MaxVisited; visited++)
        {
            try
            {
                var file = iso.Find(path)!;
                iso.ExtendedAttributes(path);
                if (file.IsDirectory)
                {
                    // A directory that contains itself would go on for ever.
                    foreach (var entry in iso.Enumerate(path).Take(path.Length < MaxPath ? 300 : 0))
                    {
                        pending.Enqueue($"{path.TrimEnd('/')}/{entry.Name}");
                    }
                }
                else if (file.IsSymbolicLink)
                {
                    iso.ReadLink(path);
                }
                else if (file.IsRegular)
                {
                    iso.Read(path, 0, buffer);
                    iso.Read(path, file.Length / 2, buffer);
                    iso.Read(path, Math.Max(0, file.Length - 100), buffer);
                }
            }
            catch (GuestFileSystemException e)
            {
                refusal ??= e;
            }
        }

        if (refusal is not null)
        {
            throw refusal;
        }
    }
}
