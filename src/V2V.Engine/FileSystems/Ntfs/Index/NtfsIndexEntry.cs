namespace V2V.Engine.FileSystems.Ntfs.Index;

/// <summary>
/// One entry of an index, without the pointer to the node below it: a key and either the file that it names or data.
/// The bytes are only valid until the index changes; <see cref="ToArray"/> keeps them.
/// </summary>
internal readonly struct NtfsIndexEntry
{
    public const int HeaderSize = 16;

    internal static class Offsets
    {
        /// <summary>$I30 only: reference of the file record.</summary>
        public const int FileReference = 0;

        /// <summary>Other indexes: where the data begins within the entry, and its length.</summary>
        public const int DataOffset = 0;
        public const int DataLength = 2;
        public const int Length = 8;
        public const int KeyLength = 10;
        public const int Flags = 12;
    }

    /// <summary>INDEX_ENTRY_NODE: the number of the node below stands in the last eight bytes.</summary>
    public const ushort FlagHasChild = 1;

    /// <summary>INDEX_ENTRY_END: the last of a node, which has no key.</summary>
    public const ushort FlagEnd = 2;

    private const int Alignment = 8;

    private readonly ReadOnlyMemory<byte> _raw;

    /// <param name="raw">Header, key, data and padding.</param>
    public NtfsIndexEntry(ReadOnlyMemory<byte> raw) => _raw = raw;

    public ReadOnlySpan<byte> Raw => _raw.Span;

    public int Length => _raw.Length;

    public ReadOnlySpan<byte> Key => Raw.Slice(HeaderSize, Raw.U16(Offsets.KeyLength));

    /// <summary>$I30 only: the file record's number with its sequence number in the upper sixteen bits.</summary>
    public ulong FileReference => Raw.U64(Offsets.FileReference);

    /// <summary>Not for $I30.</summary>
    public ReadOnlySpan<byte> Data => Raw.Slice(Raw.U16(Offsets.DataOffset), Raw.U16(Offsets.DataLength));

    /// <summary>Whether <see cref="Data"/> lies within the entry.</summary>
    public bool HasValidData
    {
        get
        {
            int offset = Raw.U16(Offsets.DataOffset);
            return offset >= HeaderSize && offset + Raw.U16(Offsets.DataLength) <= Length;
        }
    }

    /// <summary>An entry of a directory.</summary>
    public static NtfsIndexEntry ForFile(ulong reference, ReadOnlySpan<byte> key)
    {
        var raw = Build(key, Align(HeaderSize + key.Length));
        raw.AsSpan().Put64(Offsets.FileReference, reference);
        return new NtfsIndexEntry(raw);
    }

    /// <summary>An entry of a view index, such as $SII.</summary>
    /// <param name="key">What it is found by.</param>
    /// <param name="data">What it tells.</param>
    /// <param name="tail">Bytes behind the data that no field counts, but the entry's length.</param>
    public static NtfsIndexEntry ForData(ReadOnlySpan<byte> key, ReadOnlySpan<byte> data, ReadOnlySpan<byte> tail = default)
    {
        // Data is aligned as its own numbers need it: every key in use has a length of whole 32-bit words.
        var offset = HeaderSize + key.Length;
        var raw = Build(key, Align(offset + data.Length + tail.Length));
        raw.AsSpan().Put16(Offsets.DataOffset, offset);
        raw.AsSpan().Put16(Offsets.DataLength, data.Length);
        data.CopyTo(raw.AsSpan(offset));
        tail.CopyTo(raw.AsSpan(offset + data.Length));
        return new NtfsIndexEntry(raw);
    }

    /// <summary>The same entry with other bytes of the same length as key.</summary>
    public NtfsIndexEntry WithKey(ReadOnlySpan<byte> key)
    {
        var raw = Raw.ToArray();
        key.CopyTo(raw.AsSpan(HeaderSize));
        return new NtfsIndexEntry(raw);
    }

    /// <summary>A copy that stays valid.</summary>
    public NtfsIndexEntry ToArray() => new(Raw.ToArray());

    internal static int Align(int length) => (length + Alignment - 1) & -Alignment;

    private static byte[] Build(ReadOnlySpan<byte> key, int length)
    {
        var raw = new byte[length];
        raw.AsSpan().Put16(Offsets.Length, length);
        raw.AsSpan().Put16(Offsets.KeyLength, key.Length);
        key.CopyTo(raw.AsSpan(HeaderSize));
        return raw;
    }
}
