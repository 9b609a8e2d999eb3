using System.Buffers.Binary;
using V2V.Engine.Disks.Overlay;
using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Xfs;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Xfs;

/// <summary>
/// Random damage in the blocks of directories and attributes, on version 4, where no checksum notices it. Reading and changing such a file
/// system may give anything, but fails only with the exception of file systems, and soon.
/// </summary>
[Trait("Category", "Slow")]
public sealed class XfsDamagedNamesTests : IDisposable
{
    private const int BlockSize = 4096;

    private const int Rounds = 300;

    /// <summary>Magic numbers at the start of data blocks and free index blocks, and at offset 8 of the blocks of hash trees.</summary>
    private static readonly uint[] s_directoryMagics = [0x58443242, 0x58443244, 0x58443246];

    private static readonly ushort[] s_treeMagics = [0xFEBE, 0xFBEE, 0xD2F1, 0xD2FF];

    private readonly XfsTestImage _image = new("320M", "-m", "crc=0", "-b", "size=4096");

    public void Dispose() => _image.Dispose();

    [Fact]
    public void Damage_ends_in_the_file_system_exception()
    {
        Fill();
        var blocks = NameBlocks();
        Assert.True(blocks.Count > 20);
        var random = new Random(5 + DifferentialRun.SeedOffset);
        var failures = 0;
        for (var round = 0; round < Rounds; round++)
        {
            using var overlay = new OverlayDisk(new FileDevice(_image.Path));
            for (var i = random.Next(1, 20); i > 0; i--)
            {
                var offset = blocks[random.Next(blocks.Count)] + (random.Next(2) == 0 ? random.Next(64) : random.Next(BlockSize));
                overlay.Write(offset, [(byte)random.Next(256)]);
            }

            using var fileSystem = XfsFileSystem.Open(overlay);
            foreach (var directory in new[] { "/few", "/some", "/many", "/very-many" })
            {
                failures += Try(() => Assert.True(fileSystem.Enumerate(directory).Count() < 100_000));
                for (var i = 0; i < 20; i++)
                {
                    var name = $"{directory}/{i}";
                    failures += Try(() => fileSystem.Find(name));
                    failures += Try(() => fileSystem.Delete(name));
                    failures += Try(() => fileSystem.CreateHardLink(name + new string('x', 200), "/target"));
                }

                failures += Try(() => fileSystem.ExtendedAttributes(directory));
                for (var i = 0; i < 10; i++)
                {
                    var name = $"user.{i}";
                    failures += Try(() => fileSystem.SetExtendedAttribute(directory, name, null));
                    failures += Try(() => fileSystem.SetExtendedAttribute(directory, name, new byte[i * 700]));
                }
            }
        }

        Assert.True(failures > Rounds, $"{failures} operations were refused.");
    }

    private static int Try(Action action)
    {
        try
        {
            action();
            return 0;
        }
        catch (GuestFileSystemException e)
        {
            Assert.Equal("xfs", e.Format);
            return 1;
        }
    }

    private void Fill()
    {
        using var device = new FileDevice(_image.Path);
        using var engine = XfsFileSystem.Open(device);
        engine.CreateFile("/target", new GuestFileAttributes());
        foreach (var (directory, count) in new[] { ("/few", 30), ("/some", 90), ("/many", 400), ("/very-many", 3000) })
        {
            engine.CreateDirectory(directory, new GuestFileAttributes());
            for (var i = 0; i < count; i++)
            {
                engine.CreateHardLink($"{directory}/{i}", "/target");
                if (i < 300)
                {
                    engine.SetExtendedAttribute(directory, $"user.{i}", new byte[i % 20 == 7 ? 5000 : 40]);
                }
            }
        }

        engine.Flush();
    }

    private List<long> NameBlocks()
    {
        using var device = new FileDevice(_image.Path);
        var blocks = new List<long>();
        var data = new byte[BlockSize];
        for (var offset = 0L; offset < device.Length; offset += BlockSize)
        {
            device.Read(offset, data);
            if (s_directoryMagics.Contains(BinaryPrimitives.ReadUInt32BigEndian(data)) || s_treeMagics.Contains(BinaryPrimitives.ReadUInt16BigEndian(data.AsSpan(8))))
            {
                blocks.Add(offset);
            }
        }

        return blocks;
    }
}
