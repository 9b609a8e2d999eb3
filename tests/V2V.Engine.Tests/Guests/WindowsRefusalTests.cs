using System.Security.Cryptography;
using V2V.Engine.Sources;
using V2V.Engine.Targets.Directory;
using Xunit;

namespace V2V.Engine.Tests.Guests;

/// <summary>Windows guests that must not be changed, or not without a word: each says so in its own way, before anything is written.</summary>
[Trait("Category", "Slow")]
public sealed class WindowsRefusalTests(WindowsGuests guests) : IClassFixture<WindowsGuests>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("v2v-windows-refusal-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("--version 10 --hibernated", "", "hibern")]
    [InlineData("--version 2012R2 --dirty", "", "chkdsk")]
    [InlineData("--version 11 --bitlocker", "", "BitLocker")]
    [InlineData("--version 2022", "--without viostor,vioscsi", "viostor/2k22/amd64")]
    [InlineData("--version 10 --arch i386", "--oses w10 --without viostor/w10/x86,vioscsi/w10/x86", "viostor/w10/x86")]
    public void A_guest_that_cannot_be_converted_is_refused_with_the_reason(string options, string driverOptions, string reason)
    {
        var disk = guests.Disk($"{options} --size 320M");
        var digest = Digest(disk);
        var source = Assert.Single(GuestSources.Open(disk, TestContext.Current.CancellationToken));
        var conversion = new GuestConversion(source, new ConversionOptions { DriverSource = guests.Drivers(driverOptions) });

        var assessment = conversion.Assess(cancellation: TestContext.Current.CancellationToken);
        using var target = new DirectoryTarget(Path.Combine(_folder, "out"));
        var error = Assert.ThrowsAny<V2VException>(() => conversion.Convert(target, cancellation: TestContext.Current.CancellationToken));

        Assert.False(assessment.Convertible);
        Assert.True($"{error.Message} {error.Advice}".Contains(reason, StringComparison.OrdinalIgnoreCase), $"{error.Message} {error.Advice}");
        Assert.NotNull(error.Advice);
        Assert.False(Directory.Exists(Path.Combine(_folder, "out")));
        Assert.Equal(digest, Digest(disk));
    }

    [Fact]
    public void Drivers_of_the_other_architecture_are_told_from_the_right_ones()
    {
        var drivers = guests.Drivers("--oses w10");
        foreach (var file in new[] { "viostor/w10/x86/viostor.sys", "i386/w10/viostor.sys", "vioscsi/w10/x86/vioscsi.sys", "i386/w10/vioscsi.sys" })
        {
            File.Copy(Path.Combine(drivers, "amd64/w10", Path.GetFileName(file)), Path.Combine(drivers, file), overwrite: true);
        }

        var source = Assert.Single(GuestSources.Open(guests.Disk("--version 10 --arch i386"), TestContext.Current.CancellationToken));
        var assessment = new GuestConversion(source, new ConversionOptions { DriverSource = drivers }).Assess(cancellation: TestContext.Current.CancellationToken);

        Assert.False(assessment.Convertible);
        Assert.Contains(assessment.Concerns, c => c.Message.Contains("built for x86_64, and the guest is i686", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--version XP --recovery-console", "Recovery Console")]
    [InlineData("--version 2019 --policy", "polic")]
    public void What_may_go_wrong_is_told(string options, string words)
    {
        var source = Assert.Single(GuestSources.Open(guests.Disk(options), TestContext.Current.CancellationToken));
        var assessment = new GuestConversion(source, new ConversionOptions { DriverSource = guests.Drivers() }).Assess(cancellation: TestContext.Current.CancellationToken);

        Assert.True(assessment.Convertible, string.Join(" ", assessment.Concerns));
        Assert.Contains(assessment.Concerns, c => c.Message.Contains(words, StringComparison.OrdinalIgnoreCase));
    }

    private static string Digest(string file)
    {
        using var stream = File.OpenRead(file);
        return System.Convert.ToHexString(SHA256.HashData(stream));
    }
}
