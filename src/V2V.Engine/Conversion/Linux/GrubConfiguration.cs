using System.Text.RegularExpressions;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Corrects the kernel command lines of GRUB (2 and legacy): in the generated configuration, which boots next, and in the settings from which
/// it will be generated again. Every other byte is kept. GRUB's own "set root" and "search" lines need nothing: they name the BIOS's disks by
/// order and file systems by UUID.
/// </summary>
public sealed partial class GrubConfiguration : LinuxStep
{
    private const string Why = "The kernel is told its root file system and console by names that the new hardware does not have.";

    public override string Name => "Correcting kernel command lines";

    public override bool AppliesTo(InspectedGuest guest) =>
        base.AppliesTo(guest) && guest.BootLoader.Kind is BootLoaderKind.Grub2 or BootLoaderKind.GrubLegacy;

    public override void Apply(ConversionContext context)
    {
        var names = new StableNames(context);
        if (context.Guest.BootLoader.ConfigurationPath is { } menu)
        {
            Menu(context, menu, names);
        }

        Settings(context, "/etc/default/grub", names);
        foreach (var file in context.Files.Root.Enumerate("/etc/default/grub.d").Where(f => f.Name.EndsWith(".cfg", StringComparison.Ordinal)))
        {
            Settings(context, $"/etc/default/grub.d/{file.Name}", names);
        }
    }

    private static void Menu(ConversionContext context, string path, StableNames names)
    {
        if (context.Files.TryReadAllText(path) is not { } text)
        {
            return;
        }

        var lines = TextLines.Split(text);
        for (var i = 0; i < lines.Count; i++)
        {
            if (KernelCommand().IsMatch(lines[i]))
            {
                lines[i] = KernelArguments.Correct(lines[i], path, names, HasInitramfs(lines, i));
            }
            else if (LegacySetting().IsMatch(lines[i]))
            {
                // update-grub of GRUB legacy keeps its settings in comments of menu.lst.
                lines[i] = KernelArguments.Correct(lines[i], path, names);
            }
        }

        context.Files.WriteAllText(path, string.Concat(lines), "kernel arguments name the root by UUID and the serial port as console", Why);
    }

    private static void Settings(ConversionContext context, string path, StableNames names)
    {
        if (context.Files.TryReadAllText(path) is { } text)
        {
            var edited = TextLines.Edit(text, line => Setting().IsMatch(line) ? KernelArguments.Correct(line, path, names) : line);
            context.Files.WriteAllText(path, edited, "kernel arguments name the root by UUID and the serial port as console", Why);
        }
    }

    /// <summary>An initrd line follows within the same entry.</summary>
    private static bool HasInitramfs(List<string> lines, int kernelLine)
    {
        for (var i = kernelLine + 1; i < lines.Count; i++)
        {
            var line = lines[i].TrimStart();
            if (line.StartsWith("initrd", StringComparison.Ordinal))
            {
                return true;
            }

            if (line.StartsWith('}') || line.StartsWith("menuentry", StringComparison.Ordinal) || line.StartsWith("title", StringComparison.Ordinal))
            {
                break;
            }
        }

        return false;
    }

    [GeneratedRegex(@"^\s*(linux|linux16|linuxefi|kernel|module2?|multiboot2?)\s")]
    private static partial Regex KernelCommand();

    [GeneratedRegex(@"^#\s*(kopt|defoptions|altoptions|xenkopt)[A-Za-z0-9_]*=")]
    private static partial Regex LegacySetting();

    [GeneratedRegex(@"^\s*(export\s+)?GRUB_CMDLINE_[A-Z_]+\+?=")]
    private static partial Regex Setting();
}
