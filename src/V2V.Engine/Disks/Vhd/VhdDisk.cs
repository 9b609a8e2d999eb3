using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vhd;

/// <summary>Opens disks of Virtual PC, Hyper-V, Azure and XenServer (.vhd): fixed, dynamic, and chains of differencing disks.</summary>
internal static class VhdDisk
{
    public const string Format = "VHD";

    public const string ConvertAdvice = "Convert it with Hyper-V's Convert-VHD or with 'qemu-img convert -O qcow2' first.";

    public static IDiskImage Open(DiskFile file, ImageChain chain)
    {
        VhdFooter footer = VhdFooter.Find(file) ?? throw ImageFault.Corrupt(
            file, Format, Math.Max(0, file.Length - VhdFooter.Size), "there is no footer with a right checksum, neither here nor at the start.");
        if (footer.Type == VhdType.Fixed)
        {
            return new VhdFixedDisk(file, footer);
        }

        VhdDynamicHeader header = VhdDynamicHeader.Read(file, footer);
        chain.AddTable(file, Format, header.TableEntries * (long)sizeof(uint));
        IVhdImage? parent = footer.Type == VhdType.Differencing ? OpenParent(file, header, chain) : null;
        return new VhdDynamicDisk(file, footer, header, parent);
    }

    /// <summary>The name is a hint; the unique id proves that a file is the right parent.</summary>
    private static IVhdImage OpenParent(DiskFile file, VhdDynamicHeader header, ImageChain chain)
    {
        string name = VhdParentLocator.FindParent(file, header);
        var parent = (IVhdImage)Open(chain.OpenParent(file, name, Format, byBaseName: true), chain);
        return parent.UniqueId == header.ParentId
            ? parent
            : throw new DiskImageException(
                V2VError.DiskImageCorrupt,
                $"The VHD '{file.Path}' was made on a parent with the id {header.ParentId}, but its parent '{name}' has {parent.UniqueId}.")
            {
                Path = file.Path,
                Format = Format,
                Advice = "The parent was changed after the snapshot was taken, or is another file: restore the one that belongs to it.",
            };
    }

    /// <summary>What a suspended machine means to who converts its disk.</summary>
    public static IReadOnlyList<Concern> Concerns(DiskFile file, VhdFooter footer) => footer.IsSavedState
        ?
        [
            new Concern(
                ConcernSeverity.Warning, "DiskNotClosed", $"'{file.Path}' belongs to a machine that was suspended, not shut down.",
                "Resume the guest and shut it down, or expect the state of a power failure."),
        ]
        : [];
}

/// <summary>An image that can be the parent of another.</summary>
internal interface IVhdImage : IDiskImage
{
    Guid UniqueId { get; }

    long? Allocated { get; }
}
