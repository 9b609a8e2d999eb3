namespace V2V.Engine.FileSystems.Ntfs.Security;

/// <summary>
/// The descriptor that Windows gives a new file or directory, when the one who creates it asks for none: the inheritable entries of the
/// parent's ([MS-DTYP] 2.5.3.4), owned by the administrators as what SYSTEM creates is.
/// </summary>
internal static class NtfsSecurityInheritance
{
    private static readonly NtfsSid Owner = NtfsSid.Administrators;

    private static readonly NtfsSid Group = NtfsSid.LocalSystem;

    /// <summary>The descriptor for a new file in a directory.</summary>
    /// <param name="parent">Descriptor of the directory; null when it has none or a malformed one.</param>
    /// <param name="isDirectory">The new one is a directory itself.</param>
    public static NtfsSecurityDescriptor ForChild(NtfsSecurityDescriptor? parent, bool isDirectory)
    {
        var dacl = Inherit(parent?.Dacl, isDirectory);
        if (dacl is null)
        {
            return Default(isDirectory);
        }

        var sacl = Inherit(parent?.Sacl, isDirectory);
        return new NtfsSecurityDescriptor
        {
            Control = NtfsSecurityControl.SelfRelative | NtfsSecurityControl.DaclPresent | NtfsSecurityControl.DaclAutoInherited
                | (sacl is null ? NtfsSecurityControl.None : NtfsSecurityControl.SaclPresent | NtfsSecurityControl.SaclAutoInherited),
            Owner = Owner,
            Group = Group,
            Dacl = dacl,
            Sacl = sacl,
        };
    }

    /// <summary>For where the parent hands nothing on: SYSTEM and the administrators may do everything, users read and execute.</summary>
    public static NtfsSecurityDescriptor Default(bool isDirectory)
    {
        var flags = isDirectory ? NtfsAceFlags.ObjectInherit | NtfsAceFlags.ContainerInherit : NtfsAceFlags.None;
        return new NtfsSecurityDescriptor
        {
            Control = NtfsSecurityControl.SelfRelative | NtfsSecurityControl.DaclPresent,
            Owner = Owner,
            Group = Group,
            Dacl = new NtfsAcl(
                NtfsAcl.RevisionPlain,
                [
                    NtfsAce.Allow(NtfsSid.LocalSystem, NtfsAccess.Full, flags),
                    NtfsAce.Allow(NtfsSid.Administrators, NtfsAccess.Full, flags),
                    NtfsAce.Allow(NtfsSid.Users, NtfsAccess.ReadExecute, flags),
                ]),
        };
    }

    private static NtfsAcl? Inherit(NtfsAcl? parent, bool isDirectory)
    {
        var aces = new List<NtfsAce>();
        foreach (var ace in parent?.Aces ?? [])
        {
            aces.AddRange(Inherit(ace, isDirectory));
        }

        return aces.Count == 0 ? null : new NtfsAcl(parent!.Revision, aces);
    }

    private static IEnumerable<NtfsAce> Inherit(NtfsAce ace, bool isDirectory)
    {
        var isApplied = (ace.Flags & (isDirectory ? NtfsAceFlags.ContainerInherit : NtfsAceFlags.ObjectInherit)) != 0;
        var handedOn = isDirectory && (ace.Flags & NtfsAceFlags.NoPropagateInherit) == 0
            ? ace.Flags & (NtfsAceFlags.ObjectInherit | NtfsAceFlags.ContainerInherit)
            : NtfsAceFlags.None;
        var kept = (ace.Flags & ~NtfsAceFlags.Inheritance) | NtfsAceFlags.Inherited;
        if (!isApplied)
        {
            return handedOn == NtfsAceFlags.None ? [] : [ace with { Flags = kept | handedOn | NtfsAceFlags.InheritOnly }];
        }

        // What applies here has rights and a SID of its own. Where these differ from what the directory hands on, two entries tell them apart.
        var applied = Resolve(ace);
        if (handedOn == NtfsAceFlags.None || ReferenceEquals(applied, ace))
        {
            return [applied with { Flags = kept | handedOn }];
        }

        return [applied with { Flags = kept }, ace with { Flags = kept | handedOn | NtfsAceFlags.InheritOnly }];
    }

    private static NtfsAce Resolve(NtfsAce ace)
    {
        if (ace.Sid is not { } sid)
        {
            return ace;
        }

        var holder = sid.Equals(NtfsSid.CreatorOwner) ? Owner : sid.Equals(NtfsSid.CreatorGroup) ? Group : sid;
        var mask = NtfsAccess.MapGeneric(ace.Mask);
        return mask == ace.Mask && ReferenceEquals(holder, sid) ? ace : ace.With(mask, holder);
    }
}
