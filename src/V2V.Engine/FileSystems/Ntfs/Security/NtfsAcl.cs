namespace V2V.Engine.FileSystems.Ntfs.Security;

/// <summary>An access control list ([MS-DTYP] 2.4.5).</summary>
internal sealed record NtfsAcl(byte Revision, IReadOnlyList<NtfsAce> Aces)
{
    /// <summary>ACL_REVISION: no ACE of an object's kind is in it.</summary>
    public const byte RevisionPlain = 2;

    private const int HeaderSize = 8;

    internal static class Offsets
    {
        public const int Revision = 0;
        public const int Length = 2;
        public const int Count = 4;
    }

    public int Length => HeaderSize + Aces.Sum(a => a.Length);

    /// <summary>Reads the ACL at the beginning of <paramref name="raw"/>; null when it is malformed.</summary>
    public static NtfsAcl? TryParse(ReadOnlySpan<byte> raw)
    {
        if (raw.Length < HeaderSize || raw.U16(Offsets.Length) is var length && (length < HeaderSize || length > raw.Length))
        {
            return null;
        }

        var rest = raw[HeaderSize..raw.U16(Offsets.Length)];
        var aces = new List<NtfsAce>();
        for (var left = raw.U16(Offsets.Count); left > 0; left--)
        {
            if (NtfsAce.TryParse(rest) is not { } ace)
            {
                return null;
            }

            aces.Add(ace);
            rest = rest[ace.Length..];
        }

        return new NtfsAcl(raw[Offsets.Revision], aces);
    }

    public void Write(Span<byte> target)
    {
        target[Offsets.Revision] = Revision;
        target.Put16(Offsets.Length, Length);
        target.Put16(Offsets.Count, Aces.Count);
        target = target[HeaderSize..];
        foreach (var ace in Aces)
        {
            ace.Write(target);
            target = target[ace.Length..];
        }
    }
}
