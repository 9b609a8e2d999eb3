using V2V.Engine.Conversion.Windows;
using V2V.Engine.Conversion.Windows.Drivers;
using V2V.Engine.Profiles.VirtV2VConf;
using V2V.Engine.Tests.Profiles.VirtV2VConf;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Windows;

/// <summary>The directory of drivers that a configuration of virt-v2v names for a Windows.</summary>
public sealed class ConfiguredDriversTests : IDisposable
{
    private readonly ConfigFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>One directory for one Windows, all files in it side by side, as those below /usr/share/virtio-win/drivers.</summary>
    [Theory]
    [InlineData("xp", true, "5", "1", "i386")]
    [InlineData("2003", false, "5", "2", "x86_64")]
    [InlineData("7", true, "6", "1", "i386")]
    [InlineData("2008R2", false, "6", "1", "x86_64")]
    public void A_flat_directory_gives_all_drivers(string release, bool is32Bit, string major, string minor, string architecture)
    {
        using var guest = WindowsGuest.Create(release, is32Bit);
        var directory = Directory.CreateDirectory(Path.Combine(_folder.Path, "drivers", architecture, "ours")).FullName;
        using (var tree = DriverTree.Create(["w7"], is32Bit ? "x86" : "amd64"))
        {
            foreach (var file in Directory.EnumerateFiles(tree.Path, "*", SearchOption.AllDirectories))
            {
                File.Copy(file, Path.Combine(directory, Path.GetFileName(file)));
            }
        }

        guest.Options = Options($"<app os='windows' major='{major}' minor='{minor}' arch='{architecture}' name='virtio'><path>drivers/{architecture}/ours</path></app>");
        using var context = guest.Run(new ChooseDrivers());

        Assert.Equal(directory, context.Drivers.Source!.Path);
        Assert.Equal("viostor", context.Drivers.Storage?.Name);
        Assert.True(context.Drivers.Has("netkvm"));
        Assert.Contains(context.Concerns, c => c.Id == "DriversChosen" && c.Message.Contains(directory, StringComparison.Ordinal));
    }

    [Fact]
    public void What_the_user_gives_wins_over_the_configuration()
    {
        using var guest = WindowsGuest.Create("7");
        using var tree = DriverTree.Create(["w7"]);
        guest.Options = Options("<app os='windows' name='virtio'><path>missing</path></app>") with { DriverSource = tree.Path };
        using var context = guest.Run(new ChooseDrivers());
        Assert.Equal(tree.Path, context.Drivers.Source!.Path);
        Assert.DoesNotContain(context.Concerns, c => c.Id == "ConfiguredDriversMissing");
    }

    [Fact]
    public void A_missing_directory_is_refused_in_the_words_of_the_guide_when_nothing_else_has_drivers()
    {
        Assert.SkipWhen(DriverSource.FindInstalled() is not null, "this machine has a virtio-win of its own");
        var elements = $"<app os='windows' major='6' arch='x86_64' name='virtio'><path>{_folder.Path}/drivers/amd64/Win2008</path></app>";
        using var guest = WindowsGuest.Create("2008R2");
        guest.Options = Options(elements);
        var refusal = Assert.Throws<ConversionException>(() => guest.Run(new ChooseDrivers()));
        Assert.Equal((V2VError.SoftwareMissing, $"{_folder.Path}/drivers/amd64/Win2008"), (refusal.Error, refusal.Path));
        Assert.Equal(
            $"Installation failed because the following files referenced in the configuration file are required, but missing: {_folder.Path}/drivers/amd64/Win2008", refusal.Message);
        Assert.Contains("-DriverSource", refusal.Advice, StringComparison.Ordinal);

        guest.Options = Options(elements) with { AllowNoDrivers = true };
        using var context = guest.Run(new ChooseDrivers());
        Assert.Contains(context.Concerns, c => c.Id == "DriversMissing" && c.Message.Contains("Win2008", StringComparison.Ordinal));
    }

    private ConversionOptions Options(string elements) => new() { Software = new ConfiguredSoftware(_folder.LoadElements(elements).Software, _folder.Path) };
}
