using System.Text.RegularExpressions;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Lets the module aliases of old distributions (eth0, scsi_hostadapter) name the new hardware's drivers. None are added where there were none:
/// whatever boots without them finds its drivers by udev.
/// </summary>
public sealed partial class ModprobeAliases : LinuxStep
{
    private const string Why = "The alias names the driver of hardware that the guest no longer has.";

    private static readonly string[] Files = ["/etc/modprobe.conf", "/etc/modprobe.conf.local", "/etc/modules.conf", "/etc/conf.modules"];

    public override string Name => "Correcting module aliases";

    public override void Apply(ConversionContext context)
    {
        var hasAdapter = false;
        foreach (var path in Files.Concat(context.Files.Root.Enumerate("/etc/modprobe.d").Select(f => $"/etc/modprobe.d/{f.Name}")))
        {
            if (context.Files.TryReadAllText(path) is { } text)
            {
                context.Files.WriteAllText(path, TextLines.Edit(text, line => Correct(line, context.Hardware, ref hasAdapter)), "aliases name the new drivers", Why);
            }
        }
    }

    private static string Correct(string line, TargetHardware hardware, ref bool hasAdapter)
    {
        if (Alias().Match(line) is not { Success: true } match)
        {
            // Other aliases of foreign drivers (block-major-202, char devices) would load what refuses to be loaded.
            return AnyAlias().Match(line) is { Success: true } other && DropForeignModules.IsForeign(other.Groups["module"].Value) ? "# " + line : line;
        }

        var module = match.Groups["module"];
        if (match.Groups["name"].Value.StartsWith("eth", StringComparison.Ordinal))
        {
            return new FieldSpan(module.Index, module.Length).Replace(line, NetworkDriver(hardware.NetworkModel));
        }

        if (hasAdapter)
        {
            return "# " + line; // The new disks all hang on one controller.
        }

        hasAdapter = true;
        return new FieldSpan(module.Index, module.Length).Replace(line, DiskDriver(hardware.DiskBus));
    }

    private static string NetworkDriver(NetworkModel model) => model switch
    {
        NetworkModel.Virtio => "virtio_net",
        NetworkModel.E1000 => "e1000",
        _ => "8139cp",
    };

    private static string DiskDriver(DiskBus bus) => bus switch
    {
        DiskBus.Virtio => "virtio_blk",
        DiskBus.VirtioScsi => "virtio_scsi",
        DiskBus.Sata => "ahci",
        _ => "ata_piix",
    };

    [GeneratedRegex(@"^\s*alias\s+\S+\s+(?<module>\S+)")]
    private static partial Regex AnyAlias();

    [GeneratedRegex(@"^\s*alias\s+(?<name>eth[0-9]+|scsi_hostadapter[0-9]*)\s+(?<module>\S+)")]
    private static partial Regex Alias();
}
