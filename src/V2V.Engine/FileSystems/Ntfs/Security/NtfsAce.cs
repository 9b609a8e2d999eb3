namespace V2V.Engine.FileSystems.Ntfs.Security;

/// <summary>
/// An entry of an ACL: what a SID may or may not do ([MS-DTYP] 2.4.4). Kinds that are not known, and conditions behind the SID, are kept as
/// they are.
/// </summary>
internal sealed record NtfsAce
{
    public const int HeaderSize = 4;

    public const byte TypeAllow = 0;

    private const byte TypeAllowCompound = 4;

    /// <summary>ObjectType and InheritedObjectType follow, each if its flag is set.</summary>
    private const uint ObjectTypeFlags = 3;

    private const int ObjectTypeSize = 16;

    private readonly byte[] _body;

    private NtfsAce(byte type, NtfsAceFlags flags, byte[] body)
    {
        Type = type;
        Flags = flags;
        _body = body;
    }

    public byte Type { get; }

    public NtfsAceFlags Flags { get; init; }

    /// <summary>Bytes on the disk.</summary>
    public int Length => HeaderSize + _body.Length;

    public uint Mask => _body.Length < sizeof(uint) ? 0 : _body.AsReadOnly().U32(0);

    /// <summary>Null for kinds without one, and malformed ones.</summary>
    public NtfsSid? Sid => SidOffset is { } offset && offset <= _body.Length ? NtfsSid.TryParse(_body.AsSpan(offset)) : null;

    /// <summary>Where the SID stands behind the header: behind the mask and, for the kinds of objects, GUIDs of their types.</summary>
    private int? SidOffset => Type switch
    {
        TypeAllowCompound => null,
        >= 5 and <= 8 or 0x0B or 0x0C or 0x0F or 0x10 => _body.Length < 2 * sizeof(uint)
            ? null
            : (2 * sizeof(uint)) + (ObjectTypeSize * System.Numerics.BitOperations.PopCount(_body.AsReadOnly().U32(sizeof(uint)) & ObjectTypeFlags)),
        _ => sizeof(uint),
    };

    public static NtfsAce Allow(NtfsSid sid, uint mask, NtfsAceFlags flags)
    {
        var body = new byte[sizeof(uint) + sid.Bytes.Length];
        body.AsSpan().Put32(0, mask);
        sid.Bytes.CopyTo(body.AsSpan(sizeof(uint)));
        return new NtfsAce(TypeAllow, flags, body);
    }

    /// <summary>Reads the ACE at the beginning of <paramref name="raw"/>; null when it is not a whole one.</summary>
    public static NtfsAce? TryParse(ReadOnlySpan<byte> raw)
    {
        if (raw.Length < HeaderSize || raw.U16(2) is var length && (length < HeaderSize || length > raw.Length))
        {
            return null;
        }

        return new NtfsAce(raw[0], (NtfsAceFlags)raw[1], raw[HeaderSize..raw.U16(2)].ToArray());
    }

    /// <summary>The same ACE with other rights for another SID.</summary>
    public NtfsAce With(uint mask, NtfsSid sid)
    {
        if (Sid is not { } old || SidOffset is not { } offset)
        {
            return this;
        }

        byte[] body = [.. _body.AsSpan(0, offset), .. sid.Bytes, .. _body.AsSpan(offset + old.Bytes.Length)];
        body.AsSpan().Put32(0, mask);
        return new NtfsAce(Type, Flags, body);
    }

    public void Write(Span<byte> target)
    {
        target[0] = Type;
        target[1] = (byte)Flags;
        target.Put16(2, Length);
        _body.CopyTo(target[HeaderSize..]);
    }
}
