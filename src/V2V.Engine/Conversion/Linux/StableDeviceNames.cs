using System.Text.RegularExpressions;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Makes the guest's configuration name its disks by UUID where it names them by controller or serial number: /etc/fstab, /etc/crypttab,
/// the resume device, and systemd's mount and swap units. Comments and layout stay as they are.
/// </summary>
public sealed partial class StableDeviceNames : LinuxStep
{
    private const string Why = "The disk's name changes with its controller; the UUID stays.";

    public override string Name => "Naming disks by UUID";

    public override void Apply(ConversionContext context)
    {
        var names = new StableNames(context);
        Edit(context, "/etc/fstab", line => Fstab(line, names));
        Edit(context, "/etc/crypttab", line => Crypttab(line, names));
        foreach (var file in context.Files.Root.Enumerate("/etc/initramfs-tools/conf.d"))
        {
            var path = $"/etc/initramfs-tools/conf.d/{file.Name}";
            Edit(context, path, line => Resume(line, path, names));
        }

        foreach (var unit in context.Files.Root.Enumerate("/etc/systemd/system").Where(u => u.Name.EndsWith(".mount", StringComparison.Ordinal)))
        {
            var path = $"/etc/systemd/system/{unit.Name}";
            Edit(context, path, line => UnitWhat(line, path, names));
        }

        SystemdSwapUnits.Correct(context, names, Why);
    }

    private static string Fstab(string line, StableNames names)
    {
        if (FstabEntry.TryParseLine(line) is not { IsRemovable: false } entry
            || names.Replace(entry.Device, "/etc/fstab", entry.Kind) is not { } stable)
        {
            return line;
        }

        return FieldSpan.Split(line)[0].Replace(line, stable);
    }

    /// <summary>crypttab(5): name, device, key file, options.</summary>
    private static string Crypttab(string line, StableNames names)
    {
        var fields = FieldSpan.Split(line);
        if (fields.Count < 2)
        {
            return line;
        }

        // Swap under a new random key at each boot is made anew each time: a UUID found there today is gone tomorrow.
        var hasRandomKey = fields.Count > 2 && fields[2].Of(line) is "/dev/urandom" or "/dev/random" or "/dev/hwrng";
        return names.Replace(fields[1].Of(line), "/etc/crypttab", hasRandomKey ? null : "crypto_LUKS", contentLasts: !hasRandomKey) is { } stable
            ? fields[1].Replace(line, stable)
            : line;
    }

    private static string Resume(string line, string file, StableNames names) =>
        ResumeAssignment().Match(line) is { Success: true } match && names.Replace(match.Groups["device"].Value, file, "swap") is { } stable
            ? new FieldSpan(match.Groups["device"].Index, match.Groups["device"].Length).Replace(line, stable)
            : line;

    /// <summary>Only newer systemds take UUID= in a unit; the link is known to all.</summary>
    private static string UnitWhat(string line, string file, StableNames names) =>
        WhatAssignment().Match(line) is { Success: true } match && names.Replace(match.Groups["device"].Value, file) is { } stable
            ? new FieldSpan(match.Groups["device"].Index, match.Groups["device"].Length).Replace(line, StableNames.LinkOf(stable))
            : line;

    private static void Edit(ConversionContext context, string path, Func<string, string> edit)
    {
        if (context.Files.TryReadAllText(path) is not { } text)
        {
            return;
        }

        var changed = new List<string>();
        var edited = TextLines.Edit(text, line =>
        {
            var result = edit(line);
            if (result != line)
            {
                changed.Add($"\"{line.Trim()}\" becomes \"{result.Trim()}\"");
            }

            return result;
        });
        if (changed.Count > 0)
        {
            context.Files.WriteAllText(path, edited, string.Join("; ", changed), Why);
        }
    }

    [GeneratedRegex(@"^\s*RESUME=[""']?(?<device>/dev/[^\s""']+)")]
    private static partial Regex ResumeAssignment();

    [GeneratedRegex(@"^\s*What\s*=\s*(?<device>/dev/\S+)")]
    private static partial Regex WhatAssignment();
}
