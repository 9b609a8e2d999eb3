using System.Buffers;
using System.Runtime.ExceptionServices;

namespace V2V.Engine.Disks.Transports.ReadAhead;

/// <summary>
/// A run of blocks that is read with one request, and its bytes afterwards. Whoever comes first reads it; the others wait. It can be
/// waited for and copied from by several threads; <see cref="Users"/> belongs to the cache's lock.
/// </summary>
/// <param name="offset">Its first byte in the file.</param>
/// <param name="length">Its size in bytes.</param>
internal sealed class Fetch(long offset, int length)
{
    private readonly object _state = new();
    private bool _isStarted;
    private volatile bool _hasEnded;
    private byte[]? _bytes;
    private ExceptionDispatchInfo? _failure;

    public long Offset => offset;

    public int Length => length;

    public long End => offset + length;

    /// <summary>Readers that are not done with it, and the one that fills it. Its memory is not given back before they are.</summary>
    public int Users { get; set; }

    public bool HasEnded => _hasEnded;

    /// <summary>Whether reading it failed; to be asked after <see cref="Wait"/>.</summary>
    public bool HasFailed => _failure is not null;

    /// <summary>Whether a part of it may be readable although the whole is not.</summary>
    public bool IsFailureConfined => _failure?.SourceException is DiskImageException { IsConfined: true };

    /// <summary>True for the one caller that has to call <see cref="Fill"/>.</summary>
    public bool TryStart()
    {
        lock (_state)
        {
            return !_isStarted && (_isStarted = true);
        }
    }

    /// <summary>Reads it. A failure is kept for those who need the bytes.</summary>
    /// <param name="file">Where from.</param>
    /// <param name="forget">Called before anybody is told of a failure, so that who asks again starts anew.</param>
    public void Fill(DiskFile file, Action<Fetch> forget)
    {
        try
        {
            _bytes = ArrayPool<byte>.Shared.Rent(length);
            file.Read(offset, _bytes.AsSpan(0, length));
        }
#pragma warning disable CA1031 // Whatever it is, it is thrown to the reader that needs these bytes, and to no other.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _failure = ExceptionDispatchInfo.Capture(e);
            forget(this);
        }
        finally
        {
            lock (_state)
            {
                _hasEnded = true;
                Monitor.PulseAll(_state);
            }
        }
    }

    public void Wait()
    {
        lock (_state)
        {
            while (!_hasEnded)
            {
                Monitor.Wait(_state);
            }
        }
    }

    public void ThrowFailure() => _failure!.Throw();

    public void CopyTo(long from, Span<byte> buffer) => _bytes.AsSpan((int)(from - offset), buffer.Length).CopyTo(buffer);

    /// <summary>Gives the memory back. Nobody may use the bytes any more.</summary>
    public void Free()
    {
        if (_bytes is { } bytes)
        {
            _bytes = null;
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }
}
