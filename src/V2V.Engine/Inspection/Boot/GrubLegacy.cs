using System.Globalization;
using V2V.Engine.FileSystems;
using V2V.Engine.Sources;

namespace V2V.Engine.Inspection.Boot;

/// <summary>GRUB legacy (0.97): menu.lst or grub.conf, on Red Hat's UEFI systems on the ESP.</summary>
internal static class GrubLegacy
{
    private static readonly string[] BootConfigurations = ["/boot/grub/menu.lst", "/boot/grub/grub.conf"];

    public static BootLoader? Find(GuestRoot root, Firmware firmware)
    {
        var paths = firmware == Firmware.Uefi ? EfiConfigurations(root).Concat(BootConfigurations) : BootConfigurations;
        return paths.FirstOrDefault(root.FileExists) is { } path
            ? new BootLoader(BootLoaderKind.GrubLegacy, path) { Menu = Read(root, path, BootPaths.TryRead(root, path) ?? "") }
            : null;
    }

    /// <summary>Where a menu may be, whether it is there or not. On Red Hat's systems menu.lst and /etc/grub.conf are links to grub.conf.</summary>
    public static IEnumerable<string> Configurations(GuestRoot root) => BootConfigurations.Concat(EfiConfigurations(root)).Append("/etc/grub.conf");

    /// <summary>A command and the rest of its line; the two are separated by blanks or '='.</summary>
    public static (string Command, string Arguments) Split(string line)
    {
        var content = line.Trim();
        var end = content.AsSpan().IndexOfAny(" \t=");
        return end < 0 ? (content, "") : (content[..end], content[(end + 1)..].TrimStart(' ', '\t', '='));
    }

    private static IEnumerable<string> EfiConfigurations(GuestRoot root) => BootPaths.VendorFiles(root, "grub.conf");

    private static BootMenu Read(GuestRoot root, string path, string text)
    {
        var setting = "0";
        var entries = new List<BootMenuEntry>();
        var number = 0;
        foreach (var line in TextLines.Split(text))
        {
            number++;
            var (command, rest) = Split(line);
            if (command == "title")
            {
                if (entries.Count == BootMenu.MaxEntries)
                {
                    break;
                }

                entries.Add(new BootMenuEntry { Title = rest, Id = entries.Count.ToString(CultureInfo.InvariantCulture), File = path, FirstLine = number });
            }
            else if (entries.Count > 0 && command.Length > 0 && command[0] != '#')
            {
                entries[^1] = Add(root, entries[^1], command, rest) with { LastLine = number };
            }
            else if (command == "default")
            {
                setting = rest;
            }
        }

        var selected = DefaultIndex(root, path, setting);
        return new BootMenu([.. entries.Select((e, i) => e with { IsDefault = i == (selected < entries.Count ? selected : 0) })]);
    }

    private static BootMenuEntry Add(GuestRoot root, BootMenuEntry entry, string command, string rest)
    {
        // The kernel command takes options such as --no-mem-option before the path.
        var words = BlsEntry.Words(rest).SkipWhile(w => w.StartsWith("--", StringComparison.Ordinal)).ToArray();
        if (words.Length == 0)
        {
            return entry;
        }

        var located = BootPaths.LocateInBoot(root, words[0]);
        return command switch
        {
            "kernel" when IsXen(words[0]) => entry with { IsXenHypervisor = true },
            "kernel" => entry with { KernelPath = located, Arguments = words[1..] },
            // A Xen entry's first module is the kernel, its second the initramfs.
            "module" when entry is { IsXenHypervisor: true, KernelPath: null } => entry with { KernelPath = located, Arguments = words[1..] },
            "module" or "initrd" => entry with { InitramfsPaths = [.. entry.InitramfsPaths, .. words.Select(w => BootPaths.LocateInBoot(root, w)).OfType<string>()] },
            _ => entry,
        };
    }

    /// <summary>"/xen.gz", "/boot/xen-3.2-1-i386.gz", "/xen.gz-2.6.18-398.el5"; a paravirtual kernel has "vmlinuz" in front.</summary>
    private static bool IsXen(string path) =>
        path[(path.LastIndexOf('/') + 1)..] is var name && (name.StartsWith("xen.", StringComparison.Ordinal) || name.StartsWith("xen-", StringComparison.Ordinal));

    /// <summary>"default saved" means the number in the file "default", which savedefault writes.</summary>
    private static int DefaultIndex(GuestRoot root, string path, string setting)
    {
        if (setting == "saved")
        {
            setting = BootPaths.TryRead(root, path[..path.LastIndexOf('/')] + "/default")?.Split('\n')[0].Trim() ?? "0";
        }

        return int.TryParse(setting, NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : 0;
    }
}
