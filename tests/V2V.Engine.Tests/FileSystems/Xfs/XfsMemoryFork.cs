using V2V.Engine.FileSystems.Xfs;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Xfs;

/// <summary>A fork whose blocks are in memory. It is strict: what a real one would only suffer from fails here.</summary>
internal sealed class XfsMemoryFork(XfsGeometry geometry, int inlineCapacity) : XfsFork
{
    private readonly SortedDictionary<uint, XfsBuffer> _buffers = [];
    private readonly Dictionary<uint, byte[]> _sealed = [];
    private byte[] _inline = [];
    private XfsForkFormat _format = XfsForkFormat.Extents;
    private long _nextAddress = 1 << 20;

    public override XfsGeometry Geometry => geometry;

    public override ulong Owner => 131;

    public override XfsForkFormat Format => _format;

    public override long Size { get; set; }

    public override int InlineCapacity => inlineCapacity;

    public override ReadOnlySpan<byte> Inline => _format == XfsForkFormat.Local ? _inline : throw new InvalidOperationException("The fork is not inline.");

    /// <summary>Every block that is mapped, whatever the size of its buffer.</summary>
    public IReadOnlyDictionary<uint, XfsBuffer> Buffers => _buffers;

    /// <summary>Whether the attribute fork was taken away.</summary>
    public bool IsRemoved { get; private set; }

    public static XfsGeometry Shape(bool isV5, int blockSize = 4096, int directoryBlocks = 1, bool hasFileTypes = true) => new()
    {
        BlockSize = blockSize,
        DirectoryBlocks = directoryBlocks,
        IsV5 = isV5,
        HasFileTypes = isV5 || hasFileTypes,
        HasAttr2 = true,
        MetadataUuid = [.. Enumerable.Range(1, 16).Select(i => (byte)i)],
    };

    public override void SetInline(ReadOnlySpan<byte> content)
    {
        Assert.True(content.Length <= inlineCapacity, "Inline content is too long.");
        Assert.Empty(_buffers);
        _inline = content.ToArray();
        _format = XfsForkFormat.Local;
        IsRemoved = false;
    }

    public override void BecomeExtents()
    {
        Assert.Equal(XfsForkFormat.Local, _format);
        _format = XfsForkFormat.Extents;
        _inline = [];
    }

    public override XfsBuffer? Read(uint block, int count, int? checksumOffset)
    {
        if (!_buffers.TryGetValue(block, out var buffer))
        {
            return null;
        }

        Assert.Equal(count * geometry.BlockSize, buffer.Data.Length);
        Assert.Equal(checksumOffset, buffer.ChecksumOffset);
        return buffer;
    }

    public override XfsBuffer Allocate(uint block, int count, int? checksumOffset)
    {
        Assert.Equal(XfsForkFormat.Extents, _format);
        Assert.DoesNotContain(Enumerable.Range(0, count), i => IsMapped(block + (uint)i));
        var buffer = new XfsBuffer(_nextAddress, new byte[count * geometry.BlockSize], checksumOffset);
        _nextAddress += buffer.Data.Length;
        buffer.MarkDirty();
        _buffers.Add(block, buffer);
        return buffer;
    }

    public override void Free(uint block, int count)
    {
        Assert.Equal(count * geometry.BlockSize, _buffers[block].Data.Length);
        _buffers.Remove(block);
        _sealed.Remove(block);
    }

    public override IEnumerable<(uint Block, uint Count)> Mapped(uint from)
    {
        foreach (var (block, buffer) in _buffers)
        {
            if (block >= from)
            {
                yield return (block, (uint)(buffer.Data.Length / geometry.BlockSize));
            }
        }
    }

    public override bool TryReserveInline(int length) => length <= inlineCapacity;

    public override void Remove()
    {
        Assert.Empty(_buffers);
        _format = XfsForkFormat.Extents;
        IsRemoved = true;
    }

    /// <summary>Remembers what is written, so that <see cref="AssertChangesAreMarked"/> can tell what was changed since.</summary>
    public void Seal()
    {
        foreach (var (block, buffer) in _buffers)
        {
            _sealed[block] = (byte[])buffer.Data.Clone();
            buffer.MarkClean();
        }
    }

    public void AssertChangesAreMarked()
    {
        foreach (var (block, buffer) in _buffers)
        {
            if (!buffer.IsDirty)
            {
                Assert.True(buffer.Data.AsSpan().SequenceEqual(_sealed[block]), $"Block {block} was changed without a mark.");
            }
        }
    }

    private bool IsMapped(uint block) =>
        _buffers.Any(b => block >= b.Key && block < b.Key + (b.Value.Data.Length / geometry.BlockSize));
}
