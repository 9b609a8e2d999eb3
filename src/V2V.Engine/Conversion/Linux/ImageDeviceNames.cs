using V2V.Engine.Conversion.Initramfs;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux;

/// <summary>Applies the guest's <see cref="StableNames"/> to what stands in one of its initramfs images.</summary>
/// <param name="context">The conversion.</param>
/// <param name="kernel">The kernel that boots with the image.</param>
/// <param name="image">Guest path of the image, for reports.</param>
/// <param name="keepsScsiNames">Disks on the new bus are called /dev/sdX, in the same order.</param>
internal sealed class ImageDeviceNames(ConversionContext context, InstalledKernel kernel, string image, bool keepsScsiNames) : IImageDeviceNames
{
    private readonly StableNames _names = new(context);

    public bool IsLasting(string device) =>
        _names.Resolve(device).Kind != DeviceNameKind.Unstable || (keepsScsiNames && device.StartsWith("/dev/sd", StringComparison.Ordinal));

    public string? Replace(string device, string file, string? expectedKind) => _names.Replace(device, $"{file} in {image}", expectedKind);

    public bool IsOnCommandLine(string argument)
    {
        var path = context.Guest.Root.RealPath(kernel.ImagePath);
        var entries = context.Guest.BootLoader.Menu.Entries.Where(e => e.KernelPath == path).ToArray();
        return entries.Length > 0 && Array.TrueForAll(entries, e => e.Arguments.Any(a => a.StartsWith($"{argument}=", StringComparison.Ordinal)));
    }

    public string CorrectLvm(string text, string file) => LvmDevices.CorrectFilters(context, $"{file} in {image}", text, isNew: false).Text;
}
