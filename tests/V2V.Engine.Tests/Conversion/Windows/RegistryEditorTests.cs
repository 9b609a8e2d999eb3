using V2V.Engine.Conversion;
using V2V.Engine.Conversion.Windows;
using V2V.Engine.Registry;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Windows;

/// <summary>What the editor records, and that the record is found again, or its loss noticed, when the guest is read back.</summary>
public sealed class RegistryEditorTests
{
    private const string Key = @"HKLM\SYSTEM\ControlSet001\Services\test";

    private static readonly ConversionStep[] NoSteps = [];

    [Fact]
    public void Values_are_recorded_with_what_they_were()
    {
        using var guest = WindowsGuest.Create("2016").Edit((system, _) => system.Create(@"ControlSet001\Services\test").SetUInt32("Start", 3));
        using var context = guest.Context();

        context.Registry.SetUInt32(Key, "Start", 0, "why");
        context.Registry.SetString(Key, "Group", "SCSI miniport", "why");
        context.Registry.SetStrings(Key, "DependOnGroup", ["a", "b"], "why");
        context.Registry.Set(Key, "", RegistryValueKind.Binary, [1, 0xFF], "why");

        Assert.Equal(
            ["Start = 0, was 3", "Group = \"SCSI miniport\"", "DependOnGroup = [a, b]", "(default) = 01ff"],
            context.Changes.Select(c => c.What));
        Assert.Equal([ChangeKind.Modified, ChangeKind.Created, ChangeKind.Created, ChangeKind.Created], context.Changes.Select(c => c.Kind));
        Assert.All(context.Changes, c => Assert.Equal((Key, "why"), (c.Path, c.Why)));
    }

    [Fact]
    public void What_is_there_already_is_neither_written_nor_recorded()
    {
        using var guest = WindowsGuest.Create("2016").Edit((system, _) => system.Create(@"ControlSet001\Services\test").SetUInt32("Start", 3));
        using var context = guest.Context();

        context.Registry.SetUInt32(Key, "start", 3, "why");
        context.Registry.Delete(Key + @"\Missing", "why");
        context.Registry.DeleteValue(Key, "Missing", "why");

        Assert.Empty(context.Changes);
        Assert.False(guest.Inspect().Windows!.Registry.System.IsChanged);
    }

    [Fact]
    public void The_same_value_of_another_type_is_written()
    {
        using var guest = WindowsGuest.Create("2016").Edit((system, _) => system.Create(@"ControlSet001\Services\test").Set("Start", RegistryValueKind.Binary, [0, 0, 0, 0]));
        using var context = guest.Context();

        context.Registry.SetUInt32(Key, "Start", 0, "why");

        Assert.Single(context.Changes);
    }

    [Fact]
    public void Paths_outside_of_the_hives_are_mistakes()
    {
        using var guest = WindowsGuest.Create("2016");
        using var context = guest.Context();

        Assert.Throws<ArgumentException>(() => context.Registry.Find(@"HKLM\SAM\SAM"));
        Assert.Throws<ArgumentException>(() => context.Registry.Find(@"HKLM\SYSTEMS\x"));
    }

    [Fact]
    public void A_record_holds_when_the_guest_is_read_back()
    {
        using var guest = WindowsGuest.Create("2016").Edit((system, _) =>
        {
            system.Create(@"ControlSet001\Services\test\Parameters").SetUInt32("x", 1);
            system.Create(@"ControlSet001\Services\gone\Parameters").SetUInt32("x", 1);
        });
        using var context = guest.Run(NoSteps);
        context.Registry.SetUInt32(Key, "Start", 4, "first");
        context.Registry.SetUInt32(Key, "Start", 3, "second");
        context.Registry.Delete(Key + @"\Parameters", "why");
        context.Registry.SetUInt32(Key + @"\Parameters", "y", 2, "made again");
        context.Registry.SetUInt32(@"HKLM\SYSTEM\ControlSet001\Services\gone", "Start", 4, "why");
        context.Registry.Delete(@"HKLM\SYSTEM\ControlSet001\Services\gone", "why");
        context.Save();

        RegistryVerifier.Verify(guest.Inspect(), context.Changes);
    }

    [Theory]
    [InlineData("Start")]
    [InlineData("Group")]
    public void A_value_that_is_lost_or_differs_is_noticed(string value)
    {
        using var guest = WindowsGuest.Create("2016");
        using var context = guest.Context();
        context.Registry.SetUInt32(Key, "Start", 3, "why");
        context.Registry.SetString(Key, "Group", "x", "why");
        context.Save();
        guest.Edit((system, _) =>
        {
            var key = system.Find(@"ControlSet001\Services\test")!;
            if (value == "Start")
            {
                key.SetUInt32("Start", 2);
            }
            else
            {
                key.DeleteValue("Group");
            }
        });

        var failure = Assert.Throws<ConversionException>(() => RegistryVerifier.Verify(guest.Inspect(), context.Changes));

        Assert.Equal((V2VError.VerificationFailed, Key), (failure.Error, failure.Path));
        Assert.Contains(value, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_boot_driver_whose_program_is_missing_or_for_another_processor_is_noticed()
    {
        using var guest = WindowsGuest.Create("2016").WithDriver("test", 3);
        using var context = guest.Context();
        context.Registry.SetUInt32(Key, "Start", 0, "why");
        context.Save();
        RegistryVerifier.Verify(guest.Inspect(), context.Changes);

        guest.WithProgram("/Windows/System32/drivers/test.sys", Inspection.PhonyGuest.Pe(0x14C, "x86"));
        Assert.Contains("0x14c", Assert.Throws<ConversionException>(() => RegistryVerifier.Verify(guest.Inspect(), context.Changes)).Message, StringComparison.Ordinal);

        guest.Root.Delete("/Windows/System32/drivers/test.sys");
        Assert.Contains("missing", Assert.Throws<ConversionException>(() => RegistryVerifier.Verify(guest.Inspect(), context.Changes)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "/Windows/System32/drivers/test.sys")]
    [InlineData(@"system32\drivers\other.sys", "/Windows/system32/drivers/other.sys")]
    [InlineData(@"\SystemRoot\System32\drivers\other.sys", "/Windows/System32/drivers/other.sys")]
    [InlineData(@"%SystemRoot%\System32\other.sys", "/Windows/System32/other.sys")]
    [InlineData(@"\??\C:\Program Files\x\other.sys", "/C:/Program Files/x/other.sys")]
    public void The_path_of_a_driver_is_understood_in_every_form(string? image, string path)
    {
        using var guest = WindowsGuest.Create("2016").Edit((system, _) =>
        {
            var key = system.Create(@"ControlSet001\Services\test");
            if (image is not null)
            {
                key.SetString("ImagePath", image, RegistryValueKind.ExpandString);
            }
        });
        var windows = guest.Inspect().Windows!;

        Assert.Equal(path, BootDrivers.ImagePath(windows, windows.Registry.System.Find(@"ControlSet001\Services\test")!));
    }
}
