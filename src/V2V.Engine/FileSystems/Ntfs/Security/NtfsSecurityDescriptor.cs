namespace V2V.Engine.FileSystems.Ntfs.Security;

/// <summary>A security descriptor in its self-relative form ([MS-DTYP] 2.4.6), as $Secure and $SECURITY_DESCRIPTOR hold it.</summary>
internal sealed record NtfsSecurityDescriptor
{
    public const int HeaderSize = 20;

    /// <summary>An ACL has at most 64 KiB, and a SID 68 bytes.</summary>
    public const int MaxLength = HeaderSize + (2 * 0xFFFF) + (2 * 68);

    internal static class Offsets
    {
        public const int Revision = 0;
        public const int Control = 2;
        public const int Owner = 4;
        public const int Group = 8;
        public const int Sacl = 12;
        public const int Dacl = 16;
    }

    private const byte CurrentRevision = 1;

    public NtfsSecurityControl Control { get; init; } = NtfsSecurityControl.SelfRelative;

    public NtfsSid? Owner { get; init; }

    public NtfsSid? Group { get; init; }

    /// <summary>Audits and the integrity label; null when it is not there.</summary>
    public NtfsAcl? Sacl { get; init; }

    /// <summary>Null, with its bit in <see cref="Control"/>, lets everybody do everything.</summary>
    public NtfsAcl? Dacl { get; init; }

    /// <summary>Null when it is malformed.</summary>
    public static NtfsSecurityDescriptor? TryParse(ReadOnlySpan<byte> raw)
    {
        if (raw.Length < HeaderSize || raw[Offsets.Revision] != CurrentRevision)
        {
            return null;
        }

        var control = (NtfsSecurityControl)raw.U16(Offsets.Control);
        var isWhole = (control & NtfsSecurityControl.SelfRelative) != 0;
        var owner = TryPart(raw, Offsets.Owner, ref isWhole, p => NtfsSid.TryParse(p));
        var group = TryPart(raw, Offsets.Group, ref isWhole, p => NtfsSid.TryParse(p));
        var sacl = (control & NtfsSecurityControl.SaclPresent) == 0 ? null : TryPart(raw, Offsets.Sacl, ref isWhole, p => NtfsAcl.TryParse(p));
        var dacl = (control & NtfsSecurityControl.DaclPresent) == 0 ? null : TryPart(raw, Offsets.Dacl, ref isWhole, p => NtfsAcl.TryParse(p));
        return isWhole ? new NtfsSecurityDescriptor { Control = control, Owner = owner, Group = group, Sacl = sacl, Dacl = dacl } : null;
    }

    /// <summary>The ACLs first, then owner and group, as Windows lays them out.</summary>
    public byte[] ToBytes()
    {
        var raw = new byte[HeaderSize + (Sacl?.Length ?? 0) + (Dacl?.Length ?? 0) + (Owner?.Bytes.Length ?? 0) + (Group?.Bytes.Length ?? 0)];
        var span = raw.AsSpan();
        raw[Offsets.Revision] = CurrentRevision;
        span.Put16(Offsets.Control, (ushort)(Control | NtfsSecurityControl.SelfRelative));
        var at = HeaderSize;
        foreach (var (acl, offset) in new[] { (Sacl, Offsets.Sacl), (Dacl, Offsets.Dacl) })
        {
            if (acl is not null)
            {
                span.Put32(offset, (uint)at);
                acl.Write(span[at..]);
                at += acl.Length;
            }
        }

        foreach (var (sid, offset) in new[] { (Owner, Offsets.Owner), (Group, Offsets.Group) })
        {
            if (sid is not null)
            {
                span.Put32(offset, (uint)at);
                sid.Bytes.CopyTo(span[at..]);
                at += sid.Bytes.Length;
            }
        }

        return raw;
    }

    private delegate T? Parser<T>(ReadOnlySpan<byte> raw);

    private static T? TryPart<T>(ReadOnlySpan<byte> raw, int field, ref bool isWhole, Parser<T> parse)
        where T : class
    {
        var offset = raw.U32(field);
        if (offset == 0)
        {
            return null;
        }

        var part = offset < HeaderSize || offset > raw.Length ? null : parse(raw[(int)offset..]);
        isWhole &= part is not null;
        return part;
    }
}
