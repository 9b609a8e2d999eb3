using V2V.Engine.Disks.Parallels;
using V2V.Engine.Disks.Qcow1;
using V2V.Engine.Disks.Qcow2;
using V2V.Engine.Disks.Qed;
using V2V.Engine.Disks.Raw;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Disks.Vdi;
using V2V.Engine.Disks.Vhd;
using V2V.Engine.Disks.Vhdx;
using V2V.Engine.Disks.Vmdk;

namespace V2V.Engine.Disks;

/// <summary>How to open a disk image.</summary>
public sealed record DiskOpenOptions
{
    /// <summary>"raw", "vmdk", "qcow2", "qcow", "qed", "vhd", "vhdx", "vdi" or "parallels": open it as this and nothing else. Null looks at the content.</summary>
    public string? Format { get; init; }

    /// <summary>
    /// Folders, besides the image's own, in which extents, parents and backing files may lie. An image is foreign data: without leave it
    /// is not followed out of its folder.
    /// </summary>
    public IReadOnlyList<string> AllowOutsideFolder { get; init; } = [];

    /// <summary>
    /// The disk that the image builds upon, where something else than the image says so (OVF's parentRef); disposed with the image. Only a VMDK
    /// that names no parent of its own takes one.
    /// </summary>
    public BlockDevice? Parent { get; init; }
}

/// <param name="Format">"raw", "vmdk", "qcow2", "qcow", "qed", "vhd", "vhdx", "vdi", "parallels".</param>
/// <param name="Capacity">Size that the guest sees, in bytes.</param>
/// <param name="Allocated">Bytes that the image takes on the host, files that it refers to included; null when that cannot be told.</param>
/// <param name="Detail">The kind of image within its format: a VMDK's createType, a qcow2's version and cluster size, dynamic or differencing.</param>
public sealed record DiskImageInfo(string Format, long Capacity, long? Allocated, string Detail)
{
    /// <summary>What should be known before the disk is converted: it was not closed cleanly, its snapshots will be lost.</summary>
    public IReadOnlyList<Concern> Concerns { get; init; } = [];
}

/// <summary>Opens virtual disk images read-only, by what is in them.</summary>
public static class DiskImages
{
    /// <summary>The formats, in the order in which they are asked whether an image is theirs; raw is what nobody claims.</summary>
    internal static readonly DiskFormat[] Formats =
    [
        new("vmdk", [".vmdk"], VmdkProbe.Recognises, VmdkDisk.Open),
        new("qcow", [".qcow"], Qcow1Probe.Recognises, Qcow1Disk.Open),
        new("qcow2", [".qcow2", ".qcow"], Qcow2Probe.Recognises, Qcow2Disk.Open),
        new("qed", [".qed"], QedProbe.Recognises, QedDisk.Open),
        new("vhd", [".vhd", ".avhd"], VhdProbe.Recognises, VhdDisk.Open),
        new("vhdx", [".vhdx", ".avhdx"], VhdxProbe.Recognises, VhdxDisk.Open),
        new("vdi", [".vdi"], VdiProbe.Recognises, VdiDisk.Open),
        new("parallels", [".hdd", ".hds"], ParallelsProbe.Recognises, ParallelsDisk.Open),
        new("raw", [".raw", ".img", ".dd"], RawProbe.Recognises, RawDisk.Open),
    ];

    /// <summary>Says what an image is; that may be the folder of a Parallels disk. Checks everything that <see cref="Open(string, DiskOpenOptions?)"/> does.</summary>
    /// <exception cref="DiskImageException">It is missing, damaged, not supported, or leads out of its folder.</exception>
    public static DiskImageInfo Inspect(string path, DiskOpenOptions? options = null) => Inspect(HostFile.Open(ParallelsBundle.DescriptorOf(path)), options);

    /// <summary>Says what the image in <paramref name="file"/> is, and closes it.</summary>
    public static DiskImageInfo Inspect(DiskFile file, DiskOpenOptions? options = null)
    {
        using IDiskImage image = OpenImage(file, options);
        return image.Describe();
    }

    /// <summary>Opens an image, which may be the folder of a Parallels disk, with all its extents and parents. Nothing is ever written to them. The caller disposes it.</summary>
    /// <exception cref="DiskImageException">It is missing, damaged, not supported, or leads out of its folder.</exception>
    public static BlockDevice Open(string path, DiskOpenOptions? options = null) => Open(HostFile.Open(ParallelsBundle.DescriptorOf(path)), options);

    /// <summary>Opens the image in <paramref name="file"/>, which is disposed with the device, or at once when this fails.</summary>
    public static BlockDevice Open(DiskFile file, DiskOpenOptions? options = null) => OpenImage(file, options).Device;

    private static IDiskImage OpenImage(DiskFile file, DiskOpenOptions? options)
    {
        ArgumentNullException.ThrowIfNull(file);
        var chain = new ImageChain(file, options ?? new DiskOpenOptions());
        try
        {
            DiskFormat format = options?.Format is { } forced ? DiskFormat.ByName(file, forced) : DiskFormat.Probe(file);
            IDiskImage image = format.Open(file, chain);
            image.Device.Version = chain.Version;
            chain.CloseUnusedParent();
            return image;
        }
        catch
        {
            chain.CloseAll();
            throw;
        }
    }
}
