using V2V.Engine.Disks.Mapping;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vmdk;

/// <summary>Opens a VMDK from its descriptor: first the chain of parents, then the extents on top of it.</summary>
internal sealed class VmdkOpener
{
    // A disk's type only says how its extents are cut; each extent's own type decides how it is read.
    private static readonly string[] s_createTypes =
    [
        "monolithicSparse", "streamOptimized", "twoGbMaxExtentSparse",
        "monolithicFlat", "twoGbMaxExtentFlat", "vmfs", "vmfsPreallocated", "vmfsEagerZeroedThick", "vmfsThin", "vmfsSparse", "seSparse", "custom",
    ];

    // Bytes of grain tables kept for the whole disk: tables of 2 KiB map 32 MiB each, so all of a 64 GiB disk.
    private const int CacheSize = 4 << 20;
    private const int MinimumCacheSize = 64 << 10;

    private const string PhysicalAdvice = "Copy the physical disk into an image file first, or give the device itself as a raw disk.";

    private readonly DiskFile _file;
    private readonly ImageChain _chain;

    private VmdkOpener(DiskFile file, ImageChain chain)
    {
        _file = file;
        _chain = chain;
    }

    public static VmdkDisk Open(DiskFile file, ImageChain chain) => new VmdkOpener(file, chain).Open();

    private VmdkDisk Open()
    {
        byte[] start = _file.ReadStart(DiskFormat.ProbeSize);
        if (VmdkSparseHeader.HasMagic(start))
        {
            return OpenEmbedded();
        }

        if (!VmdkProbe.IsDescriptor(start))
        {
            throw ImageFault.Corrupt(_file, VmdkDisk.Format, 0, "it begins neither with a descriptor nor with a sparse extent's header.");
        }

        VmdkDescriptor descriptor = VmdkDescriptor.Read(_file, 0, _file.Length)!;
        _file.Dispose();
        CheckCreateType(descriptor);
        BlockDevice? parent = OpenParent(descriptor);
        var extents = new List<VmdkExtent>();
        long position = 0;
        foreach (VmdkExtentDescription description in descriptor.Extents)
        {
            extents.Add(OpenExtent(description, position, parent, Math.Max(MinimumCacheSize, CacheSize / descriptor.Extents.Count)));
            position += description.Length;
        }

        return new VmdkDisk(_file.Path, descriptor, extents, parent);
    }

    /// <summary>One file with both the descriptor and the data. What the descriptor calls it does not matter: the file may have been renamed.</summary>
    private VmdkDisk OpenEmbedded()
    {
        VmdkSparseHeader header = VmdkSparseHeader.Read(_file);
        VmdkDescriptor? descriptor = header.DescriptorOffset == 0 || header.DescriptorSize == 0
            ? null : VmdkDescriptor.Read(_file, header.DescriptorOffset, header.DescriptorSize);
        if (descriptor is null)
        {
            throw ImageFault.Unsupported(
                _file, VmdkDisk.Format, "is one extent of a disk and not the whole.", "Open the disk's descriptor, the small .vmdk file beside it.");
        }

        CheckCreateType(descriptor);
        if (descriptor.Extents is not [{ Type: "SPARSE" }])
        {
            throw ImageFault.Unsupported(
                _file, VmdkDisk.Format, $"embeds a descriptor of {descriptor.Extents.Count} extents, the first of type {descriptor.Extents[0].Type}.", VmdkDisk.CloneAdvice);
        }

        _chain.AddTable(_file, VmdkDisk.Format, header.DirectorySize);
        BlockDevice? parent = OpenParent(descriptor);
        var device = new VmdkSparseExtent(_file, header, header.Capacity, parent, 0, CacheSize);
        return new VmdkDisk(_file.Path, descriptor, [new VmdkExtent(device, _file, header.WasNotClosed)], parent);
    }

    private void CheckCreateType(VmdkDescriptor descriptor)
    {
        string type = descriptor.CreateType;
        if (!s_createTypes.Contains(type, StringComparer.OrdinalIgnoreCase))
        {
            throw ImageFault.Unsupported(
                _file, VmdkDisk.Format, $"is of the type '{type}', which cannot be read.",
                type.Contains("device", StringComparison.OrdinalIgnoreCase) || type.Contains("raw", StringComparison.OrdinalIgnoreCase)
                    ? PhysicalAdvice : VmdkDisk.CloneAdvice);
        }
    }

    private BlockDevice? OpenParent(VmdkDescriptor descriptor)
    {
        if (descriptor.ParentContentId == VmdkDescriptor.NoParent)
        {
            return _chain.TakeGivenParent(_file);
        }

        if (descriptor.ParentFileName is not { } name)
        {
            throw ImageFault.Corrupt(
                _file, VmdkDisk.Format, null, $"its descriptor has the parentCID {descriptor.ParentContentId:x8} but no parentFileNameHint.");
        }

        // The hint may be absolute on another machine. The content ID proves that a file is the right parent.
        VmdkDisk parent = Open(_chain.OpenParent(_file, name, VmdkDisk.Format, byBaseName: true), _chain);
        if (parent.ContentId != descriptor.ParentContentId)
        {
            throw new DiskImageException(
                V2VError.DiskImageCorrupt,
                $"The VMDK '{_file.Path}' was made on a parent with the content ID {descriptor.ParentContentId:x8}, "
                + $"but its parent '{name}' has {(parent.ContentId is { } id ? id.ToString("x8", null) : "none")}.")
            {
                Path = _file.Path,
                Format = VmdkDisk.Format,
                Advice = "The parent was changed after the snapshot was taken, or is another file: restore the one that belongs to it.",
            };
        }

        return parent;
    }

    private VmdkExtent OpenExtent(VmdkExtentDescription description, long position, BlockDevice? parent, int cacheSize)
    {
        if (description.Access == "NOACCESS")
        {
            throw ImageFault.Unsupported(_file, VmdkDisk.Format, "has an extent that may not be accessed (NOACCESS).", PhysicalAdvice);
        }

        switch (description.Type)
        {
            case "ZERO":
                return new VmdkExtent(new VmdkZeroExtent(description.Length), null);
            case "FLAT" or "VMFS":
                DiskFile flat = OpenFile(description);
                return new VmdkExtent(new FlatDevice(flat, VmdkDisk.Format, description.FileOffset, description.Length), flat);
            case "SESPARSE":
                DiskFile efficient = OpenFile(description);
                VmdkSeSparseHeader se = VmdkSeSparseHeader.Read(efficient);
                CheckCapacity(efficient, se.Capacity, description);
                _chain.AddTable(efficient, VmdkDisk.Format, se.DirectoryEntries * (long)sizeof(ulong));
                return new VmdkExtent(new VmdkSeSparseExtent(efficient, se, description.Length, parent, position, cacheSize), efficient);
            case "SPARSE" or "VMFSSPARSE":
                DiskFile sparse = OpenFile(description);
                VmdkSparseHeader header = description.Type == "SPARSE" ? VmdkSparseHeader.Read(sparse) : VmdkCowHeader.Read(sparse);
                CheckCapacity(sparse, header.Capacity, description);
                _chain.AddTable(sparse, VmdkDisk.Format, header.DirectorySize);
                var device = new VmdkSparseExtent(sparse, header, description.Length, parent, position, cacheSize);
                return new VmdkExtent(device, sparse, header.WasNotClosed);
            default:
                throw ImageFault.Unsupported(
                    _file, VmdkDisk.Format, $"has an extent of the type {description.Type}, which cannot be read.", PhysicalAdvice);
        }
    }

    private static void CheckCapacity(DiskFile file, long capacity, VmdkExtentDescription description)
    {
        if (capacity < description.Length)
        {
            throw ImageFault.Corrupt(file, VmdkDisk.Format, 0, $"its header says {capacity} bytes, but the descriptor needs {description.Length}.");
        }
    }

    private DiskFile OpenFile(VmdkExtentDescription description) => description.FileName is { } name
        ? _chain.OpenExtent(_file, name, VmdkDisk.Format)
        : throw ImageFault.Corrupt(_file, VmdkDisk.Format, null, $"its descriptor has an extent of type {description.Type} without a file.");
}
