using V2V.Engine.Conversion.Linux.Lvm;
using V2V.Engine.Inspection;
using V2V.Engine.Volumes.Lvm;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Lets LVM find its physical volumes under the names and identities that they have on KVM. Names of volume groups and logical volumes come from
/// the disks and stay.
/// </summary>
public sealed class LvmDevices : LinuxStep
{
    private const string DevicesDirectory = "/etc/lvm/devices";
    private const string DefaultDevicesFile = "system.devices";

    private static readonly string[] Configurations = ["/etc/lvm/lvm.conf", "/etc/lvm/lvmlocal.conf"];

    public override string Name => "Letting LVM find its disks";

    public override bool AppliesTo(InspectedGuest guest) => base.AppliesTo(guest) && guest.Root.DirectoryExists("/etc/lvm");

    public override void Apply(ConversionContext context)
    {
        var usedDevicesFile = DeleteDevicesFiles(context);
        foreach (var path in Configurations)
        {
            if (context.Files.TryReadAllText(path) is { } text)
            {
                var (edited, changes) = CorrectFilters(context, path, text, usedDevicesFile);
                if (changes.Count > 0)
                {
                    context.Files.WriteAllText(path, edited, string.Join("; ", changes), "LVM finds its disks under their new names only if the filter lets them through.");
                }
            }
        }
    }

    /// <summary>
    /// Deletes the lists of devices that LVM may use (lvmdevices(8)); true when they were in force. They name disks by WWID, serial number or
    /// device name, none of which lasts, and what a list does not name LVM does not see. Entries for the new disks cannot be written here: their
    /// identities are chosen by whoever starts the guest (serial=, wwn=, the controller). Without the file LVM uses every disk of the guest,
    /// whatever use_devicesfile says (lvm2, lib/device/dev-cache.c, setup_devices).
    /// </summary>
    private static bool DeleteDevicesFiles(ConversionContext context)
    {
        var settings = Configurations.SelectMany(path => context.Files.TryReadAllText(path) is { } text
            ? LvmSetting.Read(text).Select(s => (s.Name, Value: s.Items.Count > 0 ? s.Items[0].Text(text) : ""))
            : []).ToLookup(s => s.Name, s => s.Value);
        var name = settings["devices/devicesfile"].LastOrDefault() ?? DefaultDevicesFile;
        var isUsed = settings["devices/use_devicesfile"].LastOrDefault() != "0" && context.Files.Root.FileExists($"{DevicesDirectory}/{name}");

        // The second is read by the commands that dmeventd starts.
        foreach (var file in new[] { name, "dmeventd.devices" }.Where(f => LvmName.IsValid(f)))
        {
            context.Files.Delete($"{DevicesDirectory}/{file}", "LVM would use only disks with the old names and serial numbers; without the list it uses all.");
        }

        return isUsed;
    }

    /// <param name="context">The conversion.</param>
    /// <param name="path">The file.</param>
    /// <param name="text">Its content.</param>
    /// <param name="isNew">True when the filters were not in force before, since LVM ignores them beside a list of devices.</param>
    /// <returns>The text as it should be, and what was changed in it.</returns>
    internal static (string Text, IReadOnlyList<string> Changes) CorrectFilters(ConversionContext context, string path, string text, bool isNew)
    {
        var names = new LvmDiskNames(context);
        var changes = new List<string>();
        return (LvmConfiguration.Correct(text, filter => Missing(context, filter, names, path, isNew), changes), changes);
    }

    /// <summary>The pattern that a filter lacks for the new names of the physical volumes that the guest used; null when it lacks none.</summary>
    /// <param name="context">The conversion.</param>
    /// <param name="filter">The filter.</param>
    /// <param name="names">Knows the physical volumes' names.</param>
    /// <param name="path">The file that has it, for the report.</param>
    /// <param name="isNew">True when the filter was not in force before, since LVM ignores it beside a list of devices.</param>
    private static string? Missing(ConversionContext context, LvmFilter filter, LvmDiskNames names, string path, bool isNew)
    {
        var wanted = new List<GuestVolume>();
        var unwanted = new List<GuestVolume>();
        var isGuess = false;
        foreach (var physical in context.Guest.Volumes.Where(v => v.ContentKind == "LVM2_member"))
        {
            var before = isNew ? LvmFilterVerdict.Accepts : filter.Judge(names.Old(physical));
            var isUsed = before != LvmFilterVerdict.Rejects || filter.AcceptsHardwareNames;
            (isUsed ? wanted : unwanted).Add(physical);
            isGuess |= before == LvmFilterVerdict.Unknown || (before == LvmFilterVerdict.Rejects && isUsed);
        }

        if (wanted.All(physical => names.New(physical).All(n => filter.Judge(n) == LvmFilterVerdict.Accepts)))
        {
            return null;
        }

        if (isGuess)
        {
            context.Add(new Concern(
                ConcernSeverity.Warning, "LvmFilterNotUnderstood",
                $"{path} has a filter that accepts disks by serial numbers, places or patterns that V2V cannot check, so the guest's LVM will use every "
                + "physical volume on its disks: " + string.Join("; ", wanted.Select(p => p.Volume.DisplayName)) + ".",
                "Look at the setting after the conversion."));
        }

        return names.Pattern(unwanted.Count == 0 ? null : wanted);
    }
}
