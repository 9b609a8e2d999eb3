namespace V2V.Engine.FileSystems.Xfs;

/// <summary>An attribute as stored.</summary>
/// <param name="Flags">Namespace and state.</param>
/// <param name="Name">The name without the prefix that the namespace stands for.</param>
/// <param name="Hash">Hash of the name.</param>
/// <param name="Value">The value; empty when it stands in blocks of its own.</param>
/// <param name="RemoteBlock">First of these blocks within the fork.</param>
/// <param name="RemoteLength">Bytes of the value there.</param>
internal sealed record XfsAttribute(XfsAttributeFlags Flags, byte[] Name, uint Hash, byte[] Value, uint RemoteBlock, int RemoteLength)
{
    /// <summary>The kernel's XFS_XATTR_SIZE_MAX.</summary>
    public const int MaxValueSize = 65536;

    public bool IsLocal => Flags.HasFlag(XfsAttributeFlags.Local);

    public bool Is(XfsAttributeFlags space, ReadOnlySpan<byte> name) =>
        (Flags & XfsAttributeFlags.Namespaces) == space && !Flags.HasFlag(XfsAttributeFlags.Incomplete) && name.SequenceEqual(Name);
}
