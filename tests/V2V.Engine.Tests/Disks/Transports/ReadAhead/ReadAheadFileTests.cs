using System.Buffers.Binary;
using System.Collections.Concurrent;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Disks.Transports.ReadAhead;
using Xunit;

namespace V2V.Engine.Tests.Disks.Transports.ReadAhead;

public sealed class ReadAheadFileTests
{
    private const int Block = ReadAheadFile.BlockSize;

    [Fact]
    public void Random_reads_of_several_threads_are_right_and_ask_for_no_block_twice()
    {
        var far = new FarFile((20 << 20) + 777);
        using (var file = ReadAheadFile.Over(far))
        {
            Parallel.For(0, 8, seed =>
            {
                var random = new Random(seed);
                for (int i = 0; i < 200; i++)
                {
                    int length = random.Next(3) == 0 ? random.Next(3 << 20) : random.Next(1, 5000);
                    Check(file, random.NextInt64(file.Length - length + 1), length);
                }
            });
            Check(file, file.Length - 10, 10);
            Check(file, file.Length, 0);
        }

        Assert.True(far.IsDisposed);
        Assert.All(far.Requests.SelectMany(r => Blocks(r.Offset, r.Length)).GroupBy(b => b), b => Assert.Single(b));
    }

    [Fact]
    public void Reads_that_do_not_follow_each_other_ask_for_one_block_each()
    {
        var far = new FarFile(64 << 20);
        using var file = ReadAheadFile.Over(far);
        long[] places = [40 << 20, 3 << 20, 60 << 20, 21 << 20, 10 << 20, 33 << 20];
        foreach (long place in places)
        {
            Check(file, place + 512, 4096);
            Check(file, place + 512, 4096);
        }

        Assert.Equal(places.Select(p => (p, Block)), far.Requests.Select(r => (r.Offset, r.Length)));
    }

    [Fact]
    public void A_sequential_reader_has_several_requests_under_way()
    {
        // Nothing is answered before four requests have come, which never happens without reading ahead.
        using var together = new CountdownEvent(4);
        var far = new FarFile(32 << 20)
        {
            OnRead = (offset, _) =>
            {
                if (offset >= 4 << 20)
                {
                    if (!together.IsSet)
                    {
                        together.Signal();
                    }

                    Assert.True(together.Wait(TimeSpan.FromSeconds(30)), "There were never four requests under way.");
                }
            },
        };
        using var file = ReadAheadFile.Over(far);
        for (long offset = 0; offset < file.Length; offset += 1 << 20)
        {
            Check(file, offset, 1 << 20);
        }

        Assert.Equal(file.Length, far.Requests.Sum(r => (long)r.Length));
    }

    [Fact]
    public void Threads_that_take_turns_in_one_run_are_read_ahead_of()
    {
        var far = new FarFile(48 << 20);
        using var file = ReadAheadFile.Over(far);
        foreach (int order in Enumerable.Range(0, 12).SelectMany(group => new[] { 2, 0, 1, 3 }.Select(i => group * 4 + i)))
        {
            Check(file, (long)order << 20, 1 << 20);
        }

        Assert.Contains(far.Requests, r => r.Thread != Environment.CurrentManagedThreadId && r.Offset > 40 << 20);
        Assert.Equal(file.Length, far.Requests.Sum(r => (long)r.Length));
    }

    [Fact]
    public void A_failure_is_thrown_to_the_read_that_needs_the_bytes_and_forgotten()
    {
        const int Bad = (5 << 20) + 100_000;
        bool isBroken = true;
        var far = new FarFile(16 << 20)
        {
            OnRead = (offset, length) =>
            {
                if (isBroken && offset <= Bad && Bad < offset + length)
                {
                    throw new DiskImageException(V2VError.DiskImageReadFailed, "broken") { Path = "/far", Offset = Bad, IsConfined = true };
                }
            },
        };
        using var file = ReadAheadFile.Over(far);
        for (int offset = 0; offset < 5 << 20; offset += 1 << 20)
        {
            Check(file, offset, 1 << 20);
        }

        // The same request as the failed one's, but for blocks beside the bad one.
        Check(file, 5 << 20, Block);
        Check(file, 6 << 20, 2 << 20);
        var error = Assert.Throws<DiskImageException>(() => file.Read(Bad - 50, new byte[100]));
        Assert.Equal(Bad, error.Offset);
        isBroken = false;
        Check(file, Bad - 50, 100);
    }

    [Fact]
    public void What_is_kept_is_bounded()
    {
        var far = new FarFile(2 * ReadAheadFile.CacheLimit);
        using var file = ReadAheadFile.Over(far);
        for (long offset = 0; offset < file.Length; offset += 1 << 20)
        {
            Check(file, offset, 1 << 20);
        }

        int requests = far.Requests.Count;
        Check(file, file.Length - (1 << 20), 1 << 20);
        Assert.Equal(requests, far.Requests.Count);
        Check(file, 0, 1 << 20);
        Assert.Equal(requests + 1, far.Requests.Count);
    }

    [Fact]
    public void A_closed_file_is_read_no_more()
    {
        var far = new FarFile(16 << 20);
        var file = ReadAheadFile.Over(far);
        file.Read(0, new byte[1 << 20]);
        file.Read(1 << 20, new byte[1 << 20]);
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Read(0, new byte[10]));
        file.Dispose();
    }

    private static IEnumerable<long> Blocks(long offset, int length)
    {
        for (long block = offset / Block; block * Block < offset + length; block++)
        {
            yield return block;
        }
    }

    private static void Check(ReadAheadFile file, long offset, int length)
    {
        byte[] read = new byte[length];
        file.Read(offset, read);
        byte[] expected = new byte[length];
        FarFile.Fill(offset, expected);
        Assert.True(read.AsSpan().SequenceEqual(expected), $"{length} bytes at {offset} differ.");
    }

    /// <summary>A file whose every 8 bytes are their position, and that tells what was asked of it.</summary>
    private sealed class FarFile(long length) : DiskFile
    {
        public ConcurrentQueue<(long Offset, int Length, int Thread)> Requests { get; } = [];

        public Action<long, int>? OnRead { get; init; }

        public bool IsDisposed { get; private set; }

        public override string Path => "/far";

        public override long Length => length;

        public static void Fill(long offset, Span<byte> buffer)
        {
            byte[] whole = new byte[buffer.Length + 16];
            long start = offset & -8;
            for (int i = 0; i + 8 <= whole.Length; i += 8)
            {
                BinaryPrimitives.WriteInt64LittleEndian(whole.AsSpan(i), start + i);
            }

            whole.AsSpan((int)(offset - start), buffer.Length).CopyTo(buffer);
        }

        public override void Read(long offset, Span<byte> buffer)
        {
            CheckRange(offset, buffer.Length);
            OnRead?.Invoke(offset, buffer.Length);
            Requests.Enqueue((offset, buffer.Length, Environment.CurrentManagedThreadId));
            Fill(offset, buffer);
        }

        protected override void Dispose(bool disposing)
        {
            IsDisposed = true;
            base.Dispose(disposing);
        }
    }
}
