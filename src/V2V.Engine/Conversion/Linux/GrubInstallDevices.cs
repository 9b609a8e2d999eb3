using System.Text.RegularExpressions;
using V2V.Engine.Inspection;
using V2V.Engine.Inspection.Boot;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Tells GRUB's tools where the boot disk went: device.map, the boot= that Red Hat's tools look for, SUSE's grub_installdevice, and the answer that
/// debconf keeps for grub-pc. With the old disk's name there, the next upgrade of grub-pc stops with "GRUB failed to install to the following devices".
/// </summary>
public sealed partial class GrubInstallDevices : LinuxStep
{
    private const string DebconfDatabase = "/var/cache/debconf/config.dat";

    private const string SuseDevices = "/etc/default/grub_installdevice";

    private const string Why = "GRUB's tools look for the boot disk under its old name.";

    public override string Name => "Correcting where GRUB is installed";

    public override void Apply(ConversionContext context)
    {
        var names = new StableNames(context);
        foreach (var path in (ReadOnlySpan<string>)["/boot/grub/device.map", "/boot/grub2/device.map"])
        {
            if (context.Files.TryReadAllText(path) is { } map)
            {
                context.Files.WriteAllText(path, TextLines.Edit(map, line => ReplaceDisks(line, names, context)), "disks have their new names", Why);
            }
        }

        foreach (var path in GrubLegacy.Configurations(context.Files.Root).Append("/etc/sysconfig/grub").Where(context.Files.Root.FileExists).DistinctBy(context.Files.Root.RealPath))
        {
            var text = context.Files.Root.ReadAllText(path);
            context.Files.WriteAllText(
                path, TextLines.Edit(text, line => BootSetting().IsMatch(line) ? ReplaceDisks(line, names, context) : line), "the boot disk has its new name", Why);
        }

        if (context.Files.TryReadAllText(SuseDevices) is { } devices)
        {
            context.Files.WriteAllText(SuseDevices, TextLines.Edit(devices, line => SuseDevice(line, names, context)), "GRUB is installed where it was", Why);
        }

        if (context.Files.TryReadAllText(DebconfDatabase) is { } database)
        {
            context.Files.WriteAllText(DebconfDatabase, Debconf(database, names, context), "grub-pc/install_devices has the new names", Why);
        }
    }

    /// <summary>Stanzas of "Field: value" lines that begin with the question's name.</summary>
    private static string Debconf(string database, StableNames names, ConversionContext context)
    {
        var isOurs = false;
        return TextLines.Edit(database, line =>
        {
            if (line.StartsWith("Name: ", StringComparison.Ordinal))
            {
                isOurs = line is "Name: grub-pc/install_devices" or "Name: grub-pc/install_devices_disks_changed";
            }

            return isOurs && line.StartsWith("Value: ", StringComparison.Ordinal) ? ReplaceDisks(line, names, context) : line;
        });
    }

    /// <summary>A line each for the disk or partition that GRUB's first sector is in; these must be paths.</summary>
    private static string SuseDevice(string line, StableNames names, ConversionContext context) =>
        line.StartsWith("/dev/", StringComparison.Ordinal) && names.Resolve(line.Trim()) is { Kind: DeviceNameKind.Unstable, Volume.Uuid: { } uuid } && Partition().IsMatch(line.Trim())
            ? "/dev/disk/by-uuid/" + uuid
            : ReplaceDisks(line, names, context);

    private static string ReplaceDisks(string line, StableNames names, ConversionContext context) => Device().Replace(line, match =>
        names.Resolve(match.Value) is { Kind: DeviceNameKind.Unstable, DiskIndex: { } disk } && !Partition().IsMatch(match.Value)
            ? DiskNames.Of(disk, context.Hardware.DiskBus)
            : match.Value);

    /// <summary>In grub.conf the installer left it as a comment, which grubby reads.</summary>
    [GeneratedRegex(@"^#?boot=/dev/")]
    private static partial Regex BootSetting();

    [GeneratedRegex(@"/dev/[^\s,]+")]
    private static partial Regex Device();

    [GeneratedRegex(@"-part[0-9]+\z|^/dev/(sd|hd|vd|xvd)[a-z]+[0-9]+\z|p[0-9]+\z")]
    private static partial Regex Partition();
}
