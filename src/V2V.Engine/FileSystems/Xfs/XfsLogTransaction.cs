using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>A transaction of the log, put together from its operations: items, each of which is a format structure and what belongs to it.</summary>
internal sealed class XfsLogTransaction(ulong lsn)
{
    private const int HeaderSize = 16;

    private const uint HeaderMagic = 0x5452414E; // "TRAN"

    /// <summary>More is in no transaction; keeps a damaged log from filling the memory.</summary>
    private const int MaxItems = 1 << 20;

    private readonly List<byte> _header = [];

    /// <summary>Place of the record in which it begins.</summary>
    public ulong Lsn => lsn;

    public List<XfsLogItem> Items { get; } = [];

    public void Add(ReadOnlySpan<byte> piece, bool isContinuation)
    {
        if (piece.IsEmpty)
        {
            return;
        }

        if (_header.Count < HeaderSize)
        {
            _header.AddRange(piece);
            if (_header.Count > HeaderSize || (_header.Count == HeaderSize && BinaryPrimitives.ReadUInt32LittleEndian(_header.ToArray()) != HeaderMagic))
            {
                throw XfsErrors.Corrupt("a transaction of the log has a wrong header.");
            }

            return;
        }

        if (isContinuation)
        {
            if (Items.Count == 0)
            {
                throw XfsErrors.Corrupt("a transaction of the log begins in the middle.");
            }

            Items[^1].Continue(piece);
            return;
        }

        if (Items.Count == 0 || Items[^1].IsComplete)
        {
            if (Items.Count >= MaxItems)
            {
                throw XfsErrors.Corrupt("a transaction of the log is too long.");
            }

            Items.Add(new XfsLogItem());
        }

        Items[^1].Add(piece);
    }
}
