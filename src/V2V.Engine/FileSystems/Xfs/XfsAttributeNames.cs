namespace V2V.Engine.FileSystems.Xfs;

/// <summary>What the flags of an attribute say of it (XFS_ATTR_*).</summary>
[Flags]
internal enum XfsAttributeFlags : byte
{
    None = 0,
    /// <summary>In a leaf: the value stands with the name, not in blocks of its own.</summary>
    Local = 1,
    /// <summary>Namespace "trusted", where the kernel keeps ACLs too.</summary>
    Root = 2,
    /// <summary>Namespace "security".</summary>
    Secure = 4,
    /// <summary>A parent pointer (feature parent), no attribute for users.</summary>
    Parent = 8,
    /// <summary>Was being created or removed when the system stopped: not there for users.</summary>
    Incomplete = 0x80,
    /// <summary>Flags that tell attributes of one name apart.</summary>
    Namespaces = Root | Secure | Parent,
}

/// <summary>The full names of attributes, as the kernel shows them, and how they are stored.</summary>
internal static class XfsAttributeNames
{
    private const string AccessAcl = "SGI_ACL_FILE";

    private const string DefaultAcl = "SGI_ACL_DEFAULT";

    private const string TrustedPrefix = "trusted.";

    private const int MaxNameLength = 255;

    private static readonly (XfsAttributeFlags Namespace, string Prefix)[] s_prefixes =
        [(XfsAttributeFlags.None, "user."), (XfsAttributeFlags.Root, TrustedPrefix), (XfsAttributeFlags.Secure, "security.")];

    /// <summary>The full name, or null for an attribute that is not shown to users.</summary>
    public static string? Join(XfsAttributeFlags flags, ReadOnlySpan<byte> name)
    {
        if (flags.HasFlag(XfsAttributeFlags.Incomplete))
        {
            return null;
        }

        var space = flags & ~XfsAttributeFlags.Local;
        if (space == XfsAttributeFlags.Root && name.SequenceEqual("SGI_ACL_FILE"u8))
        {
            return PosixAcl.AccessName;
        }

        if (space == XfsAttributeFlags.Root && name.SequenceEqual("SGI_ACL_DEFAULT"u8))
        {
            return PosixAcl.DefaultName;
        }

        foreach (var (known, prefix) in s_prefixes)
        {
            if (known == space)
            {
                return prefix + GuestText.Decode(name);
            }
        }

        return null;
    }

    /// <exception cref="GuestFileSystemException">The prefix is unknown or the name too long.</exception>
    public static (XfsAttributeFlags Namespace, byte[] Name) Split(string fullName, string path)
    {
        // The stored form of an ACL goes by its own name only, so that nothing but an ACL is put there.
        if (fullName is not (TrustedPrefix + AccessAcl or TrustedPrefix + DefaultAcl))
        {
            fullName = fullName switch
            {
                PosixAcl.AccessName => TrustedPrefix + AccessAcl,
                PosixAcl.DefaultName => TrustedPrefix + DefaultAcl,
                _ => fullName,
            };
            foreach (var (space, prefix) in s_prefixes)
            {
                if (fullName.StartsWith(prefix, StringComparison.Ordinal)
                    && GuestText.Encode(fullName[prefix.Length..]) is { Length: > 0 and <= MaxNameLength } name)
                {
                    return (space, name);
                }
            }
        }

        throw XfsErrors.Invalid(path, $"XFS file systems cannot hold an extended attribute named \"{fullName}\".");
    }
}
