namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>The value of $REPARSE_POINT (REPARSE_DATA_BUFFER, MS-FSCC 2.1.2).</summary>
/// <param name="Tag">What it is for.</param>
/// <param name="Data">What follows the header.</param>
internal sealed record NtfsReparsePoint(NtfsReparseTag Tag, byte[] Data)
{
    /// <summary>The most that Windows stores (MAXIMUM_REPARSE_DATA_BUFFER_SIZE).</summary>
    public const int MaxSize = 16 << 10;

    private const int HeaderSize = 8;
    private const int RelativeFlag = 1;
    private const string ObjectPrefix = @"\??\";

    public bool IsLink => Tag is NtfsReparseTag.MountPoint or NtfsReparseTag.SymbolicLink or NtfsReparseTag.LinuxSymbolicLink;

    /// <summary>Null when it is too short for its own header.</summary>
    public static NtfsReparsePoint? TryParse(ReadOnlySpan<byte> value) =>
        value.Length >= HeaderSize && value.U16(Offsets.DataLength) <= value.Length - HeaderSize
            ? new NtfsReparsePoint((NtfsReparseTag)value.U32(Offsets.Tag), value.Slice(HeaderSize, value.U16(Offsets.DataLength)).ToArray())
            : null;

    /// <summary>
    /// The target of a link as a path with slashes: relative, or from the guest's root, where drives and volumes are mounted
    /// ("\??\C:\Users" is "/C:/Users"). Null when the names do not lie within the value.
    /// </summary>
    public string? ReadTarget()
    {
        if (Tag == NtfsReparseTag.LinuxSymbolicLink)
        {
            return Data.Length > sizeof(uint) ? GuestText.Decode(Data.AsSpan(sizeof(uint))) : null;
        }

        var namesOffset = Tag == NtfsReparseTag.SymbolicLink ? Offsets.SymbolicLinkNames : Offsets.MountPointNames;
        ReadOnlySpan<byte> data = Data;
        if (data.Length < namesOffset)
        {
            return null;
        }

        var (offset, length) = (namesOffset + data.U16(Offsets.SubstituteOffset), data.U16(Offsets.SubstituteLength));
        if (offset + length > data.Length)
        {
            return null;
        }

        var target = NtfsText.Decode(data.Slice(offset, length & ~1)).TrimEnd('\0');
        if (!target.StartsWith(ObjectPrefix, StringComparison.Ordinal))
        {
            return target.Replace('\\', '/');
        }

        target = target[ObjectPrefix.Length..].Replace('\\', '/');
        if (target.Length >= 2 && target[1] == ':')
        {
            target = char.ToUpperInvariant(target[0]) + target[1..];
        }
        else if (target.StartsWith("Volume{", StringComparison.OrdinalIgnoreCase) && target.IndexOf('}', StringComparison.Ordinal) is > 0 and var end)
        {
            target = "Volume" + target[6..end].ToLowerInvariant() + target[end..];
        }

        return "/" + target;
    }

    /// <summary>The symbolic link that <see cref="ReadTarget"/> gives the target of.</summary>
    public static NtfsReparsePoint CreateLink(string target)
    {
        var name = target.Replace('/', '\\');
        var isAbsolute = IsOnDrive(target) || target.StartsWith("/Volume{", StringComparison.OrdinalIgnoreCase);
        var print = isAbsolute ? name[1..] : name;
        var substitute = isAbsolute ? ObjectPrefix + print : name;
        var data = new byte[Offsets.SymbolicLinkNames + (2 * (substitute.Length + print.Length))];
        var span = data.AsSpan();
        span.Put16(Offsets.SubstituteOffset, 2 * print.Length);
        span.Put16(Offsets.SubstituteLength, 2 * substitute.Length);
        span.Put16(Offsets.PrintOffset, 0);
        span.Put16(Offsets.PrintLength, 2 * print.Length);
        span.Put32(Offsets.Flags, isAbsolute ? 0u : RelativeFlag);
        NtfsText.Encode(print, span[Offsets.SymbolicLinkNames..]);
        NtfsText.Encode(substitute, span[(Offsets.SymbolicLinkNames + (2 * print.Length))..]);
        return new NtfsReparsePoint(NtfsReparseTag.SymbolicLink, data);
    }

    public byte[] ToBytes()
    {
        var value = new byte[HeaderSize + Data.Length];
        value.AsSpan().Put32(Offsets.Tag, (uint)Tag);
        value.AsSpan().Put16(Offsets.DataLength, Data.Length);
        Data.CopyTo(value, HeaderSize);
        return value;
    }

    /// <summary>True for "/C:" and what is below it.</summary>
    private static bool IsOnDrive(string target) =>
        target.Length >= 3 && target[0] == '/' && char.IsAsciiLetter(target[1]) && target[2] == ':' && (target.Length == 3 || target[3] == '/');

    private static class Offsets
    {
        public const int Tag = 0;
        public const int DataLength = 4;

        // Within the data.
        public const int SubstituteOffset = 0;
        public const int SubstituteLength = 2;
        public const int PrintOffset = 4;
        public const int PrintLength = 6;
        public const int Flags = 8;
        public const int MountPointNames = 8;
        public const int SymbolicLinkNames = 12;
    }
}
