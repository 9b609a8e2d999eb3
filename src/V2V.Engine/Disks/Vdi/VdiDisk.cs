using V2V.Engine.Disks.Mapping;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vdi;

/// <summary>A disk of VirtualBox (.vdi): a map tells where each block stands. A differencing image leads to its parent where it has none.</summary>
internal sealed class VdiDisk : MappedDevice, IDiskImage
{
    public const string Format = "VDI";

    public const string CloneAdvice = "Clone it with 'VBoxManage clonemedium' first, and convert the clone.";

    private const uint Free = uint.MaxValue;
    private const uint Zeroed = uint.MaxValue - 1;

    private readonly VdiHeader _header;
    private readonly VdiDisk? _parent;
    private readonly uint[] _map;

    private VdiDisk(DiskFile file, VdiHeader header, VdiDisk? parent) : base(file, header.DiskSize, parent)
    {
        _header = header;
        _parent = parent;
        _map = MappingTable.ReadUInt32(file, header.MapOffset, header.Blocks);
    }

    public BlockDevice Device => this;

    public static IDiskImage Open(DiskFile file, ImageChain chain)
    {
        VdiHeader header = VdiHeader.Read(file);
        chain.AddTable(file, Format, header.Blocks * (long)sizeof(uint));
        return new VdiDisk(file, header, header.Type == VdiType.Differencing ? OpenParent(file, header, chain) : null);
    }

    public DiskImageInfo Describe() => new("vdi", Length, Allocated, _header.Type switch
    {
        VdiType.Fixed => "fixed",
        VdiType.Differencing => "differencing",
        _ => "dynamic",
    });

    private long? Allocated => File.Allocated() + (_parent?.Allocated ?? 0);

    protected override MappedRun Map(long offset)
    {
        int block = (int)(offset / _header.BlockSize);
        long start = (long)block * _header.BlockSize;
        long length = Math.Min(_header.BlockSize, Length - start);
        if (_map[block] is Free or Zeroed)
        {
            return new MappedRun(_map[block] == Free ? MappedKind.Unallocated : MappedKind.Zero, start, length);
        }

        long fileOffset = _header.DataOffset + (_map[block] * ((long)_header.BlockSize + _header.BlockExtra)) + _header.BlockExtra;
        return fileOffset <= File.Length - length
            ? new MappedRun(MappedKind.Data, start, length, fileOffset)
            : throw ImageFault.Corrupt(File, Format, fileOffset, $"block {block} of the disk cannot lie there; the file ends at {File.Length}.");
    }

    /// <summary>
    /// An image knows its parent by id only: VirtualBox has the names in the machine's .vbox file. So the images of the folders that may be
    /// looked into are asked who they are.
    /// </summary>
    private static VdiDisk OpenParent(DiskFile file, VdiHeader header, ImageChain chain)
    {
        DiskFile found = chain.FindParent(file, Format, "*.vdi", header.ParentId.ToString(), candidate =>
            candidate.Length >= VdiHeader.Size && HasId(candidate, header.ParentId));
        var parent = (VdiDisk)Open(found, chain);
        return parent._header.ModificationId == header.ParentModificationId || header.ParentModificationId == Guid.Empty
            ? parent
            : throw new DiskImageException(
                V2VError.DiskImageCorrupt, $"The VDI '{file.Path}' was made on its parent '{found.Path}' before that was changed.")
            {
                Path = file.Path,
                Format = Format,
                Advice = "Restore the parent as it was when the snapshot was taken.",
            };
    }

    private static bool HasId(DiskFile candidate, Guid id)
    {
        byte[] start = new byte[VdiHeader.Size];
        candidate.Read(0, start);
        return VdiHeader.HasSignature(start) && VdiHeader.Read(candidate).ImageId == id;
    }

    protected override void Dispose(bool disposing)
    {
        _parent?.Dispose();
        base.Dispose(disposing);
    }
}
