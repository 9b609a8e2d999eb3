using V2V.Engine.Registry;
using Xunit;

namespace V2V.Engine.Tests.Registry;

/// <summary>Hives that the editor changed, as hivex reads them.</summary>
public sealed class RegistryEditTests
{
    private static readonly string[] s_names =
    [
        "Services", "services2", "a", "B", "viostor", "VioStor2", "Control", "Enum", "PCI", "VEN_1AF4&DEV_1001", "{4d36e967-e325-11ce-bfc1-08002be10318}",
        "Größe", "ÄÖÜ", "Привет", "試験", "x y", "#", "_under", "Zz", "ab", "abc", "abcd", "abcde",
    ];

    private static readonly int[] s_sizes = [0, 1, 2, 3, 4, 5, 8, 30, 100, 300, 2000, 4000, 16343, 16344, 16345, 40000];

    [Theory]
    [InlineData(3, 1)]
    [InlineData(4, 2)]
    [InlineData(5, 3)]
    [InlineData(6, 4)]
    public void Random_edits_are_read_by_hivex_as_the_model_has_them(int minorVersion, int seed)
    {
        Hivex.Need();
        var hives = new List<byte[]>();
        var models = new List<HiveTree>();
        for (var sequence = 0; sequence < 50; sequence++)
        {
            var random = new Random((seed * 1000) + sequence);
            var image = new HiveImage(HiveImage.Empty(minorVersion));
            var model = new HiveTree();
            var hive = image.Open();
            var steps = random.Next(20, 160);
            for (var step = 0; step < steps; step++)
            {
                Edit(random, hive, model);
                if (random.Next(40) == 0)
                {
                    hive.Save();
                    hive = image.Open();
                }
            }

            hive.Save();
            Assert.Equal(model.Lines(), HiveTree.Lines(image.Open().Root));
            HiveChecker.Check(image.Content);
            hives.Add(image.Content);
            models.Add(model);
        }

        var dumps = Hivex.Dump([.. hives]);
        Assert.Equal(models.Count, dumps.Count);
        for (var i = 0; i < dumps.Count; i++)
        {
            Assert.Equal(models[i].Lines(), dumps[i]);
        }
    }

    private static void Edit(Random random, RegistryHive hive, HiveTree model)
    {
        var paths = model.Paths().ToList();
        var path = paths[random.Next(paths.Count)];
        var name = s_names[random.Next(s_names.Length)];
        name = random.Next(3) == 0 ? name.ToUpperInvariant() : name;
        switch (random.Next(10))
        {
            case 0 or 1 or 2:
                var created = path.Count(c => c == '\\') > 5 ? name : path.Length == 0 ? name : $"{path}\\{name}";
                model.Create(created);
                hive.Create(created);
                break;
            case 3 when path.Length > 0:
                Assert.Equal(model.Delete(path), hive.Root.Delete(path));
                break;
            case 4:
                Assert.Equal(model.Find(path)!.DeleteValue(name), hive.Find(path)!.DeleteValue(name));
                break;
            default:
                var valueName = random.Next(8) == 0 ? "" : name;
                var kind = (uint)random.Next(12);
                var data = new byte[s_sizes[random.Next(s_sizes.Length)]];
                random.NextBytes(data);
                model.Find(path)!.Set(valueName, kind, data);
                hive.Find(path)!.Set(valueName, (RegistryValueKind)kind, data);
                break;
        }
    }
}
