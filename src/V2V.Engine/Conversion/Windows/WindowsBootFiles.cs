using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;
using V2V.Engine.Inspection.Windows;
using V2V.Engine.Registry;
using V2V.Engine.Sources;

namespace V2V.Engine.Conversion.Windows;

/// <summary>
/// Lets UEFI find Windows' boot manager without the entry in NVRAM, which stays behind: as EFI\Boot\bootx64.efi. And lets the boot loader use the
/// screen: installations without one, as on some clouds and blade servers, have that switched off in their boot configuration.
/// </summary>
public sealed class WindowsBootFiles : WindowsStep
{
    private const string Directory = "/EFI/Microsoft/Boot";

    private const string Store = Directory + "/BCD";

    private const string StoreName = "BCD";

    /// <summary>The boot manager's object ({bootmgr}), its default entry, and the switch: bcdedit /set graphicsmodedisabled (BcdLibraryBoolean 0x16000046).</summary>
    private const string BootManager = "{9dea862c-5cdd-4e70-acc1-f32b344d4795}";

    private const string DefaultObject = "23000003";

    private const string GraphicsModeDisabled = "16000046";

    /// <summary>Twenty times what boot managers have.</summary>
    private const long MaxProgram = 64L << 20;

    private const string Why = "The boot entry in NVRAM stays behind; without one, UEFI starts the program of this name.";

    public override string Name => "Preparing Windows' boot manager for an empty NVRAM";

    public override bool AppliesTo(InspectedGuest guest) => base.AppliesTo(guest) && guest.Firmware == Firmware.Uefi;

    protected override void Apply(ConversionContext context, WindowsSystem windows)
    {
        var found = false;
        foreach (var partition in context.Guest.Volumes.Where(v => BootDevices.IsEfiSystemPartition(v.Volume) && v.FileSystem is not null))
        {
            var volume = partition.Volume.DisplayName;
            var root = new GuestRoot([new GuestMount("/", partition.FileSystem!, partition.Volume)]);
            if (!root.FileExists($"{Directory}/bootmgfw.efi"))
            {
                continue;
            }

            found = true;
            if (root.FileExists(Store))
            {
                UseScreen(context, RegistryHive.Open(root, Store), volume);
            }

            InstallFallback(context, root, volume);
        }

        if (!found)
        {
            throw new ConversionException(
                V2VError.GuestUnsupported,
                @"No EFI system partition with Windows' boot manager (EFI\Microsoft\Boot\bootmgfw.efi) was found, so the firmware would have nothing to start.")
            {
                Advice = @"Run 'bcdboot C:\Windows /s S: /f UEFI' in the guest (S: being the system partition, mounted by 'mountvol S: /s') and shut it down again.",
            };
        }
    }

    private static void UseScreen(ConversionContext context, RegistryHive store, string volume)
    {
        var editor = context.EditorFor(store, new RegistryFile(volume, Store, StoreName));
        if (editor.Find($@"{StoreName}\Objects\{BootManager}\Elements\{DefaultObject}")?.GetString("Element") is { Length: > 0 } entry && !entry.Contains('\\'))
        {
            editor.Delete($@"{StoreName}\Objects\{entry}\Elements\{GraphicsModeDisabled}", "The boot loader would not show anything (graphicsmodedisabled).");
            editor.Save();
        }
    }

    private static void InstallFallback(ConversionContext context, GuestRoot root, string volume)
    {
        var files = context.EditorFor(root, volume, path => $@"EFI system partition ({volume}):{path.Replace('/', '\\')}");
        var manager = root.ReadAllBytes($"{Directory}/bootmgfw.efi", MaxProgram);
        var fallback = $"/EFI/Boot/{Program(context.Guest.OperatingSystem.Architecture)}";
        if (root.FileExists(fallback) && root.ReadAllBytes(fallback, MaxProgram) is var present && !present.AsSpan().SequenceEqual(manager))
        {
            files.WriteAllBytes(fallback + ".v2v-old", present, "what stood there before", "Kept in case that somebody wants it back.");
        }

        files.WriteAllBytes(fallback, manager, @"copy of EFI\Microsoft\Boot\bootmgfw.efi", Why);
    }

    /// <summary>UEFI specification 2.10, table 3-2.</summary>
    private static string Program(string architecture) => architecture switch
    {
        "x86_64" => "bootx64.efi",
        "aarch64" => "bootaa64.efi",
        _ => "bootia32.efi",
    };
}
