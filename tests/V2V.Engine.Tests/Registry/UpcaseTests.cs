using System.Buffers.Binary;
using V2V.Engine.Registry;
using Xunit;

namespace V2V.Engine.Tests.Registry;

/// <summary>Upper case as Windows knows it, compared with the table that mkntfs writes to a volume for it.</summary>
public sealed class UpcaseTests
{
    [Fact]
    public void Every_unit_has_the_upper_case_that_a_Windows_volume_states()
    {
        ExternalTool.Need("mkntfs", "ntfscat");
        var folder = Directory.CreateTempSubdirectory("v2v-upcase-");
        try
        {
            var image = Path.Combine(folder.FullName, "image");
            using (var file = File.Create(image))
            {
                file.SetLength(8 << 20);
            }

            ExternalTool.Check("mkntfs", "-Q", "-F", image);

            // Latin-1: the output is bytes.
            var table = System.Text.Encoding.Latin1.GetBytes(ExternalTool.Check("ntfscat", "-i", "10", image));
            Assert.Equal(2 * 65536, table.Length);
            Assert.Equal(
                Enumerable.Range(0, 65536).Select(i => (i, (int)BinaryPrimitives.ReadUInt16LittleEndian(table.AsSpan(i * 2)))),
                Enumerable.Range(0, 65536).Select(i => (i, (int)Upcase.Of((char)i))));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Names_are_equal_and_sorted_by_their_upper_case()
    {
        var image = new HiveImage(HiveImage.Empty());
        var hive = image.Open();
        string[] names = ["µTorrent", "M", "zebra", "ÿ", "Ÿ2", "straße", "STRASSE", "_", "a", "B", "ς", "Σ2"];
        foreach (var name in names)
        {
            hive.Create(name);
        }

        hive.Save();
        Assert.Equal(
            ["a", "B", "M", "STRASSE", "straße", "zebra", "_", "µTorrent", "ÿ", "Ÿ2", "Σ2", "ς"], hive.Root.Keys.Select(k => k.Name));
        Assert.Equal("ÿ", hive.Find("Ÿ")!.Name);
        Assert.Null(hive.Find("Μtorrent"));
    }
}
