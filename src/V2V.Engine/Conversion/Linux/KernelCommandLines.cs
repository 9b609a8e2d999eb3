using System.Text.RegularExpressions;
using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;
using V2V.Engine.Inspection.Boot;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Corrects the kernel command lines: in what boots next (the menus of GRUB, GRUB legacy, systemd-boot and extlinux, BLS files, grubenv), and in the
/// settings from which the guest's tools will write them again. Every other byte is kept. The boot loaders' own "set root", "search" and
/// "root (hd0,0)" lines need nothing: they name the BIOS's disks by order and file systems by UUID.
/// </summary>
public sealed partial class KernelCommandLines : LinuxStep
{
    private const string What = "kernel arguments name disks by UUID and the serial port as console";

    private const string Why = "The kernel is told its root file system and console by names that the new hardware does not have.";

    /// <summary>How far an initrd line is looked for; no tool writes entries as long as that.</summary>
    private const int MaxEntryLines = 64;

    /// <summary>Where command lines are written, whichever boot loader is in use: a guest may have several.</summary>
    private static readonly Place[] Places =
    [
        new(Grub2.Configurations, GrubCommand(), EntryBoundary()),
        new(GrubLegacy.Configurations, GrubCommand(), EntryBoundary()),
        // update-grub of GRUB legacy keeps its settings in comments of menu.lst.
        new(GrubLegacy.Configurations, LegacySetting()),
        new(BlsFiles, BlsOptions(), WholeFile()),
        new(Extlinux.Configurations, ExtlinuxAppend(), EntryBoundary()),

        new(_ => ["/etc/default/grub", "/etc/sysconfig/grub"], GrubSetting()),
        new(root => In(root, "/etc/default/grub.d", ".cfg"), GrubSetting()),
        new(_ => ["/etc/sysconfig/bootloader"], SuseSetting()),
        new(_ => ["/etc/update-extlinux.conf"], AlpineSetting()),
        new(_ => ["/etc/default/extlinux", "/etc/default/u-boot"], DebianSetting()),
        new(_ => ["/etc/kernel/cmdline"], AnyLine()),
        new(root => In(root, "/etc/cmdline.d", ".conf"), AnyLine()),
        new(root => In(root, "/etc/dracut.conf.d", ".conf").Prepend("/etc/dracut.conf"), DracutSetting()),
    ];

    public override string Name => "Correcting kernel command lines";

    public override void Apply(ConversionContext context)
    {
        var arguments = new KernelArguments(context);
        foreach (var place in Places)
        {
            foreach (var path in Existing(context, place.Files(context.Files.Root)))
            {
                Edit(context, path, place, arguments);
            }
        }

        foreach (var path in Existing(context, Grub2.Environments(context.Files.Root)))
        {
            EditEnvironment(context, path, arguments);
        }
    }

    /// <summary>The files themselves: links such as /etc/grub.conf lead to the same one.</summary>
    private static List<string> Existing(ConversionContext context, IEnumerable<string> paths) =>
        [.. paths.Where(context.Files.Root.FileExists).Select(context.Files.Root.RealPath).Distinct()];

    private static void Edit(ConversionContext context, string path, Place place, KernelArguments arguments)
    {
        if (BootPaths.TryRead(context.Files.Root, path) is not { } text)
        {
            return;
        }

        var lines = TextLines.Split(text);
        for (var i = 0; i < lines.Count; i++)
        {
            if (place.Line.IsMatch(lines[i]))
            {
                lines[i] = arguments.Correct(lines[i], path, place.Boundary is null || HasInitramfs(lines, i, place.Boundary));
            }
        }

        context.Files.WriteAllText(path, string.Concat(lines), What, Why);
    }

    /// <summary>RHEL 8 keeps the arguments of all BLS entries in grubenv.</summary>
    private static void EditEnvironment(ConversionContext context, string path, KernelArguments arguments)
    {
        if (GrubEnvironment.TryRead(context.Files.Root, path) is not { } environment || environment["kernelopts"] is not { } options)
        {
            return;
        }

        var corrected = arguments.Correct(options, path);
        if (corrected != options)
        {
            environment["kernelopts"] = corrected;
            context.Files.WriteAllText(path, RequireBlock(environment, path), What, Why);
        }
    }

    /// <exception cref="ConversionException">The values do not fit into the block, which cannot grow.</exception>
    internal static string RequireBlock(GrubEnvironment environment, string path) => environment.ToBlock()
        ?? throw new ConversionException(V2VError.ConversionFailed, $"{path} has no room for what has to be written there: GRUB's environment block cannot grow.")
        {
            Path = path,
            Advice = "Shorten the kernel's arguments in the guest (grubby --update-kernel=ALL --remove-args=...) and convert it again.",
        };

    /// <summary>The entry that the line belongs to loads an initramfs: before or after the line, or in it.</summary>
    private static bool HasInitramfs(List<string> lines, int at, Regex boundary) =>
        LoadsInitramfs().IsMatch(lines[at])
        || Enumerable.Range(1, MaxEntryLines).Select(i => at + i).TakeWhile(i => i < lines.Count && !boundary.IsMatch(lines[i])).Any(i => Initrd().IsMatch(lines[i]))
        || Enumerable.Range(1, MaxEntryLines).Select(i => at - i).TakeWhile(i => i >= 0 && !boundary.IsMatch(lines[i])).Any(i => Initrd().IsMatch(lines[i]));

    private static IEnumerable<string> BlsFiles(GuestRoot root) => SystemdBoot.EntryDirectories(root).SelectMany(d => BlsEntry.Files(root, d)).Take(BootMenu.MaxEntries);

    private static IEnumerable<string> In(GuestRoot root, string directory, string suffix) =>
        root.Enumerate(directory).Where(f => f.Name.EndsWith(suffix, StringComparison.Ordinal)).Select(f => $"{directory}/{f.Name}");

    /// <param name="Files">The files, there or not.</param>
    /// <param name="Line">The lines with kernel arguments.</param>
    /// <param name="Boundary">Lines that begin or end a menu entry; null for settings, which know no entries.</param>
    private sealed record Place(Func<GuestRoot, IEnumerable<string>> Files, Regex Line, Regex? Boundary = null);

    [GeneratedRegex(@"^\s*((linux|linux16|linuxefi|kernel|module2?|xen_module|multiboot2?)\s|set\s+(default_)?kernelopts=)")]
    private static partial Regex GrubCommand();

    /// <summary>A Xen entry's modules are the kernel and its initramfs; a variable is for all entries.</summary>
    [GeneratedRegex(@"^\s*(xen_)?module2?\s|^\s*set\s|\sinitrd=")]
    private static partial Regex LoadsInitramfs();

    [GeneratedRegex(@"^\s*initrd", RegexOptions.IgnoreCase)]
    private static partial Regex Initrd();

    [GeneratedRegex(@"^\s*(\}|menuentry\s|submenu\s|title\s|label\s)", RegexOptions.IgnoreCase)]
    private static partial Regex EntryBoundary();

    [GeneratedRegex(@"(?!)")]
    private static partial Regex WholeFile();

    [GeneratedRegex(@"^#\s*(kopt|defoptions|altoptions|xenkopt)[A-Za-z0-9_]*=")]
    private static partial Regex LegacySetting();

    [GeneratedRegex(@"^\s*options\s")]
    private static partial Regex BlsOptions();

    [GeneratedRegex(@"^\s*append\s", RegexOptions.IgnoreCase)]
    private static partial Regex ExtlinuxAppend();

    [GeneratedRegex(@"^\s*(export\s+)?GRUB_CMDLINE_[A-Z_]+\+?=")]
    private static partial Regex GrubSetting();

    [GeneratedRegex(@"^\s*[A-Z_]*APPEND=")]
    private static partial Regex SuseSetting();

    [GeneratedRegex(@"^\s*(root|default_kernel_opts)=")]
    private static partial Regex AlpineSetting();

    [GeneratedRegex(@"^\s*(EXTLINUX|U_BOOT)_(ROOT|PARAMETERS)=")]
    private static partial Regex DebianSetting();

    [GeneratedRegex(@"^\s*kernel_cmdline\+?=")]
    private static partial Regex DracutSetting();

    [GeneratedRegex(@"^\s*[^#\s]")]
    private static partial Regex AnyLine();
}
