using V2V.Engine.Disks;

namespace V2V.Engine.Tests.Targets.Images;

/// <summary>A disk whose contents are in memory and whose extents are what the test says.</summary>
internal sealed class MemoryDisk(byte[] contents, IReadOnlyList<DiskExtent>? extents = null) : BlockDevice
{
    private long _bytesRead;

    public byte[] Contents => contents;

    public long BytesRead => _bytesRead;

    /// <summary>Called before each read.</summary>
    public Action<long>? OnRead { get; init; }

    public override long Length => contents.Length;

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        OnRead?.Invoke(offset);
        contents.AsSpan((int)offset, buffer.Length).CopyTo(buffer);
        Interlocked.Add(ref _bytesRead, buffer.Length);
    }

    public override IEnumerable<DiskExtent> Extents(long offset, long length) => extents ?? base.Extents(offset, length);

    /// <summary>Bytes like those of real disks: text, noise and zeros in turn, in pieces of all sizes.</summary>
    public static byte[] Mixed(int length, int seed)
    {
        var random = new Random(seed);
        var bytes = new byte[length];
        for (var position = 0; position < length;)
        {
            var piece = bytes.AsSpan(position, Math.Min(length - position, random.Next(1, 300_000)));
            switch (random.Next(3))
            {
                case 0:
                    random.NextBytes(piece);
                    break;
                case 1:
                    for (var i = 0; i < piece.Length; i++)
                    {
                        piece[i] = (byte)("The quick brown fox jumps over the lazy dog. "[i % 45] + (random.Next(20) == 0 ? 1 : 0));
                    }

                    break;
                default:
                    break;
            }

            position += piece.Length;
        }

        return bytes;
    }
}
