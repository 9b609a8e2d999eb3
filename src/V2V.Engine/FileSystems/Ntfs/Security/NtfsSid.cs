using System.Buffers.Binary;
using System.Globalization;

namespace V2V.Engine.FileSystems.Ntfs.Security;

/// <summary>A security identifier: who may do something ([MS-DTYP] 2.4.2.2).</summary>
internal sealed class NtfsSid : IEquatable<NtfsSid>
{
    private const byte Revision = 1;

    private const int HeaderSize = 8;

    private const int MaxSubAuthorities = 15;

    private const ulong AuthorityCreator = 3;

    private const ulong AuthorityNt = 5;

    private const uint Builtin = 32;

    private readonly byte[] _bytes;

    private NtfsSid(byte[] bytes) => _bytes = bytes;

    public static NtfsSid CreatorOwner { get; } = Create(AuthorityCreator, 0);

    public static NtfsSid CreatorGroup { get; } = Create(AuthorityCreator, 1);

    public static NtfsSid LocalSystem { get; } = Create(AuthorityNt, 18);

    public static NtfsSid Administrators { get; } = Create(AuthorityNt, Builtin, 544);

    public static NtfsSid Users { get; } = Create(AuthorityNt, Builtin, 545);

    public ReadOnlySpan<byte> Bytes => _bytes;

    public static NtfsSid Create(ulong authority, params ReadOnlySpan<uint> subAuthorities)
    {
        var bytes = new byte[HeaderSize + (subAuthorities.Length * sizeof(uint))];
        bytes[0] = Revision;
        bytes[1] = (byte)subAuthorities.Length;
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), (ushort)(authority >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), (uint)authority);
        for (var i = 0; i < subAuthorities.Length; i++)
        {
            bytes.AsSpan().Put32(HeaderSize + (i * sizeof(uint)), subAuthorities[i]);
        }

        return new NtfsSid(bytes);
    }

    /// <summary>Reads the SID at the beginning of <paramref name="raw"/>; null when it is not a whole one.</summary>
    public static NtfsSid? TryParse(ReadOnlySpan<byte> raw)
    {
        if (raw.Length < HeaderSize || raw[0] != Revision || raw[1] > MaxSubAuthorities || raw.Length < HeaderSize + (raw[1] * sizeof(uint)))
        {
            return null;
        }

        return new NtfsSid(raw[..(HeaderSize + (raw[1] * sizeof(uint)))].ToArray());
    }

    public bool Equals(NtfsSid? other) => other is not null && Bytes.SequenceEqual(other.Bytes);

    public override bool Equals(object? obj) => Equals(obj as NtfsSid);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(Bytes);
        return hash.ToHashCode();
    }

    /// <summary>As in SDDL: S-1-5-32-544.</summary>
    public override string ToString()
    {
        var authority = ((ulong)BinaryPrimitives.ReadUInt16BigEndian(Bytes[2..]) << 32) | BinaryPrimitives.ReadUInt32BigEndian(Bytes[4..]);
        var text = string.Create(CultureInfo.InvariantCulture, $"S-{Revision}-{authority}");
        for (var at = HeaderSize; at < Bytes.Length; at += sizeof(uint))
        {
            text += string.Create(CultureInfo.InvariantCulture, $"-{Bytes.U32(at)}");
        }

        return text;
    }
}
