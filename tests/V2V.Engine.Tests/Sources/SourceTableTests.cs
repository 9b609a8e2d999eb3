using Xunit;

namespace V2V.Engine.Tests.Sources;

/// <summary>
/// Guests as products write them (Samples): everything that is read of each is what expected.txt beside it says. V2V_UPDATE_EXPECTED=1 writes
/// these files anew, to be read before they are kept.
/// </summary>
public sealed class SourceTableTests
{
    private static readonly bool IsUpdate = Environment.GetEnvironmentVariable("V2V_UPDATE_EXPECTED") == "1";

    public static TheoryData<string> Names() => [.. SourceSample.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_source_is_read_completely(string name)
    {
        using var sample = SourceSample.Make(name);
        var guests = sample.Open();
        Expect(SourceSample.ExpectedPath(name), SourceReport.Of(guests, sample.Folder.Path));
        foreach (var disk in guests.SelectMany(g => g.Disks))
        {
            using var device = disk.Open();
            Assert.Equal(disk.Capacity, device.Length);
            device.Read(0, new byte[512]);
            disk.ExpectedDigest?.Verify(cancellation: TestContext.Current.CancellationToken);
        }
    }

    private static void Expect(string path, string actual)
    {
        if (IsUpdate)
        {
            File.WriteAllText(path, actual);
            return;
        }

        Assert.True(File.Exists(path), $"{path} is missing; V2V_UPDATE_EXPECTED=1 writes it.");
        Assert.Equal(File.ReadAllText(path), actual);
    }
}
