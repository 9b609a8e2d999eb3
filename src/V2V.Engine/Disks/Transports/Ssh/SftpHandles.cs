using System.Collections.Concurrent;
using Renci.SshNet.Common;
using Renci.SshNet.Sftp;

namespace V2V.Engine.Disks.Transports.Ssh;

/// <summary>
/// One file, opened several times over one connection: the library reads one place of a handle at a time, so requests that are in flight
/// together need a handle each. Reading is positional and thread-safe.
/// </summary>
internal sealed class SftpHandles : IDisposable
{
    /// <summary>Bytes of one request: below the 64 KiB that servers and the library bear in one message, and whole pages.</summary>
    public const int ChunkSize = 60 << 10;

    /// <summary>What the library takes off its buffer's size for a message's header.</summary>
    public const int ChunkOverhead = 13;

    /// <summary>With 20 ms to the host and back, 90 MB/s.</summary>
    private const int MaximumHandles = 32;

    private readonly string _path;
    private readonly ConcurrentStack<SftpFileStream> _idle = [];
    private readonly SemaphoreSlim _free = new(MaximumHandles);

    /// <summary>Opens the file once; more handles follow as they are needed.</summary>
    /// <exception cref="SftpException">The server refuses.</exception>
    public SftpHandles(SshLink link, string path)
    {
        Link = link;
        _path = path;
        SftpFileStream first = link.Sftp.Open(path, FileMode.Open, FileAccess.Read);
        Length = first.CanSeek ? first.Length : 0;
        _idle.Push(first);
    }

    public SshLink Link { get; }

    /// <summary>Size in bytes as the server states it: 0 for a block device.</summary>
    public long Length { get; }

    /// <exception cref="EndOfStreamException">The file ends before the buffer is full.</exception>
    /// <exception cref="SftpException">The server cannot read.</exception>
    /// <exception cref="OperationCanceledException">The read was ended.</exception>
    public void Read(long offset, Memory<byte> buffer, CancellationToken ended)
    {
        int chunks = (buffer.Length + ChunkSize - 1) / ChunkSize;
        int next = -1;
        async Task ReadChunksAsync()
        {
            SftpFileStream stream = await RentAsync(ended).ConfigureAwait(false);
            try
            {
                for (int i = Interlocked.Increment(ref next); i < chunks; i = Interlocked.Increment(ref next))
                {
                    int start = i * ChunkSize;
                    await ReadChunkAsync(stream, offset + start, buffer.Slice(start, Math.Min(ChunkSize, buffer.Length - start)), ended).ConfigureAwait(false);
                }
            }
            finally
            {
                _idle.Push(stream);
                _free.Release();
            }
        }

        Task.WhenAll(Enumerable.Range(0, Math.Min(chunks, MaximumHandles)).Select(_ => ReadChunksAsync())).GetAwaiter().GetResult();
    }

    /// <summary>Closes the handles, when nobody reads any more. When the connection is lost, the server has closed them.</summary>
    public void Dispose()
    {
        try
        {
            Task.WhenAll(_idle.Select(s => s.DisposeAsync().AsTask())).GetAwaiter().GetResult();
        }
        catch (Exception e) when (SshFault.IsLost(e) || e is SftpException)
        {
            // What is not closed here is closed with the connection.
        }

        _free.Dispose();
    }

    private static async Task ReadChunkAsync(SftpFileStream stream, long offset, Memory<byte> chunk, CancellationToken ended)
    {
        // A stream that goes on where it was reads ahead; one that is moved makes one request, which is what is wanted here.
        stream.Position = offset + 1;
        stream.Position = offset;
        while (chunk.Length > 0)
        {
            int read = await stream.ReadAsync(chunk, ended).ConfigureAwait(false);
            if (read == 0)
            {
                throw new EndOfStreamException($"it ends at byte {offset}, earlier than when it was opened.");
            }

            chunk = chunk[read..];
            offset += read;
        }
    }

    private async Task<SftpFileStream> RentAsync(CancellationToken ended)
    {
        while (true)
        {
            await _free.WaitAsync(ended).ConfigureAwait(false);
            if (_idle.TryPop(out SftpFileStream? stream))
            {
                return stream;
            }

            try
            {
                return await Link.Sftp.OpenAsync(_path, FileMode.Open, FileAccess.Read, ended).ConfigureAwait(false);
            }
            catch (SftpException)
            {
                // The server has no more handles for us (old ones stop at 100 in all): this place stays taken, and one of the handles
                // at hand is waited for. There is one, the first.
            }
            catch
            {
                _free.Release();
                throw;
            }
        }
    }
}
