using V2V.Engine.FileSystems;

namespace V2V.Engine.Conversion.Linux;

/// <summary>The links by which SysV's init starts a service in a run level, such as /etc/rc2.d/S20open-vm-tools.</summary>
internal static class SysVStartLinks
{
    private static readonly string[] RunLevels = ["0", "1", "2", "3", "4", "5", "6", "S"];

    /// <summary>Debian's place; Red Hat's, to which /etc/rcN.d are links; SUSE's.</summary>
    private static readonly string[] Parents = ["/etc", "/etc/rc.d", "/etc/init.d"];

    public static List<string> Of(GuestRoot root, string service) =>
    [
        .. from parent in Parents
           from level in RunLevels
           let directory = $"{parent}/rc{level}.d"
           where root.DirectoryExists(directory) && root.RealPath(directory) == directory
           from entry in root.Enumerate(directory)
           where entry.Name.Length > 3 && entry.Name[0] == 'S' && char.IsAsciiDigit(entry.Name[1]) && char.IsAsciiDigit(entry.Name[2]) && entry.Name[3..] == service
           select $"{directory}/{entry.Name}",
    ];
}
