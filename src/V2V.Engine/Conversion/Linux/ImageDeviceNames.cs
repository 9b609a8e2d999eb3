using V2V.Engine.Conversion.Initramfs;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux;

/// <summary>Applies the guest's <see cref="StableNames"/> to what stands in one of its initramfs images.</summary>
/// <param name="names">Finds lasting names.</param>
/// <param name="image">Guest path of the image, for reports.</param>
/// <param name="keepsScsiNames">Disks on the new bus are called /dev/sdX, in the same order.</param>
internal sealed class ImageDeviceNames(StableNames names, string image, bool keepsScsiNames) : IImageDeviceNames
{
    public bool IsLasting(string device) =>
        names.Resolve(device).Kind != DeviceNameKind.Unstable || (keepsScsiNames && device.StartsWith("/dev/sd", StringComparison.Ordinal));

    public string? Replace(string device, string file, string? expectedKind) => names.Replace(device, $"{file} in {image}", expectedKind);
}
