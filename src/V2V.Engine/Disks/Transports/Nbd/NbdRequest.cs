using System.Buffers.Binary;
using static V2V.Engine.Disks.Transports.Nbd.NbdNumbers;

namespace V2V.Engine.Disks.Transports.Nbd;

/// <summary>A request and what has come in reply. Filled by the connection's receiver, waited for by the one that made it.</summary>
internal sealed class NbdRequest
{
    /// <summary>Separate pieces of data that have come of one read: a server that sends more of them is up to no good.</summary>
    private const int MaximumPieces = 1024;

    private readonly object _state = new();
    private readonly List<(int Start, int End)> _pieces = [];
    private bool _hasEnded;

    public required NbdCommand Command { get; init; }

    public required long Offset { get; init; }

    public required int Length { get; init; }

    /// <summary>Of a read: where the bytes go, at least <see cref="Length"/> of them. The receiver may write to it until the request has ended.</summary>
    public byte[] Buffer { get; init; } = [];

    /// <summary>Of a question for runs: the answer, as lengths and flags.</summary>
    public List<(uint Length, uint Flags)> Runs { get; } = [];

    /// <summary>The server's error, an errno of Linux; 0 for none.</summary>
    public uint Error { get; private set; }

    /// <summary>The server's words about the error.</summary>
    public string ErrorText { get; private set; } = "";

    /// <summary>Why there will be no more replies: the connection broke, or the server does not keep to the protocol.</summary>
    public Exception? Failure { get; private set; }

    public void Write(Span<byte> header, ulong cookie)
    {
        BinaryPrimitives.WriteUInt32BigEndian(header, RequestMagic);
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(header[6..], (ushort)Command);
        BinaryPrimitives.WriteUInt64BigEndian(header[8..], cookie);
        BinaryPrimitives.WriteInt64BigEndian(header[16..], Offset);
        BinaryPrimitives.WriteInt32BigEndian(header[24..], Length);
    }

    /// <summary>The part of <see cref="Buffer"/> for data that the server sends; null when it was not asked for, or has come already.</summary>
    public Memory<byte>? Place(ulong offset, long length)
    {
        if (Command != NbdCommand.Read || offset < (ulong)Offset || offset - (ulong)Offset >= (ulong)Length)
        {
            return null;
        }

        int start = (int)(offset - (ulong)Offset);
        if (length < 1 || length > Length - start)
        {
            return null;
        }

        var piece = (Start: start, End: start + (int)length);
        int next = _pieces.FindIndex(p => p.End >= piece.Start);
        next = next < 0 ? _pieces.Count : next;
        if (next < _pieces.Count && _pieces[next].End == piece.Start)
        {
            piece.Start = _pieces[next].Start;
            _pieces.RemoveAt(next);
        }

        if (next < _pieces.Count && _pieces[next].Start < piece.End)
        {
            return null;
        }

        if (next < _pieces.Count && _pieces[next].Start == piece.End)
        {
            piece.End = _pieces[next].End;
            _pieces.RemoveAt(next);
        }

        _pieces.Insert(next, piece);
        return _pieces.Count <= MaximumPieces ? Buffer.AsMemory(start, (int)length) : null;
    }

    /// <summary>Whether every byte of a read has come.</summary>
    public bool IsWhole => Command != NbdCommand.Read || (_pieces.Count == 1 && _pieces[0] == (0, Length));

    public void SetError(uint error, string text)
    {
        Error = error;
        ErrorText = text;
    }

    /// <summary>Nothing more will come.</summary>
    public void End(Exception? failure = null)
    {
        lock (_state)
        {
            Failure = failure;
            _hasEnded = true;
            Monitor.PulseAll(_state);
        }
    }

    /// <returns>Whether it has ended within the time.</returns>
    public bool Wait(TimeSpan time)
    {
        lock (_state)
        {
            return _hasEnded || Monitor.Wait(_state, time) || _hasEnded;
        }
    }
}
