using V2V.Engine.Conversion.Software;
using V2V.Engine.Conversion.Windows.Drivers;
using V2V.Engine.Inspection;
using V2V.Engine.Inspection.Windows;

namespace V2V.Engine.Conversion.Windows;

/// <summary>
/// Finds the virtio drivers for the guest: in the source that the user names or this machine has, and among those that the guest has already.
/// Without one for the system disk the guest would stop with 0x7B, so it is refused, with everything by name that was looked for, unless the user
/// allows slower hardware.
/// </summary>
public sealed class ChooseDrivers : WindowsStep
{
    public override string Name => "Choosing virtio drivers";

    protected override void Apply(ConversionContext context, WindowsSystem windows)
    {
        var installed = InstalledVirtio.Find(context.Guest, windows);
        var configured = context.Options.DriverSource is null ? context.Options.Software?.FindDrivers(context.Guest) : null;
        if (Open(context, configured) is not { } source)
        {
            context.Drivers = new VirtioDrivers(null, null, installed);
            DoWithout(context, Missing(configured) ?? NoSource(context.Guest.OperatingSystem));
            return;
        }

        context.Drivers = new VirtioDrivers(source, null, installed);
        var selection = DriverSelector.Select(source, context.Guest.OperatingSystem, windows, context.Options.BlockDriver);
        context.Drivers = new VirtioDrivers(source, selection, installed);
        if (selection.Storage is null)
        {
            DoWithout(context, selection.NoStorageDriver());
        }
        else if (!context.Drivers.Has("netkvm") && !context.Drivers.Has("virtio_net") && selection.Missing.Count > 0)
        {
            context.Add(new Concern(
                ConcernSeverity.Warning, "NetworkDriverMissing",
                $"There is no network driver for {selection.Guest} in {selection.Source}; missing are {string.Join(", ", selection.Missing)}.",
                "Install netkvm in the guest, then change the domain's adapters to virtio."));
        }

        foreach (var concern in selection.Concerns)
        {
            context.Add(concern);
        }

        if (selection.Packages.Count > 0)
        {
            var version = selection.Version is { } v ? $" (virtio-win {v})" : "";
            context.Add(new Concern(
                ConcernSeverity.Information, "DriversChosen",
                $"{selection.Guest} gets drivers of {selection.Source}{version}: {string.Join(", ", selection.Packages.Select(p => $"{p} from {p.Directory}"))}."));
        }

        if (selection.Storage is { } storage)
        {
            WarnOfSignature(context, windows, storage);
        }
    }

    /// <summary>What the user names, else the directory that a configuration names for this Windows, else what this machine has; null when there is nothing.</summary>
    private static DriverSource? Open(ConversionContext context, SoftwarePackage? configured)
    {
        if (configured is not null && Path.Exists(configured.FullPath))
        {
            return DriverSource.OpenForGuest(configured.FullPath);
        }

        if ((context.Options.DriverSource ?? DriverSource.FindInstalled()) is not { } path)
        {
            return null;
        }

        if (configured is not null)
        {
            context.Add(new Concern(
                ConcernSeverity.Information, "ConfiguredDriversMissing",
                $"The configuration names {configured.FullPath} for the drivers of {context.Guest.OperatingSystem}, which is not there; they are taken from {path}."));
        }

        return DriverSource.Open(path);
    }

    /// <summary>The refusal, in virt-v2v's words, when a configuration names a directory that is not there.</summary>
    private static ConversionException? Missing(SoftwarePackage? configured)
    {
        if (configured is null || new ResolvedSoftware([configured], [configured]).FindRefusal() is not { } refusal)
        {
            return null;
        }

        return new ConversionException(refusal.Error, refusal.Message)
        {
            Path = refusal.Path,
            Advice = $"Put the drivers into {configured.FullPath}, or give a virtio-win ISO image or tree with -DriverSource. "
                + "-AllowNoDrivers converts the guest to SATA or IDE disks and an emulated network adapter instead, which are slower.",
        };
    }

    private static ConversionException NoSource(OperatingSystemInfo guest) =>
        new(V2VError.DriversMissing,
            $"{guest} cannot start on KVM without virtio drivers, and there are none on this machine: neither the image virtio-win.iso nor drivers below /usr/share/virtio-win.")
        {
            Advice = "Install the package virtio-win, or download virtio-win.iso, and give the image or its unpacked folder with -DriverSource. "
                + "-AllowNoDrivers converts the guest to SATA or IDE disks and an emulated network adapter instead, which are slower.",
        };

    /// <summary>Goes on with the drivers that the guest has, or without any if that is allowed; ends the conversion if not.</summary>
    private static void DoWithout(ConversionContext context, ConversionException refusal)
    {
        if (context.Drivers.InstalledStorage(context.Options.BlockDriver.ToString()) is { } installed)
        {
            context.Add(new Concern(
                ConcernSeverity.Information, "DriversInstalled",
                $"{refusal.Message} The guest has {installed} already, and starts from that; its other devices get the virtio drivers that it has."));
            return;
        }

        if (!context.Options.AllowNoDrivers)
        {
            throw refusal;
        }

        context.Add(new Concern(
            ConcernSeverity.Warning, "DriversMissing", $"{refusal.Message} The guest gets disks and adapters that Windows has drivers for, which are slower.",
            "Install virtio drivers in the guest, then change the domain's disks and adapters to virtio."));
    }

    /// <summary>Windows 7 and 2008 R2 verify signatures of SHA-2, which newer drivers have only, since an update of 2019; Vista and 2008 likewise.</summary>
    private static void WarnOfSignature(ConversionContext context, WindowsSystem windows, DriverPackage storage)
    {
        if (context.Guest.OperatingSystem is { MajorVersion: 6, MinorVersion: 0 or 1 } system && storage.Inf.Date > Sha2Signatures.LastSha1Driver
            && !Sha2Signatures.AreUnderstood(windows, system.MinorVersion))
        {
            context.Add(new Concern(
                ConcernSeverity.Warning, "DriverSignatureSha2",
                $"{storage} of {storage.Inf.Date:yyyy-MM-dd} is signed with SHA-2 only, and {system.ProductName} has no update that understands such signatures: "
                + "it may stop with 0x7B or 0xC0000428 at its first start.",
                $"Install {Sha2Signatures.Updates(system.MinorVersion)} in the guest first, or give a virtio-win of 2019 (0.1.171) with -DriverSource."));
        }
    }
}
