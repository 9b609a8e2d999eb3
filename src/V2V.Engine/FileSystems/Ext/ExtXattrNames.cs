using System.Text;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>The name prefixes that e_name_index stands for (Documentation/filesystems/ext4/attributes.rst).</summary>
internal static class ExtXattrNames
{
    public const byte SystemIndex = 7;

    /// <summary>system.data: the part of inline data that i_block does not hold. No attribute for users.</summary>
    public const string InlineDataName = "data";

    private const int MaxNameLength = 255;

    /// <summary>Prefixes by index; those without a final dot are whole names. More specific ones stand first.</summary>
    private static readonly (byte Index, string Prefix)[] s_prefixes =
    [
        (ExtAcl.AccessIndex, PosixAcl.AccessName),
        (ExtAcl.DefaultIndex, PosixAcl.DefaultName),
        (8, "system.richacl"),
        (1, "user."),
        (4, "trusted."),
        (6, "security."),
        (10, "gnu."),
        (SystemIndex, "system."),
    ];

    /// <summary>The full name, or null for an attribute that the kernel does not show either.</summary>
    public static string? Join(byte index, ReadOnlySpan<byte> name)
    {
        if (index == SystemIndex && name.SequenceEqual("data"u8))
        {
            return null;
        }

        foreach (var (known, prefix) in s_prefixes)
        {
            if (known == index && prefix.EndsWith('.') == !name.IsEmpty)
            {
                return prefix + GuestText.Decode(name);
            }
        }

        return null;
    }

    /// <exception cref="GuestFileSystemException">The prefix is unknown or the name too long.</exception>
    public static (byte Index, byte[] Name) Split(string fullName, string path)
    {
        foreach (var (index, prefix) in s_prefixes)
        {
            if (prefix.EndsWith('.') ? fullName.StartsWith(prefix, StringComparison.Ordinal) && fullName.Length > prefix.Length : fullName == prefix)
            {
                var name = GuestText.Encode(fullName[prefix.Length..]);
                if (name.Length > MaxNameLength || (index == SystemIndex && Encoding.ASCII.GetString(name) == InlineDataName))
                {
                    break;
                }

                return (index, name);
            }
        }

        throw ExtErrors.Invalid(path, $"ext file systems cannot hold an extended attribute named \"{fullName}\".");
    }
}
