using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks;

/// <summary>The two things that are wrong with images, with their context.</summary>
internal static class ImageFault
{
    /// <param name="file">Where.</param>
    /// <param name="format">"VMDK", "qcow2".</param>
    /// <param name="offset">The byte at which the offending data stands.</param>
    /// <param name="what">A sentence that begins after "… is damaged: ".</param>
    /// <param name="inner">What revealed it.</param>
    public static DiskImageException Corrupt(DiskFile file, string format, long? offset, string what, Exception? inner = null) => new(
        V2VError.DiskImageCorrupt, $"The {format} image '{file.Path}' is damaged{(offset is { } at ? $" at byte {at}" : "")}: {what}", inner)
    {
        Path = file.Path,
        Format = format,
        Offset = offset,
        IsConfined = true,
        Advice = "Copy it again from its origin and compare the sizes; 'qemu-img check' or the hypervisor's own tool may repair it.",
    };

    public static DiskImageException Unsupported(DiskFile file, string format, string what, string advice) => new(
        V2VError.DiskImageUnsupported, $"The {format} image '{file.Path}' {what}")
    {
        Path = file.Path,
        Format = format,
        Advice = advice,
    };
}
