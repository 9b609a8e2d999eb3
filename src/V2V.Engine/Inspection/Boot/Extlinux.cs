using V2V.Engine.FileSystems;
using V2V.Engine.Sources;

namespace V2V.Engine.Inspection.Boot;

/// <summary>extlinux and syslinux, and boot loaders that read the same file (U-Boot): labels, each with a kernel, its initramfs and arguments.</summary>
internal static class Extlinux
{
    private static readonly string[] WellKnown =
    [
        "/boot/extlinux/extlinux.conf", "/boot/extlinux.conf", "/boot/syslinux/syslinux.cfg", "/boot/syslinux/extlinux.conf",
    ];

    /// <summary>syslinux' own limit on nested includes (MAX_INCLUDE).</summary>
    private const int MaxIncludes = 16;

    public static BootLoader? Find(GuestRoot root, Firmware firmware) => WellKnown.FirstOrDefault(root.FileExists) is { } path
        ? new BootLoader(BootLoaderKind.Extlinux, path) { Menu = new Reader(root).Read(path) }
        : null;

    /// <summary>Every configuration that is there, with the files that it includes.</summary>
    public static IReadOnlyList<string> Configurations(GuestRoot root)
    {
        var files = WellKnown.Where(root.FileExists).ToList();
        for (var i = 0; i < files.Count && files.Count < WellKnown.Length + MaxIncludes; i++)
        {
            files.AddRange(Lines(root, files[i]).Where(l => l.Keyword == "INCLUDE").Take(MaxIncludes)
                .Select(l => Include(files[i], l.Argument)).Where(root.FileExists).Except(files));
        }

        return files;
    }

    /// <summary>A line's keyword in upper case ("MENU DEFAULT" counts as one) and what follows it.</summary>
    public static (string Keyword, string Argument) Split(string line)
    {
        var (keyword, argument) = FirstWord(line);
        if (keyword != "MENU")
        {
            return (keyword, argument);
        }

        var (second, rest) = FirstWord(argument);
        return ("MENU " + second, rest);
    }

    private static (string Word, string Argument) FirstWord(string text)
    {
        var content = text.Trim();
        var end = content.AsSpan().IndexOfAny(' ', '\t');
        return end < 0 ? (content.ToUpperInvariant(), "") : (content[..end].ToUpperInvariant(), content[end..].TrimStart());
    }

    private static IEnumerable<(string Keyword, string Argument)> Lines(GuestRoot root, string path) =>
        TextLines.Split(BootPaths.TryRead(root, path) ?? "").Select(Split).Where(l => l.Keyword.Length > 0 && l.Keyword[0] != '#');

    /// <summary>Paths are relative to the directory of the first configuration file.</summary>
    private static string Include(string configuration, string file) =>
        file.StartsWith('/') ? file : $"{configuration[..configuration.LastIndexOf('/')]}/{file}";

    private sealed class Reader(GuestRoot root)
    {
        private readonly List<BootMenuEntry> _entries = [];
        private readonly HashSet<string> _read = [];
        private string _directory = "";
        private string? _default;
        private string? _menuDefault;

        public BootMenu Read(string path)
        {
            _directory = path[..path.LastIndexOf('/')];
            ReadFile(path);

            // A label that runs a menu or another program boots nothing itself.
            var bootable = _entries.Where(e => e.KernelPath is not null || e.Arguments.Count > 0).ToList();
            var selected = Find(_menuDefault) ?? Find(_default) ?? bootable.FirstOrDefault();
            return new BootMenu([.. _entries.Select(e => e with { IsDefault = ReferenceEquals(e, selected) })]);
        }

        private BootMenuEntry? Find(string? label) => label is null ? null : _entries.FirstOrDefault(e => e.Id == label && e.KernelPath is not null);

        private void ReadFile(string path)
        {
            if (_read.Count > MaxIncludes || !_read.Add(path) || BootPaths.TryRead(root, path) is not { } text)
            {
                return;
            }

            var number = 0;
            foreach (var line in TextLines.Split(text))
            {
                number++;
                var (keyword, rest) = Split(line);
                if (keyword == "INCLUDE")
                {
                    ReadFile(Include($"{_directory}/", rest));
                }
                else if (keyword == "DEFAULT")
                {
                    _default = rest;
                }
                else if (keyword == "LABEL")
                {
                    if (_entries.Count == BootMenu.MaxEntries)
                    {
                        return;
                    }

                    _entries.Add(new BootMenuEntry { Title = rest, Id = rest, File = path, FirstLine = number, LastLine = number });
                }
                else if (keyword.Length > 0 && _entries.Count > 0 && _entries[^1].File == path)
                {
                    _entries[^1] = Add(_entries[^1], keyword, rest) with { LastLine = number };
                }
            }
        }

        private BootMenuEntry Add(BootMenuEntry entry, string keyword, string rest)
        {
            switch (keyword)
            {
                case "MENU LABEL":
                    return entry with { Title = rest.Replace("^", "", StringComparison.Ordinal) };
                case "MENU DEFAULT":
                    _menuDefault = entry.Id;
                    return entry;
                case "LINUX" or "KERNEL" when rest.EndsWith("mboot.c32", StringComparison.Ordinal):
                    return entry with { IsXenHypervisor = true };
                case "LINUX" or "KERNEL":
                    return entry with { KernelPath = Locate(rest) };
                case "INITRD":
                    return entry with { InitramfsPaths = [.. entry.InitramfsPaths, .. Located(rest)] };
                case "APPEND" when entry.IsXenHypervisor:
                    return Multiboot(entry, rest);
                case "APPEND":
                    var words = BlsEntry.Words(rest);
                    var images = words.Where(w => w.StartsWith("initrd=", StringComparison.Ordinal)).SelectMany(w => Located(w["initrd=".Length..]));
                    return entry with { Arguments = words, InitramfsPaths = [.. entry.InitramfsPaths, .. images] };
                default:
                    return entry;
            }
        }

        /// <summary>"xen.gz ... --- vmlinuz root=... --- initrd": the hypervisor, its kernel and the initramfs.</summary>
        private BootMenuEntry Multiboot(BootMenuEntry entry, string rest)
        {
            var parts = rest.Split("---").Select(BlsEntry.Words).Where(w => w.Length > 0).ToArray();
            return parts.Length < 2 ? entry : entry with
            {
                KernelPath = Locate(parts[1][0]),
                Arguments = parts[1][1..],
                InitramfsPaths = [.. parts.Skip(2).Select(p => Locate(p[0])).OfType<string>()],
            };
        }

        private IEnumerable<string> Located(string list) => list.Split(',').Select(Locate).OfType<string>();

        private string? Locate(string path) => path.Length == 0 ? null
            : path.StartsWith('/') ? BootPaths.LocateInBoot(root, path)
            : BootPaths.Locate(root, path, _directory);
    }
}
