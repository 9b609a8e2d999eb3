using V2V.Engine.Conversion.Windows;
using V2V.Engine.FileSystems;
using V2V.Engine.Registry;
using V2V.Engine.Sources;
using V2V.Engine.Tests.FileSystems;
using V2V.Engine.Tests.Inspection;
using V2V.Engine.Volumes;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Windows;

public sealed class WindowsBootFilesTests
{
    private const string Manager = "/EFI/Microsoft/Boot/bootmgfw.efi";

    private const string Fallback = "/EFI/Boot/bootx64.efi";

    private const string Entry = "{b2721d73-1db4-4c62-bf78-c548a880142d}";

    private const string Switch = $@"Objects\{Entry}\Elements\16000046";

    [Fact]
    public void The_boot_manager_is_put_where_firmware_looks()
    {
        using var guest = Create(out var partition);

        using var context = guest.Run(new WindowsBootFiles());

        Assert.Equal(partition.ReadAllBytes(Manager), partition.ReadAllBytes(Fallback));
        var change = Assert.Single(context.Changes, c => c.Path.EndsWith("bootx64.efi", StringComparison.Ordinal));
        Assert.Equal(@"EFI system partition (disk 1, partition 2):\EFI\Boot\bootx64.efi", change.Path);
        ConversionVerifierOf(guest, context);
    }

    [Fact]
    public void Another_program_that_stands_there_is_kept_beside_it()
    {
        using var guest = Create(out var partition);
        partition.WithDirectory("/EFI/Boot");
        partition.WriteAllBytes(Fallback, "somebody else's"u8.ToArray());
        partition.WriteAllBytes("/EFI/Boot/shim.efi", "shim"u8.ToArray());

        guest.Run(new WindowsBootFiles()).Dispose();

        Assert.Equal(partition.ReadAllBytes(Manager), partition.ReadAllBytes(Fallback));
        Assert.Equal("somebody else's"u8.ToArray(), partition.ReadAllBytes(Fallback + ".v2v-old"));
        Assert.Equal("shim"u8.ToArray(), partition.ReadAllBytes("/EFI/Boot/shim.efi"));
    }

    [Fact]
    public void Nothing_changes_where_all_is_well()
    {
        using var guest = Create(out var partition);
        partition.WithDirectory("/EFI/Boot");
        partition.WriteAllBytes(Fallback, partition.ReadAllBytes(Manager));

        using var context = guest.Run(new WindowsBootFiles());

        Assert.Empty(context.Changes);
    }

    [Fact]
    public void A_boot_loader_that_was_told_to_show_nothing_is_told_otherwise()
    {
        using var guest = Create(out var partition, store =>
        {
            store.Create(Switch).Set("Element", RegistryValueKind.Binary, [1]);
            store.Create($@"Objects\{Entry}\Elements\16000060").Set("Element", RegistryValueKind.Binary, [1]);
        });

        using var context = guest.Run(new WindowsBootFiles());

        var store = RegistryHive.Open(new GuestRoot([new GuestMount("/", partition, guest.Volumes[1])]), "/EFI/Microsoft/Boot/BCD");
        Assert.Null(store.Find(Switch));
        Assert.NotNull(store.Find($@"Objects\{Entry}\Elements\16000060"));
        Assert.Contains(context.Changes, c => c.Path == $@"BCD\{Switch}" && c.Kind == Engine.Conversion.ChangeKind.Deleted);
        ConversionVerifierOf(guest, context);
    }

    [Fact]
    public void A_guest_that_the_firmware_could_not_start_is_refused()
    {
        using var guest = Create(out var partition);
        partition.Delete(Manager);

        Assert.Throws<ConversionException>(() => guest.Run(new WindowsBootFiles()));
    }

    /// <summary>Reads back what a context recorded; throws when it is not there.</summary>
    private static void ConversionVerifierOf(WindowsGuest guest, Engine.Conversion.ConversionContext context) =>
        RegistryVerifier.Verify(guest.Inspect(), context.Changes);

    private static WindowsGuest Create(out MemoryFileSystem partition, Action<RegistryKey>? edit = null)
    {
        var guest = WindowsGuest.Create("2022");
        guest.Source = guest.Source with { Firmware = Firmware.Uefi };
        partition = new MemoryFileSystem("vfat");
        guest.Add(MemoryVolume.Partition(0, 2) with { Kind = VolumeKind.GptPartition, GptType = new Guid("c12a7328-f81f-11d2-ba4b-00a0c93ec93b") }, partition);
        partition.WithDirectory("/EFI").WithDirectory("/EFI/Microsoft").WithDirectory("/EFI/Microsoft/Boot");
        partition.WriteAllBytes(Manager, PhonyGuest.Pe(0x8664, "Windows Boot Manager"));
        partition.WriteAllBytes("/EFI/Microsoft/Boot/BCD", EmptyHive.Create("NewStoreRoot"));
        var store = RegistryHive.Open(new GuestRoot([new GuestMount("/", partition, guest.Volumes[1])]), "/EFI/Microsoft/Boot/BCD");
        store.Create(@"Objects\{9dea862c-5cdd-4e70-acc1-f32b344d4795}\Elements\23000003").SetString("Element", Entry);
        edit?.Invoke(store.Root);
        store.Save();
        return guest;
    }
}
