using V2V.Engine.Inspection.Windows;

namespace V2V.Engine.Conversion.Windows.FirstBoot;

/// <summary>
/// Keeps Windows from leaving data disks offline: by its policy for storage networks, most servers do not bring disks online that they see for the
/// first time on a bus that could be shared, and behind virtio every disk is new. The policy is set to "online all" for the first start, so that
/// services find their drives at once, and put back then; a script looks after drives that are missing all the same. In a guest that had a
/// disk offline, which somebody may have wanted so, nothing is done: the new disk cannot be told from the others.
/// </summary>
public sealed class BringDataDisksOnline : WindowsStep
{
    /// <summary>VDS_SP_ONLINE (learn.microsoft.com, "VDS_SAN_POLICY enumeration").</summary>
    private const uint OnlineAll = 1;

    private const uint Offline = 1;

    private const int MaxDevices = 10_000;

    /// <summary>Enumerators below Enum that disks of virtual machines have.</summary>
    private static readonly string[] DiskBuses = ["SCSI", "IDE"];

    private const string Why = "Windows brings the data disks online, which are new to it, when it starts on KVM.";

    public override string Name => "Keeping data disks online";

    /// <summary>Vista and 2008 brought the policy.</summary>
    protected override void Apply(ConversionContext context, WindowsSystem windows)
    {
        var disks = context.Source.Disks.Count;
        if (disks < 2 || context.Guest.OperatingSystem.MajorVersion < 6)
        {
            return;
        }

        if (HasOfflineDisk(context))
        {
            context.Add(new Concern(
                ConcernSeverity.Warning, "DiskWasOffline", "Windows had a disk offline, so its rule for new disks is left as it is: data disks may be offline after the first start.",
                "Bring them online in the guest's disk management (diskmgmt.msc)."));
            return;
        }

        var key = context.Registry.ControlSets[0] + @"\Services\partmgr\Parameters";
        var policy = context.Registry.Find(key)?.GetUInt32("SanPolicy");
        if (policy != OnlineAll)
        {
            foreach (var set in context.Registry.ControlSets)
            {
                context.Registry.SetUInt32(set + @"\Services\partmgr\Parameters", "SanPolicy", OnlineAll, Why);
            }

            context.FirstBoot.Add(SanPolicyScript.Create(policy));
        }

        var system = windows.Drives.FirstOrDefault(d => d.Volume.MountPoint == "/")?.Volume.Volume.DiskIndex ?? context.Guest.BootDiskIndex;
        var letters = windows.Drives.Where(d => d.Volume.Volume.DiskIndex != system).Select(d => d.Letter).Distinct().Order().ToArray();
        if (letters.Length > 0)
        {
            context.FirstBoot.Add(OnlineDisksScript.Create(letters, disks));
        }
    }

    /// <summary>The partition manager keeps a disk's state with its device (Enum\...\Device Parameters\Partmgr, Attributes bit 0), also of ones that are gone.</summary>
    private static bool HasOfflineDisk(ConversionContext context) =>
        DiskBuses.SelectMany(bus => context.Registry.Find($@"{context.Registry.ControlSets[0]}\Enum\{bus}")?.Keys ?? [])
            .Where(device => device.Name.StartsWith("Disk", StringComparison.OrdinalIgnoreCase))
            .SelectMany(device => device.Keys).Take(MaxDevices)
            .Any(instance => instance.Find(@"Device Parameters\Partmgr")?.GetUInt32("Attributes") is { } attributes && (attributes & Offline) != 0);
}
