using System.Runtime.InteropServices;

namespace V2V.Engine.FileSystems.Ntfs.Index;

/// <summary>The kinds of a name. Win32AndDos serves as both.</summary>
internal enum NtfsNamespace : byte
{
    Posix = 0,
    Win32 = 1,
    Dos = 2,
    Win32AndDos = 3,
}

/// <summary>
/// $FILE_NAME: a name of a file in a directory, with copies of what a listing shows. It is the value of the attribute in the file record and
/// the key in the directory's index; Windows brings the copies in the index up to date and lets those in the file record age.
/// Times are 100 ns units since 1601.
/// </summary>
internal sealed record NtfsFileName
{
    public const int HeaderSize = 66;

    /// <summary>Characters of the longest name.</summary>
    public const int MaxLength = 255;

    internal static class Offsets
    {
        public const int Parent = 0;
        public const int Created = 8;
        public const int Modified = 16;
        public const int RecordModified = 24;
        public const int Accessed = 32;
        public const int AllocatedLength = 40;
        public const int DataLength = 48;
        public const int Flags = 56;

        /// <summary>The reparse tag of a reparse point, else the packed length of extended attributes.</summary>
        public const int ReparseTag = 60;
        public const int NameLength = 64;
        public const int Namespace = 65;
    }

    /// <summary>Reference of the directory: number of the record, sequence number in the upper sixteen bits.</summary>
    public required ulong Parent { get; init; }

    public ulong Created { get; init; }

    public ulong Modified { get; init; }

    public ulong RecordModified { get; init; }

    public ulong Accessed { get; init; }

    /// <summary>Bytes of the unnamed data stream on the disk; 0 for a directory.</summary>
    public long AllocatedLength { get; init; }

    public long DataLength { get; init; }

    public NtfsFileFlags Flags { get; init; }

    public uint ReparseTag { get; init; }

    public required NtfsNamespace Namespace { get; init; }

    public required string Name { get; init; }

    public bool IsDirectory => (Flags & NtfsFileFlags.Directory) != 0;

    /// <summary>Null when the bytes are not a whole $FILE_NAME.</summary>
    public static NtfsFileName? TryParse(ReadOnlySpan<byte> raw)
    {
        if (!IsWhole(raw))
        {
            return null;
        }

        return new NtfsFileName
        {
            Parent = raw.U64(Offsets.Parent),
            Created = raw.U64(Offsets.Created),
            Modified = raw.U64(Offsets.Modified),
            RecordModified = raw.U64(Offsets.RecordModified),
            Accessed = raw.U64(Offsets.Accessed),
            AllocatedLength = raw.I64(Offsets.AllocatedLength),
            DataLength = raw.I64(Offsets.DataLength),
            Flags = (NtfsFileFlags)raw.U32(Offsets.Flags),
            ReparseTag = raw.U32(Offsets.ReparseTag),
            Namespace = (NtfsNamespace)raw[Offsets.Namespace],
            Name = new string(MemoryMarshal.Cast<byte, char>(NameBytes(raw))),
        };
    }

    public byte[] ToBytes()
    {
        var raw = SearchKey(Name);
        var span = raw.AsSpan();
        span.Put64(Offsets.Parent, Parent);
        span.Put64(Offsets.Created, Created);
        span.Put64(Offsets.Modified, Modified);
        span.Put64(Offsets.RecordModified, RecordModified);
        span.Put64(Offsets.Accessed, Accessed);
        span.PutI64(Offsets.AllocatedLength, AllocatedLength);
        span.PutI64(Offsets.DataLength, DataLength);
        span.Put32(Offsets.Flags, (uint)Flags);
        span.Put32(Offsets.ReparseTag, ReparseTag);
        raw[Offsets.Namespace] = (byte)Namespace;
        return raw;
    }

    /// <summary>A key to look <paramref name="name"/> up by.</summary>
    /// <exception cref="ArgumentException">The name is empty or longer than 255 characters.</exception>
    public static byte[] SearchKey(string name)
    {
        if (name.Length is 0 or > MaxLength)
        {
            throw new ArgumentException($"A name of {name.Length} characters.", nameof(name));
        }

        var raw = new byte[HeaderSize + (name.Length * sizeof(char))];
        raw[Offsets.NameLength] = (byte)name.Length;
        MemoryMarshal.AsBytes(name.AsSpan()).CopyTo(raw.AsSpan(HeaderSize));
        return raw;
    }

    /// <summary>The name within a key, in UTF-16LE; as much of it as is there when the key is malformed.</summary>
    public static ReadOnlySpan<byte> NameBytes(ReadOnlySpan<byte> key)
    {
        if (key.Length < HeaderSize)
        {
            return [];
        }

        var length = Math.Min(key[Offsets.NameLength] * sizeof(char), (key.Length - HeaderSize) & ~1);
        return key.Slice(HeaderSize, length);
    }

    private static bool IsWhole(ReadOnlySpan<byte> raw) =>
        raw.Length > HeaderSize && raw[Offsets.NameLength] > 0 && raw.Length >= HeaderSize + (raw[Offsets.NameLength] * sizeof(char));
}
