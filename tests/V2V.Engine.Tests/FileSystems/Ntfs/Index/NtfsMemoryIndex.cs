using V2V.Engine.FileSystems.Ntfs.Index;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs.Index;

/// <summary>The attributes of an index in memory. It is strict: what a real file record would only suffer from fails here.</summary>
internal sealed class NtfsMemoryIndex(NtfsCollation collation, int recordSize, int clusterSize, int maxRootLength) : NtfsIndexStore
{
    private byte[] _root = NtfsIndexRoot.Create(collation, recordSize, clusterSize);
    private byte[] _allocation = [];
    private byte[] _bitmap = [];

    public override string Description => "index $I30 of a test";

    public override int ClusterSize => clusterSize;

    public override int MaxRootLength => maxRootLength;

    public override long AllocationLength => _allocation.Length;

    public byte[] Allocation => _allocation;

    public int RecordSize => recordSize;

    /// <summary>Bytes of index records that were written.</summary>
    public long Written { get; private set; }

    public override ReadOnlySpan<byte> ReadRoot() => _root;

    public override void WriteRoot(ReadOnlySpan<byte> value)
    {
        Assert.True(value.Length <= maxRootLength, $"A root of {value.Length} bytes, where {maxRootLength} fit.");
        _root = value.ToArray();
    }

    public override void ReadAllocation(long offset, Span<byte> buffer) => _allocation.AsSpan((int)offset, buffer.Length).CopyTo(buffer);

    public override void WriteAllocation(long offset, ReadOnlySpan<byte> data)
    {
        data.CopyTo(_allocation.AsSpan((int)offset, data.Length));
        Written += data.Length;
    }

    public override void ResizeAllocation(long length)
    {
        var old = _allocation.Length;
        Array.Resize(ref _allocation, (int)length);
        if (length > old)
        {
            // What a volume's free clusters hold is not zeros.
            _allocation.AsSpan(old).Fill(0xE5);
        }

        if (length == 0)
        {
            _bitmap = [];
        }
    }

    public override byte[] ReadBitmap() => (byte[])_bitmap.Clone();

    public override void WriteBitmap(ReadOnlySpan<byte> value)
    {
        Assert.True(value.Length >= _bitmap.Length, "The bitmap got shorter.");
        Assert.Equal(0, value.Length % 8);
        Assert.True(_allocation.Length > 0, "A bitmap without an allocation.");
        _bitmap = value.ToArray();
    }

    /// <summary>Puts bytes in place of the root's, as damage.</summary>
    public void ReplaceRoot(byte[] value) => _root = value;

    public NtfsMemoryIndex Copy() =>
        new(collation, recordSize, clusterSize, maxRootLength) { _root = (byte[])_root.Clone(), _allocation = (byte[])_allocation.Clone(), _bitmap = ReadBitmap() };
}
