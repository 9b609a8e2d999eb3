using System.Buffers.Binary;
using V2V.Engine.FileSystems.Ntfs.Index;
using V2V.Engine.FileSystems.Ntfs.Security;
using V2V.Engine.Tests.FileSystems.Ntfs.Index;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs.Security;

/// <summary>$Secure in memory. The one of a volume is judged by ntfssecaudit, with the file system that it belongs to.</summary>
public sealed class NtfsSecureTests
{
    private const int Block = 256 << 10;

    [Fact]
    public void Descriptors_are_shared_and_stand_twice()
    {
        var store = new MemoryStore();
        var secure = new NtfsSecure(store);
        var random = new Random(1);
        var ids = new Dictionary<uint, byte[]>();
        for (var i = 0; i < 3000; i++)
        {
            var descriptor = new byte[random.Next(20, i % 100 == 0 ? 60000 : 400)];
            random.NextBytes(descriptor);
            var id = secure.FindOrAdd(descriptor);
            Assert.True(ids.TryAdd(id, descriptor));
            Assert.Equal(0x100u + (uint)i, id);
        }

        foreach (var (id, descriptor) in ids)
        {
            Assert.Equal(descriptor, secure.Find(id));
            Assert.Equal(id, secure.FindOrAdd(descriptor));
        }

        Assert.Null(secure.Find(5));
        CheckStream(store, ids);

        // Where one copy is lost the other one serves.
        var entry = new NtfsIndex(store.ById, NtfsCollation.UInt32).Find(BitConverter.GetBytes(0x200u))!.Value.Data.ToArray();
        var at = (int)BinaryPrimitives.ReadInt64LittleEndian(entry.AsSpan(8));
        store.Data[at + 25] ^= 1;
        Assert.Equal(ids[0x200], secure.Find(0x200));
        store.Data[at + 25] ^= 1;
        store.Data[at + Block + 3] ^= 1;
        Assert.Equal(ids[0x200], secure.Find(0x200));
        store.Data[at + 3] ^= 1;
        Assert.Throws<GuestFileSystemException>(() => secure.Find(0x200));
    }

    [Fact]
    public void Descriptors_of_equal_hash_are_told_apart()
    {
        // The hash adds the second word to the first one rotated by three bits.
        var secure = new NtfsSecure(new MemoryStore());
        byte[] Descriptor(uint first, uint second) => [.. BitConverter.GetBytes(first), .. BitConverter.GetBytes(second)];
        var pairs = Enumerable.Range(0, 500).Select(i => Descriptor((uint)i, 100000 - ((uint)i * 8))).ToArray();
        Assert.Single(pairs.Select(p => NtfsSecurityEntry.HashOf(p)).Distinct());
        var ids = pairs.Select(p => secure.FindOrAdd(p)).ToArray();
        Assert.Equal(500, ids.Distinct().Count());
        Assert.Equal(ids, pairs.Select(p => secure.FindOrAdd(p)));
        Assert.Equal(pairs, ids.Select(i => secure.Find(i)!));
    }

    [Fact]
    public void What_chkdsk_removed_at_the_end_is_written_over()
    {
        var store = new MemoryStore();
        var secure = new NtfsSecure(store);
        var ids = Enumerable.Range(0, 10).ToDictionary(i => secure.FindOrAdd(new byte[100 + i]), i => new byte[100 + i]);
        foreach (var id in new uint[] { 0x108, 0x109 })
        {
            var hash = NtfsSecurityEntry.HashOf(ids[id]);
            Assert.True(new NtfsIndex(store.ById, NtfsCollation.UInt32).Delete(BitConverter.GetBytes(id)));
            Assert.True(new NtfsIndex(store.ByHash, NtfsCollation.SecurityHash).Delete([.. BitConverter.GetBytes(hash), .. BitConverter.GetBytes(id)]));
            ids.Remove(id);
        }

        byte[] added = [.. Enumerable.Repeat((byte)3, 64)];
        Assert.Equal(0x108u, secure.FindOrAdd(added));
        ids.Add(0x108, added);
        CheckStream(store, ids);
    }

    /// <summary>Walks $SDS as chkdsk does, from entry to entry.</summary>
    private static void CheckStream(MemoryStore store, Dictionary<uint, byte[]> ids)
    {
        var data = store.Data;
        var found = new HashSet<uint>();
        for (var at = 0; at + 20 <= data.Length - Block;)
        {
            var id = BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan(at + 4));
            if (id == 0)
            {
                at = (at & ~(Block - 1)) + (2 * Block);
                continue;
            }

            var length = BinaryPrimitives.ReadInt32LittleEndian(data.AsSpan(at + 16));
            Assert.Equal(at, BinaryPrimitives.ReadInt64LittleEndian(data.AsSpan(at + 8)));
            Assert.Equal(ids[id], data[(at + 20)..(at + length)]);
            Assert.True(data.AsSpan(at, length).SequenceEqual(data.AsSpan(at + Block, length)), $"The copy of 0x{id:X} differs.");
            Assert.Equal(at / Block, (at + length - 1) / Block);
            Assert.Equal(0, at / Block % 2);
            Assert.True(found.Add(id));
            at = (at + length + 15) & ~15;
            if (at % Block == 0)
            {
                at += Block;
            }
        }

        Assert.Equal(ids.Keys.Order(), found.Order());
        Assert.Equal(ids.Count, new NtfsIndex(store.ById, NtfsCollation.UInt32).Entries().Count(e => e.Length == 0x28));
        Assert.Equal(ids.Count, new NtfsIndex(store.ByHash, NtfsCollation.SecurityHash).Entries().Count(e => e.Length == 0x30));
    }

    private sealed class MemoryStore : NtfsSecureStore
    {
        public byte[] Data { get; private set; } = [];

        public override NtfsIndexStore ById { get; } = new NtfsMemoryIndex(NtfsCollation.UInt32, 4096, 4096, 300);

        public override NtfsIndexStore ByHash { get; } = new NtfsMemoryIndex(NtfsCollation.SecurityHash, 4096, 4096, 300);

        public override long DataLength => Data.Length;

        public override void ReadData(long offset, Span<byte> buffer) => Data.AsSpan((int)offset, buffer.Length).CopyTo(buffer);

        public override void WriteData(long offset, ReadOnlySpan<byte> data)
        {
            Assert.InRange(offset, 0, Data.Length);
            if (offset + data.Length > Data.Length)
            {
                var longer = Data;
                Array.Resize(ref longer, (int)offset + data.Length);
                Data = longer;
            }

            data.CopyTo(Data.AsSpan((int)offset));
        }

        public override void TruncateData(long length) => Data = Data[..(int)length];
    }
}
