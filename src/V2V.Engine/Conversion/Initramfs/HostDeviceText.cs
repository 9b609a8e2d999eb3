using System.Text.RegularExpressions;
using V2V.Engine.Conversion.Linux;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Initramfs;

/// <summary>
/// Edits the lines of one kind of file that an image keeps its host's disks in. A line that names none, or only lasting names, comes back
/// as it is.
/// </summary>
internal sealed partial class HostDeviceText(IImageDeviceNames names, string file)
{
    /// <summary>Words of a kernel command line (dracut.cmdline(7)): "root=block:/dev/sda2", "resume=/dev/disk/by-id/...".</summary>
    public string Arguments(string line)
    {
        var edited = Argument().Replace(line, match =>
        {
            var device = match.Groups["device"].Value;
            if (names.IsLasting(device))
            {
                return match.Value;
            }

            var isResume = match.Groups["name"].Value == "resume";
            if (names.Replace(device, file, isResume ? "swap" : null) is { } stable)
            {
                return $"{match.Groups["head"].Value}{StableNames.LinkOf(stable)}";
            }

            // Without the argument the guest starts instead of resuming, which is all that it can do on other hardware.
            return isResume || names.IsOnCommandLine(match.Groups["name"].Value) ? "" : throw NotFound(device);
        });
        return edited;
    }

    /// <summary>dracut's wait_for_dev: the hook is true once "[ -e DEVICE ]" is. What it waited for beside the root is not needed to boot.</summary>
    public string Hook(string line) =>
        Existence().Replace(line, match => names.IsLasting(match.Groups["device"].Value) ? match.Value : "true");

    /// <summary>Shell variables of initramfs-tools (conf/conf.d/resume, conf/param.conf): RESUME=, ROOT=; they take UUID= as well.</summary>
    public string InitramfsToolsVariable(string line) => Variable(line, stable => stable, lost: "none");

    /// <summary>Shell variables of SUSE's mkinitrd (config/mount.sh): rootdev='/dev/...'; its scripts look for a path.</summary>
    public string MkinitrdVariable(string line) => Variable(line, StableNames.LinkOf, lost: "");

    /// <summary>
    /// nash's "mkrootdev -t ext3 -o defaults,ro /dev/sda1" and "resume /dev/sda2", which take UUID= too (nash(8)). Without the resume the guest
    /// starts, which is all that it can do on other hardware.
    /// </summary>
    public string NashCommand(string line)
    {
        if (NashDevice().Match(line) is not { Success: true } match || names.IsLasting(match.Groups["device"].Value))
        {
            return line;
        }

        var device = new FieldSpan(match.Groups["device"].Index, match.Groups["device"].Length);
        var isResume = match.Groups["command"].Value == "resume";
        return names.Replace(device.Of(line), file, isResume ? "swap" : null) is { } stable ? device.Replace(line, stable)
            : isResume ? "# " + line
            : throw NotFound(device.Of(line));
    }

    /// <summary>crypttab(5), also as initramfs-tools of Debian up to 9 writes it into conf/conf.d/cryptroot: "target=x,source=/dev/sda5,...".</summary>
    public string Crypttab(string line)
    {
        if (CryptrootSource().Match(line) is { Success: true } source)
        {
            return Replace(line, new FieldSpan(source.Groups["device"].Index, source.Groups["device"].Length));
        }

        var fields = FieldSpan.Split(line);
        return fields.Count >= 2 ? Replace(line, fields[1]) : line;

        string Replace(string text, FieldSpan field)
        {
            var device = field.Of(text);
            return names.IsLasting(device) ? text : field.Replace(text, names.Replace(device, file, "crypto_LUKS") ?? throw NotFound(device));
        }
    }

    /// <summary>fstab(5). A line whose device is not found stays: nothing but the root has to be mounted here.</summary>
    public string Fstab(string line) =>
        FstabEntry.TryParseLine(line) is { IsRemovable: false } entry && !names.IsLasting(entry.Device)
            && names.Replace(entry.Device, file, entry.Kind) is { } stable
            ? FieldSpan.Split(line)[0].Replace(line, stable)
            : line;

    private string Variable(string line, Func<string, string> form, string lost) =>
        Assignment().Replace(line, match =>
        {
            var device = match.Groups["device"].Value;
            if (names.IsLasting(device))
            {
                return match.Value;
            }

            var isResume = match.Groups["name"].Value.StartsWith("resume", StringComparison.OrdinalIgnoreCase);
            var stable = names.Replace(device, file, isResume ? "swap" : null);
            var value = stable is not null ? form(stable) : isResume ? lost : throw NotFound(device);
            return $"{match.Groups["head"].Value}{value}";
        });

    private ConversionException NotFound(string device) => InitramfsErrors.Unsupported(
        $"The initramfs looks for {device} of the old machine ({file}), and no volume of this guest could be matched to it.",
        "Name the disk by UUID in the guest, and rebuild its initramfs, before converting it.");

    // Names by path hold colons; elsewhere one ends the name, as in cryptdevice=/dev/sda2:root.
    [GeneratedRegex(@"(?<![^\s""'])(?<head>(?<name>[A-Za-z0-9_.-]+)=[""']?(block:)?)(?<device>/dev/(disk/by-path/[^\s""',]+|[^\s""',:]+))")]
    private static partial Regex Argument();

    [GeneratedRegex(@"\[ -e [""']?(?<device>/dev/[^\s""']+)[""']? \]")]
    private static partial Regex Existence();

    [GeneratedRegex(@"^(?<head>([^#']*\s)?(?<name>[A-Za-z_]+)=[""']?)(?<device>/dev/[^\s""']+)")]
    private static partial Regex Assignment();

    [GeneratedRegex(@"^\s*(?<command>mkrootdev|resume)\s(.*\s)?(?<device>/dev/\S+)")]
    private static partial Regex NashDevice();

    [GeneratedRegex(@"^target=.*[,]source=(?<device>/dev/[^\s,]+)")]
    private static partial Regex CryptrootSource();
}
