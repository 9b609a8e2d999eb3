using System.Text.RegularExpressions;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Reports rules of udev that the administrator wrote for disks by name or serial number, as for raw devices and Oracle's ASM. What they are
/// meant to match on new hardware only he knows.
/// </summary>
public sealed partial class UdevDiskRules : LinuxStep
{
    private const string Directory = "/etc/udev/rules.d";

    public override string Name => "Looking for udev rules of disks";

    public override void Apply(ConversionContext context)
    {
        foreach (var file in context.Files.Root.Enumerate(Directory).Where(f => f.Name.EndsWith(".rules", StringComparison.Ordinal)))
        {
            var path = $"{Directory}/{file.Name}";
            if (TextLines.Split(context.Files.TryReadAllText(path) ?? "").FirstOrDefault(IsOfDisk) is { } rule)
            {
                context.Add(new Concern(
                    ConcernSeverity.Warning, "UdevRuleNamesDisk",
                    $"{path} has rules for disks that the guest will no longer have: {rule.Trim()}",
                    "Let the rules match by what is stored on the disks (ID_FS_UUID, ID_PART_ENTRY_UUID), or give the disks serial numbers in the domain."));
            }
        }
    }

    private static bool IsOfDisk(string line) => !line.TrimStart().StartsWith('#') && Disk().IsMatch(line) && !OtherDevice().IsMatch(line);

    [GeneratedRegex(@"KERNEL==""(sd|hd|xvd|nvme)|ENV\{(ID_SERIAL|ID_SERIAL_SHORT|ID_SCSI_SERIAL|ID_WWN|ID_WWN_WITH_EXTENSION|ID_PATH)\}==|\bscsi_id\b")]
    private static partial Regex Disk();

    [GeneratedRegex(@"SUBSYSTEM==""(net|input|sound|tty|usb)""|ID_CDROM|/block/sr|KERNEL==""sr")]
    private static partial Regex OtherDevice();
}
