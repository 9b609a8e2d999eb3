namespace V2V.Engine.Volumes.Lvm;

/// <summary>
/// The flags of the metadata's status lists that change nothing in where a volume's bytes lie. LVM itself does not use what has a flag that it
/// does not know (lvm2, lib/format_text/flags.c); those of its other list, "flags", may be ignored.
/// </summary>
internal static class LvmStatus
{
    internal static readonly IReadOnlySet<string> OfGroup = new HashSet<string>(StringComparer.Ordinal) { "RESIZEABLE", "READ", "WRITE", "PVMOVE", "NOAUTOACTIVATE" };

    internal static readonly IReadOnlySet<string> OfLogicalVolume =
        new HashSet<string>(StringComparer.Ordinal) { "READ", "WRITE", "VISIBLE", "FIXED_MINOR", "NOTSYNCED", "ACTIVATION_SKIP" };
}
