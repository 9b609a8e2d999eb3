using System.Globalization;
using System.Text.RegularExpressions;

namespace V2V.Engine.Sources.Vmx;

internal enum VmxBus
{
    // In the order in which a virtual BIOS lists the disks behind them.
    Scsi,
    Nvme,
    Sata,
    Ide,
}

/// <summary>A place on a disk controller, such as scsi0:1. The settings of the device there start with its <see cref="Name"/>.</summary>
internal readonly partial record struct VmxDevice(VmxBus Bus, int Controller, int Target)
{
    public string Name => string.Create(CultureInfo.InvariantCulture, $"{ControllerName}:{Target}");

    public string ControllerName => string.Create(CultureInfo.InvariantCulture, $"{Bus.ToString().ToLowerInvariant()}{Controller}");

    /// <summary>Every place that a key of the file speaks of and that is not switched off, in bus, controller and target order.</summary>
    public static IEnumerable<VmxDevice> All(VmxFile file) =>
        from device in file.Keys.Select(Parse).OfType<VmxDevice>().Distinct()
        where file.IsPresent(device.Name) && file.IsPresent(device.ControllerName)
        orderby device.Bus, device.Controller, device.Target
        select device;

    private static VmxDevice? Parse(string key)
    {
        var match = DeviceKey().Match(key);
        return match.Success
            ? new VmxDevice(
                Enum.Parse<VmxBus>(match.Groups["bus"].ValueSpan, ignoreCase: true),
                int.Parse(match.Groups["controller"].ValueSpan, CultureInfo.InvariantCulture),
                int.Parse(match.Groups["target"].ValueSpan, CultureInfo.InvariantCulture))
            : null;
    }

    [GeneratedRegex(@"^(?<bus>scsi|nvme|sata|ide)(?<controller>[0-9]{1,3}):(?<target>[0-9]{1,3})\.", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex DeviceKey();
}
