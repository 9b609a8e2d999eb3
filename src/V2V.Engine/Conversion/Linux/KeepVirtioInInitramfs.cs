using System.Text.RegularExpressions;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Tells the guest's own tools to put the virtio drivers into every initramfs that they will build, since some only take what the machine
/// that they run on needed when it was last booted.
/// </summary>
public sealed partial class KeepVirtioInInitramfs : LinuxStep
{
    private const string Why = "the next initramfs that the guest builds has to find virtio disks too";

    private static readonly string[] s_programDirectories = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];

    // virtio_net stays out: an interface that is found in the initramfs gets its name there, before the guest's own rules are read.
    private static readonly string[] s_modules = ["virtio_pci", "virtio_blk", "virtio_scsi"];

    public override string Name => "Keeping virtio drivers in the guest's initramfs settings";

    public override void Apply(ConversionContext context)
    {
        // A name that some kernel has only as a part of itself, or not at all, would make these tools complain.
        var modules = s_modules.Where(m => context.Guest.Kernels.Any(k => k.Modules.Contains(m))).ToArray();
        if (modules.Length == 0)
        {
            return;
        }

        ConfigureInitramfsTools(context, modules);
        ConfigureDracut(context, modules);
        ConfigureMkinitcpio(context, modules);
        ConfigureSuseMkinitrd(context, modules);
        ConfigureMkinitfs(context);
    }

    private static void ConfigureInitramfsTools(ConversionContext context, string[] modules)
    {
        const string Path = "/etc/initramfs-tools/modules";
        if (!IsInstalled(context, "update-initramfs") || !context.Files.Root.DirectoryExists("/etc/initramfs-tools"))
        {
            return;
        }

        var text = context.Files.TryReadAllText(Path) ?? "";
        // The first word of a line is a module, more are its parameters.
        var listed = text.Split('\n')
            .Select(l => l.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words.Length > 0).Select(words => words[0].Replace('-', '_'));
        Append(context, Path, text, modules.Except(listed));
    }

    private static void ConfigureDracut(ConversionContext context, string[] modules)
    {
        if (IsInstalled(context, "dracut"))
        {
            // dracut joins such values as they are: the blanks inside the quotes keep them apart.
            context.Files.WriteAllText(
                "/etc/dracut.conf.d/50-v2v-virtio.conf", $"add_drivers+=\" {string.Join(' ', modules)} \"\n", "virtio drivers listed", Why);
        }
    }

    private static void ConfigureMkinitcpio(ConversionContext context, string[] modules)
    {
        const string Path = "/etc/mkinitcpio.conf";
        const string DropInDirectory = "/etc/mkinitcpio.conf.d";
        var root = context.Files.Root;
        if (!IsInstalled(context, "mkinitcpio") || context.Files.TryReadAllText(Path) is not { } text)
        {
            return;
        }

        var line = $"MODULES+=({string.Join(' ', modules)})";
        if (root.DirectoryExists(DropInDirectory))
        {
            context.Files.WriteAllText($"{DropInDirectory}/v2v-virtio.conf", line + "\n", "virtio drivers listed", Why);
            return;
        }

        // Both files are sourced by bash. Until 2017 MODULES was a string; adding an array element to that would not do.
        var isString = text.Split('\n').Any(l => l.StartsWith("MODULES=\"", StringComparison.Ordinal));
        line = isString ? $"MODULES=\"$MODULES {string.Join(' ', modules)}\"" : line;
        Append(context, Path, text, text.Split('\n').Contains(line) ? [] : [line]);
    }

    /// <summary>SLES 11 and older: the list that its mkinitrd(5) adds to what it finds out itself. Their dracut successors do not read it.</summary>
    private static void ConfigureSuseMkinitrd(ConversionContext context, string[] modules)
    {
        if (IsInstalled(context, "mkinitrd") && !IsInstalled(context, "dracut"))
        {
            AddWords(context, "/etc/sysconfig/kernel", InitrdModules(), modules);
        }
    }

    /// <summary>Alpine's mkinitfs(1) has a feature for all of virtio, which installers on other hypervisors may have left out.</summary>
    private static void ConfigureMkinitfs(ConversionContext context)
    {
        if (IsInstalled(context, "mkinitfs") && context.Files.Root.FileExists("/etc/mkinitfs/features.d/virtio.modules"))
        {
            AddWords(context, "/etc/mkinitfs/mkinitfs.conf", MkinitfsFeatures(), ["virtio"]);
        }
    }

    /// <summary>Adds words to the value of a shell variable that a file sets already.</summary>
    private static void AddWords(ConversionContext context, string path, Regex assignment, IEnumerable<string> words)
    {
        if (context.Files.TryReadAllText(path) is not { } text || assignment.Match(text) is not { Success: true } match)
        {
            return;
        }

        var value = match.Groups["value"];
        var present = value.Value.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var added = words.Where(w => !present.Any(p => p.Replace('-', '_') == w)).ToArray();
        if (added.Length > 0)
        {
            var edited = new FieldSpan(value.Index, value.Length).Replace(text, string.Join(' ', present.Concat(added)));
            context.Files.WriteAllText(path, edited, $"added {string.Join(", ", added)}", Why);
        }
    }

    private static void Append(ConversionContext context, string path, string text, IEnumerable<string> lines)
    {
        var added = lines.ToArray();
        if (added.Length > 0)
        {
            var separator = text.Length == 0 || text.EndsWith('\n') ? "" : "\n";
            context.Files.WriteAllText(path, $"{text}{separator}{string.Join('\n', added)}\n", $"added {string.Join(", ", added)}", Why);
        }
    }

    private static bool IsInstalled(ConversionContext context, string program) =>
        Array.Exists(s_programDirectories, directory => context.Files.Root.FileExists($"{directory}/{program}"));

    [GeneratedRegex(@"^INITRD_MODULES=""(?<value>[^""]*)""", RegexOptions.Multiline)]
    private static partial Regex InitrdModules();

    [GeneratedRegex(@"^features=""(?<value>[^""]*)""", RegexOptions.Multiline)]
    private static partial Regex MkinitfsFeatures();
}
