using V2V.Engine.FileSystems.Ntfs.Index;

namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>The attributes of a file that an index is made of.</summary>
internal sealed class NtfsFileIndexStore : NtfsIndexStore
{
    private readonly NtfsFile _file;
    private readonly string _name;
    private readonly NtfsAttribute _root;

    /// <exception cref="GuestFileSystemException">The file has no such index.</exception>
    public NtfsFileIndexStore(NtfsFile file, string name)
    {
        (_file, _name) = (file, name);
        _root = file.Find(NtfsAttributeType.IndexRoot, name) is { IsResident: true } root
            ? root
            : throw NtfsErrors.Corrupt($"MFT record {file.Number} has no $INDEX_ROOT {name}.");
    }

    public override string Description => $"index {_name} of MFT record {_file.Number}";

    public override int ClusterSize => Volume.Boot.ClusterSize;

    public override int MaxRootLength => Math.Max(
        NtfsIndexRoot.MinLengthWithChild, new NtfsFileLayout(Volume, _file).SpaceForValue(_root));

    public override long AllocationLength => Allocation?.DataSize ?? 0;

    private NtfsVolume Volume => _file.Volume;

    private NtfsAttribute? Allocation => _file.Find(NtfsAttributeType.IndexAllocation, _name) is { } allocation
        ? allocation is { IsResident: false, HasCompressedSize: false }
            ? allocation
            : throw NtfsErrors.Corrupt($"$INDEX_ALLOCATION {_name} of MFT record {_file.Number} is resident or compressed.")
        : null;

    private NtfsAttribute? Bitmap => _file.Find(NtfsAttributeType.Bitmap, _name);

    public override ReadOnlySpan<byte> ReadRoot() => _root.Value;

    public override void WriteRoot(ReadOnlySpan<byte> value)
    {
        _root.Value = value.ToArray();
        _file.MarkDirty();
    }

    public override void ReadAllocation(long offset, Span<byte> buffer) => Content(Allocation).Read(offset, buffer);

    public override void WriteAllocation(long offset, ReadOnlySpan<byte> data) => Content(Allocation).Write(offset, data);

    public override void ResizeAllocation(long length)
    {
        var allocation = Allocation;
        if (length > 0)
        {
            allocation ??= _file.Add(new NtfsAttribute(NtfsAttributeType.IndexAllocation, _name) { Runs = new NtfsRunList() });
            Content(allocation).Resize(length);
            return;
        }

        foreach (var attribute in new[] { allocation, Bitmap }.OfType<NtfsAttribute>())
        {
            if (!attribute.IsResident)
            {
                new NtfsClusterSpace(Volume, _file, attribute).Clear();
            }

            _file.Remove(attribute);
        }
    }

    public override byte[] ReadBitmap()
    {
        if (Bitmap is not { } bitmap)
        {
            return [];
        }

        // A bit for each record of an allocation that fits the volume.
        if (bitmap.DataSize > (Volume.Boot.ClusterCount << Volume.Boot.ClusterLog) / NtfsFixups.Stride || bitmap.DataSize > int.MaxValue / 2)
        {
            throw NtfsErrors.Corrupt($"$BITMAP {_name} of MFT record {_file.Number} has {bitmap.DataSize} bytes.");
        }

        var value = new byte[bitmap.DataSize];
        Content(bitmap).Read(0, value);
        return value;
    }

    public override void WriteBitmap(ReadOnlySpan<byte> value)
    {
        var bitmap = Bitmap ?? _file.Add(new NtfsAttribute(NtfsAttributeType.Bitmap, _name) { Value = [] });
        var content = Content(bitmap);
        if (value.Length > content.Length)
        {
            content.Resize(value.Length);
        }

        content.Write(0, value);
    }

    private NtfsMetadataContent Content(NtfsAttribute? attribute) => attribute is null
        ? throw NtfsErrors.Corrupt($"{Description} has nodes, but no $INDEX_ALLOCATION.")
        : new NtfsMetadataContent(Volume, _file, attribute);
}
