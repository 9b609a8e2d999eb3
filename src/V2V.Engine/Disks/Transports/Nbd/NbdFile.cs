using System.Buffers;
using static V2V.Engine.Disks.Transports.Nbd.NbdNumbers;

namespace V2V.Engine.Disks.Transports.Nbd;

/// <summary>
/// An export of an NBD server, opened for reading. A connection that breaks is made anew and what was under way is asked for again, a
/// bounded number of times. It has no <see cref="DiskFile.Store"/>: exports are disks, not files that refer to each other.
/// </summary>
internal sealed class NbdFile : DiskFile
{
    // Errors by their numbers in the protocol, which are those of Linux.
    private const uint EINVAL = 22;
    private const uint ESHUTDOWN = 108;

    /// <summary>Bytes whose runs are asked for at once.</summary>
    private const long StatusRequest = 1 << 30;

    private readonly NbdConnections _connections;
    private readonly TimeSpan _timeout;
    private readonly NbdExport _export;
    private readonly CancellationTokenSource _closed = new();
    private bool _tellsRuns;

    private NbdFile(string path, TimeSpan timeout, NbdConnections connections, NbdExport export)
    {
        Path = path;
        _timeout = timeout;
        _connections = connections;
        _export = export;
        _tellsRuns = export.AllocationContext is not null;
    }

    public override string Path { get; }

    public override long Length => _export.Length;

    /// <returns>Null when the server has no such export.</returns>
    /// <exception cref="DiskImageException">The server cannot be reached or refuses.</exception>
    public static NbdFile? Open(NbdUri target, RemoteAccess access)
    {
        string path = target.PathOf(target.Export);
        try
        {
            return NbdConnection.Open(target, access, access.Timeout) is { } first
                ? new NbdFile(path, access.Timeout, new NbdConnections(target, access, first), first.Export)
                : null;
        }
        catch (IOException e)
        {
            throw NbdFault.Unreachable(path, e);
        }
    }

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        while (buffer.Length > 0)
        {
            // Whole blocks of the server's, or what is left of the export.
            int block = _export.MinimumBlock;
            int before = (int)(offset % block);
            int run = Math.Min(buffer.Length, _export.MaximumRequest - before);
            int length = (int)Math.Min((long)((before + run + block - 1) & -block), Length - (offset - before));
            byte[] bytes = ArrayPool<byte>.Shared.Rent(length);
            Serve(() => new NbdRequest { Command = NbdCommand.Read, Offset = offset - before, Length = length, Buffer = bytes });
            bytes.AsSpan(before, run).CopyTo(buffer);
            // Only after success: the receiver of a broken connection may still be writing to it.
            ArrayPool<byte>.Shared.Return(bytes);
            offset += run;
            buffer = buffer[run..];
        }
    }

    public override IEnumerable<DiskExtent> Extents(long offset, long length) => ServedExtents(offset, length).Merge();

    protected override void Dispose(bool disposing)
    {
        _closed.Cancel();
        _connections.Dispose();
        base.Dispose(disposing);
    }

    private IEnumerable<DiskExtent> ServedExtents(long offset, long length)
    {
        long end = offset + length;
        while (offset < end)
        {
            if (!_tellsRuns)
            {
                yield return new DiskExtent(offset, end - offset, IsZero: false);
                yield break;
            }

            long start = offset / _export.MinimumBlock * _export.MinimumBlock;
            long asked = Math.Min(StatusRequest, Length - start);
            asked = Math.Min(asked, (end - start + _export.MinimumBlock - 1) / _export.MinimumBlock * _export.MinimumBlock);
            foreach ((uint runLength, uint flags) in Runs(start, (int)asked))
            {
                // The last run may reach beyond what was asked for.
                long runEnd = Math.Min(start + runLength, end);
                if (runEnd > offset)
                {
                    yield return new DiskExtent(offset, runEnd - offset, (flags & StateZero) != 0);
                    offset = runEnd;
                }

                start += runLength;
            }
        }
    }

    private List<(uint Length, uint Flags)> Runs(long offset, int length)
    {
        NbdRequest request = Serve(() => new NbdRequest { Command = NbdCommand.BlockStatus, Offset = offset, Length = length }, refusable: true);
        if (request.Error != 0)
        {
            // A server that cannot tell after all: everything is data.
            _tellsRuns = false;
            return [];
        }

        return request.Runs.Count > 0 && request.Runs.TrueForAll(r => r.Length > 0)
            ? request.Runs
            : throw NbdFault.ReadFailed(Path, offset, "the server tells runs of no length, or none.");
    }

    /// <summary>Has a request served, on another connection when one breaks.</summary>
    private NbdRequest Serve(Func<NbdRequest> make, bool refusable = false)
    {
        var pauses = new RetryPauses(_timeout);
        while (true)
        {
            NbdRequest request = make();
            IOException failure;
            try
            {
                NbdConnection connection = _connections.Take();
                CheckUnchanged(connection.Export, request.Offset);
                connection.Execute(request);
                if (request.Error == 0 || (refusable && request.Error != ESHUTDOWN))
                {
                    return request;
                }

                if (request.Error != ESHUTDOWN)
                {
                    throw NbdFault.Unreadable(Path, request.Offset, $"the server reports {Describe(request)}.");
                }

                connection.Dispose();
                failure = new IOException("the server is shutting down.");
            }
            catch (IOException e)
            {
                failure = e;
            }

            if (!pauses.Next(_closed.Token))
            {
                ObjectDisposedException.ThrowIf(_closed.IsCancellationRequested, this);
                throw NbdFault.ReadFailed(Path, request.Offset, failure.Message, failure);
            }
        }
    }

    private void CheckUnchanged(NbdExport now, long offset)
    {
        if (now.Length != Length || now.MinimumBlock != _export.MinimumBlock || now.MaximumRequest != _export.MaximumRequest)
        {
            throw NbdFault.ReadFailed(
                Path, offset, $"the export is not the same after the connection was made anew: it had {Length} bytes and now has {now.Length}, or its blocks have other sizes.");
        }
    }

    private static string Describe(NbdRequest request)
    {
        string name = request.Error switch
        {
            1 => "EPERM (not permitted)",
            5 => "EIO (input/output error)",
            12 => "ENOMEM (out of memory)",
            EINVAL => "EINVAL (invalid request)",
            75 => "EOVERFLOW (request too long)",
            var other => $"error {other}",
        };
        return request.ErrorText.Length > 0 ? $"{name}: {request.ErrorText.TrimEnd('.')}" : name;
    }
}
