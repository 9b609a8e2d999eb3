using V2V.Engine.Conversion.Windows;
using V2V.Engine.FileSystems;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Windows.Drivers;

/// <summary>All drivers go into one directory of the guest, where files of one name meet.</summary>
public sealed class StagedDriversTests
{
    private const string CoInstaller = "WdfCoInstaller01009.dll";
    private const string Folder = "/Windows/Drivers/VirtIO";

    [Theory]
    [InlineData("the same", "the same", true)]
    [InlineData("the same", "the SAME", false)]
    [Shows("DriverNotStaged")]
    public void Drivers_that_bring_the_same_co_installer_are_all_staged(string first, string second, bool isStaged)
    {
        using var tree = new DriverTree();
        tree.Add("viostor/w7/amd64", "viostor", "amd64");
        foreach (var (name, content) in new[] { ("balloon", first), ("vioser", second) })
        {
            tree.Add($"{name}/w7/amd64", name, "amd64", "System");
            tree.Write($"{name}/w7/amd64/{CoInstaller}", content);
        }

        using var guest = WindowsGuest.Create("7");
        guest.Options = new ConversionOptions { DriverSource = tree.Root };
        using var context = guest.Run(new ChooseDrivers(), new StageDrivers());

        Assert.Equal(first, guest.Root.ReadAllText($"{Folder}/{CoInstaller.ToLowerInvariant()}"));
        Assert.NotNull(guest.Root.Find($"{Folder}/balloon.sys"));
        Assert.Equal(isStaged, guest.Root.Find($"{Folder}/vioser.sys") is not null);
        Assert.Equal(isStaged ? [] : ["DriverNotStaged"], context.Concerns.Select(c => c.Id).Where(id => id.StartsWith("DriverNot", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("x86", false, "is built for i686, and the guest is x86_64")]
    [InlineData("amd64", true, "One of the following directories is required, but all are missing")]
    public void A_guest_that_no_storage_driver_fits_is_refused_unless_slower_hardware_is_allowed(string program, bool is32Bit, string message)
    {
        using var tree = new DriverTree();
        tree.Add("viostor/w10/amd64", "viostor", "amd64");
        tree.Write("viostor/w10/amd64/viostor.sys", DriverTree.Program(program));
        using var guest = WindowsGuest.Create("10", is32Bit);
        guest.Options = new ConversionOptions { DriverSource = tree.Root };

        var refusal = Assert.Throws<ConversionException>(() => guest.Run(new ChooseDrivers()));
        Assert.Equal(V2VError.DriversMissing, refusal.Error);
        Assert.Contains(message, refusal.Message, StringComparison.Ordinal);

        guest.Options = guest.Options with { AllowNoDrivers = true };
        using var context = guest.Run(new ChooseDrivers());
        Assert.Contains(context.Concerns, c => c.Id == "DriversMissing" && c.Message.Contains(message, StringComparison.Ordinal));
    }
}
