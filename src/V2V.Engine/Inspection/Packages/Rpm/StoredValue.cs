using System.Buffers;

namespace V2V.Engine.Inspection.Packages.Rpm;

/// <summary>
/// A value of a database, of which only the beginning is read: what tells the name and version of a package stands before the lists of its
/// files, which are most of it.
/// </summary>
/// <param name="length">Bytes of the whole value.</param>
/// <param name="pieces">The value in order, read as it is enumerated.</param>
internal sealed class StoredValue(long length, IEnumerable<ReadOnlyMemory<byte>> pieces)
{
    private readonly ArrayBufferWriter<byte> _read = new();
    private IEnumerator<ReadOnlyMemory<byte>>? _rest;

    public long Length => length;

    /// <summary>The first bytes; fewer than asked for where the value ends before.</summary>
    public ReadOnlySpan<byte> Prefix(int count)
    {
        _rest ??= pieces.GetEnumerator();
        while (_read.WrittenCount < count && _rest.MoveNext())
        {
            _read.Write(_rest.Current.Span);
        }

        return _read.WrittenSpan[..Math.Min(count, _read.WrittenCount)];
    }

    /// <summary>The part from <paramref name="offset"/> to the end, as a value of its own; this one is read no further.</summary>
    public StoredValue From(int offset) => new(length - offset, Rest(offset));

    private IEnumerable<ReadOnlyMemory<byte>> Rest(int offset)
    {
        Prefix(offset);
        yield return _read.WrittenMemory[offset..];
        while (_rest!.MoveNext())
        {
            yield return _rest.Current;
        }
    }
}
