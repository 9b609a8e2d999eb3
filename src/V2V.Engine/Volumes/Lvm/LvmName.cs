namespace V2V.Engine.Volumes.Lvm;

/// <summary>What volume groups and logical volumes may be called (lvm2, validate_name). Their names become paths below /dev.</summary>
internal static class LvmName
{
    /// <summary>NAME_LEN of 128 with the ending zero.</summary>
    private const int MaxLength = 127;

    internal static bool IsValid(string name) =>
        name.Length is > 0 and <= MaxLength
        && name[0] != '-'
        && name is not ("." or "..")
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '+');

    /// <summary>The device mapper's name: hyphens within the names are doubled, so that one between them parts them (lvm2, build_dm_name).</summary>
    internal static string DeviceMapper(string group, string volume) => $"{Escape(group)}-{Escape(volume)}";

    private static string Escape(string name) => name.Replace("-", "--", StringComparison.Ordinal);
}
