using V2V.Engine.Conversion.Windows;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Windows;

public sealed class DisableHypervisorDriversTests
{
    private const string Set = @"HKLM\SYSTEM\ControlSet001";

    private const string System = @"ControlSet001\Control\Class\{4d36e97d-e325-11ce-bfc1-08002be10318}";

    [Fact]
    public void Drivers_leave_the_lists_of_filters_before_they_are_disabled()
    {
        using var guest = WindowsGuest.Create("2019");
        guest.WithDriver("xenfilt", 0).WithDriver("xenbus", 0).Edit((system, _) =>
        {
            system.Create(System).SetStrings("UpperFilters", ["XENFILT"]);
            system.Create(@"ControlSet001\Control\Class\{4d36e96a-e325-11ce-bfc1-08002be10318}").SetStrings("UpperFilters", ["other", "xenfilt"]);
            system.Create(@"ControlSet001\Enum\ACPI\PNP0F13\4&1").SetStrings("LowerFilters", ["xenfilt", "kept"]);
        });

        using var context = guest.Run(new DisableHypervisorDrivers());

        Assert.Equal(4u, guest.Read($@"{Set}\Services\xenfilt")!.GetUInt32("Start"));
        Assert.Equal(4u, guest.Read($@"{Set}\Services\xenbus")!.GetUInt32("Start"));
        Assert.Null(guest.Read($@"HKLM\SYSTEM\{System}")!.FindValue("UpperFilters"));
        Assert.Equal(["other"], guest.Read($@"{Set}\Control\Class\{{4d36e96a-e325-11ce-bfc1-08002be10318}}")!.GetStrings("UpperFilters")!);
        Assert.Equal(["kept"], guest.Read($@"{Set}\Enum\ACPI\PNP0F13\4&1")!.GetStrings("LowerFilters")!);
        Assert.All(context.Changes.Where(c => c.Path.Contains("Services", StringComparison.Ordinal)), c => Assert.True(
            context.Changes.ToList().FindIndex(o => o.Path.EndsWith("08002be10318}", StringComparison.Ordinal)) < context.Changes.ToList().IndexOf(c)));
    }

    [Fact]
    public void Windows_own_lists_and_drivers_stay()
    {
        using var guest = WindowsGuest.Create("2019");
        guest.WithDriver("vmbus", 0).WithDriver("LSI_SAS", 3);

        using var context = guest.Run(new DisableHypervisorDrivers());

        Assert.Empty(context.Changes);
    }

    [Fact]
    public void What_is_disabled_already_is_not_touched()
    {
        using var guest = WindowsGuest.Create("2019");
        guest.WithDriver("pvscsi", 4);

        using var context = guest.Run(new DisableHypervisorDrivers());

        Assert.Empty(context.Changes);
    }

    [Fact]
    [Shows("StorageFilters")]
    public void Filters_of_other_makers_are_reported()
    {
        using var guest = WindowsGuest.Create("2019");
        guest.Edit((system, _) => system.Find(@"ControlSet001\Control\Class\{4d36e967-e325-11ce-bfc1-08002be10318}")!.SetStrings("UpperFilters", ["partmgr", "snapman"]));

        using var context = guest.Run(new CheckStorageFilters());

        Assert.Contains(context.Concerns, c => c.Id == "StorageFilters" && c.Message.Contains("snapman", StringComparison.Ordinal) && !c.Message.Contains("partmgr", StringComparison.Ordinal));
        Assert.Empty(context.Changes);
    }
}
