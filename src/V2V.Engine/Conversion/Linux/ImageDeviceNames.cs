using V2V.Engine.Conversion.Initramfs;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux;

/// <summary>Applies the guest's <see cref="StableNames"/> to what stands in one of its initramfs images.</summary>
/// <param name="context">The conversion.</param>
/// <param name="image">Guest path of the image, for reports.</param>
/// <param name="keepsScsiNames">Disks on the new bus are called /dev/sdX, in the same order.</param>
internal sealed class ImageDeviceNames(ConversionContext context, string image, bool keepsScsiNames) : IImageDeviceNames
{
    private readonly StableNames _names = new(context);

    public bool IsLasting(string device) =>
        _names.Resolve(device).Kind != DeviceNameKind.Unstable || (keepsScsiNames && device.StartsWith("/dev/sd", StringComparison.Ordinal));

    public string? Replace(string device, string file, string? expectedKind) => _names.Replace(device, $"{file} in {image}", expectedKind);

    public string CorrectLvm(string text, string file) => LvmDevices.CorrectFilters(context, $"{file} in {image}", text, isNew: false).Text;
}
