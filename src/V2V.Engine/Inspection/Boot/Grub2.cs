using System.Globalization;
using System.Text.RegularExpressions;
using V2V.Engine.FileSystems;
using V2V.Engine.Sources;

namespace V2V.Engine.Inspection.Boot;

/// <summary>GRUB 2: a generated grub.cfg, the environment block beside it, and BLS files where grub.cfg reads those.</summary>
internal static partial class Grub2
{
    private static readonly string[] BootDirectories = ["/boot/grub", "/boot/grub2"];

    public static BootLoader? Find(GuestRoot root, Firmware firmware)
    {
        BootLoader? first = null;
        foreach (var path in firmware == Firmware.Uefi ? EfiConfigurations(root).Concat(BootConfigurations) : Configurations(root))
        {
            if (BootPaths.TryRead(root, path) is { } text)
            {
                var found = new BootLoader(BootLoaderKind.Grub2, path) { Menu = Read(root, path, text) };
                if (found.Menu.Entries.Count > 0)
                {
                    return found;
                }

                // Most often a stub on the ESP that leads to the menu in /boot ("configfile $prefix/grub.cfg").
                first ??= BootConfigurations.Contains(path) ? found : null;
            }
        }

        return first;
    }

    /// <summary>Where a grub.cfg may be, whether it is there or not; the same file can have several of these names.</summary>
    public static IEnumerable<string> Configurations(GuestRoot root) => BootConfigurations.Concat(EfiConfigurations(root));

    /// <summary>Where an environment block may be.</summary>
    public static IEnumerable<string> Environments(GuestRoot root) => Configurations(root).Select(EnvironmentOf);

    public static string EnvironmentOf(string configuration) => configuration[..configuration.LastIndexOf('/')] + "/grubenv";

    /// <summary>Where the BLS files are that blscfg reads: on /boot's file system, or for GRUB built to use it, on the ESP.</summary>
    public static string? BlsDirectory(GuestRoot root) => BootPaths.EfiMountPoints(root).Prepend("/boot")
        .Select(directory => directory + "/loader/entries")
        .FirstOrDefault(directory => BlsEntry.Files(root, directory).Any());

    public static GrubMenu ReadMenu(GuestRoot root, string text, GrubEnvironment? environment)
    {
        var menu = GrubMenu.Parse(text);
        if (menu.BlsPosition is { } position && BlsDirectory(root) is { } directory)
        {
            // blscfg shows the highest file name first.
            var entries = BlsEntry.ReadAll(root, directory).Where(e => e.Kernel is not null).ToList();
            entries.Sort((a, b) => RpmVersionOrder.Compare(b.Id, a.Id));
            menu.Entries.InsertRange(position, entries.Select(e => FromBls(e, name => environment?[name] ?? menu.Variables.GetValueOrDefault(name))));
        }

        return menu;
    }

    private static IEnumerable<string> BootConfigurations => BootDirectories.Select(d => d + "/grub.cfg");

    /// <summary>Distributions before BLS keep the whole menu on the ESP; the others only a stub that leads to /boot, which has no entries.</summary>
    private static IEnumerable<string> EfiConfigurations(GuestRoot root) => BootPaths.VendorFiles(root, "grub.cfg");

    private static BootMenu Read(GuestRoot root, string path, string text)
    {
        var environment = Environments(root).Prepend(EnvironmentOf(path)).Select(e => GrubEnvironment.TryRead(root, e)).FirstOrDefault(e => e is not null);
        var menu = ReadMenu(root, text, environment);
        var selected = menu.DefaultEntry(environment);
        return new BootMenu([.. Flatten(menu.Entries, "").Take(BootMenu.MaxEntries).Select(e => ToEntry(root, path, e.Entry, e.Id, e.Entry == selected))]);
    }

    private static BootMenuEntry ToEntry(GuestRoot root, string path, GrubMenuEntry entry, string id, bool isDefault) => new()
    {
        Title = entry.Title,
        Id = id,
        KernelPath = entry.Kernel is { } kernel ? BootPaths.LocateInBoot(root, kernel) : null,
        InitramfsPaths = [.. entry.InitialRamdisks.Select(i => BootPaths.LocateInBoot(root, i)).OfType<string>()],
        Arguments = entry.Arguments,
        IsDefault = isDefault,
        IsXenHypervisor = entry.Hypervisor is not null,
        File = entry.File ?? path,
        FirstLine = entry.FirstLine,
        LastLine = entry.LastLine,
    };

    private static IEnumerable<(GrubMenuEntry Entry, string Id)> Flatten(List<GrubMenuEntry> entries, string submenu)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < entries.Count; i++)
        {
            // '>' separates submenus, what begins with a digit can be taken for an index, and of several entries with the name as id or title
            // GRUB takes the first: the index is always right. BLS files' names are unique, and what their GRUB expects.
            var name = entries[i].Id ?? entries[i].Title;
            var isUsable = name.Length > 0 && !names.Contains(name) && name.AsSpan().IndexOfAny(">$") < 0 && !char.IsAsciiDigit(name[0]);
            names.UnionWith([entries[i].Title, name]);
            var id = submenu + (isUsable || entries[i].File is not null ? name : i.ToString(CultureInfo.InvariantCulture));
            if (!entries[i].IsSubmenu)
            {
                yield return (entries[i], id);
            }

            foreach (var child in Flatten(entries[i].Children, id + ">"))
            {
                yield return child;
            }
        }
    }

    private static GrubMenuEntry FromBls(BlsEntry entry, Func<string, string?> variable) => new()
    {
        Title = entry.Title ?? entry.Kernel!,
        Id = entry.Id,
        Kernel = entry.Kernel,
        Arguments = GrubMenu.Words(Expand(entry.Options, variable)),
        InitialRamdisks = [.. entry.InitialRamdisks.SelectMany(i => BlsEntry.Words(Expand(i, variable)))],
        File = entry.File,
        FirstLine = 1,
        LastLine = entry.LineCount,
    };

    /// <summary>$kernelopts, $tuned_params and whatever else grubenv or grub.cfg define; what they do not define is empty.</summary>
    private static string Expand(string text, Func<string, string?> variable) =>
        VariableReference().Replace(text, match => variable(match.Groups["name"].Value) ?? "");

    [GeneratedRegex(@"\$(\{(?<name>[A-Za-z_][A-Za-z0-9_]*)\}|(?<name>[A-Za-z_][A-Za-z0-9_]*))")]
    private static partial Regex VariableReference();
}
