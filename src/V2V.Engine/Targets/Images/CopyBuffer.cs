using System.Runtime.InteropServices;

namespace V2V.Engine.Targets.Images;

/// <summary>
/// Memory for one chunk, from the beginning of a page on. .NET's own arrays begin 16 bytes behind a cache line, to where the kernel copies a fifth more
/// slowly (docs/performance.md).
/// </summary>
internal sealed class CopyBuffer
{
    private const int PageSize = 4096;

    private readonly byte[] _array = GC.AllocateUninitializedArray<byte>(CopyBudget.ChunkSize + PageSize, pinned: true);
    private readonly int _start;

    public CopyBuffer() => _start = (int)(-Marshal.UnsafeAddrOfPinnedArrayElement(_array, 0) & (PageSize - 1));

    /// <param name="length">Bytes, no more than <see cref="CopyBudget.ChunkSize"/>.</param>
    public Span<byte> First(long length) => _array.AsSpan(_start, CopyBudget.ChunkSize)[..(int)length];
}
