namespace V2V.Engine.FileSystems.Ntfs.Security;

/// <summary>Access masks of files ([MS-DTYP] 2.4.3, [MS-SMB2] 2.2.13.1.1).</summary>
internal static class NtfsAccess
{
    public const uint Full = 0x001F01FF;

    public const uint ReadExecute = 0x001200A9;

    private const uint GenericRead = 0x80000000;

    private const uint GenericWrite = 0x40000000;

    private const uint GenericExecute = 0x20000000;

    private const uint GenericAll = 0x10000000;

    private static readonly (uint Generic, uint Specific)[] Mapping =
    [
        (GenericRead, 0x00120089),
        (GenericWrite, 0x00120116),
        (GenericExecute, 0x001200A0),
        (GenericAll, Full),
    ];

    /// <summary>The mask with generic rights replaced by those of a file that they stand for.</summary>
    public static uint MapGeneric(uint mask)
    {
        foreach (var (generic, specific) in Mapping)
        {
            if ((mask & generic) != 0)
            {
                mask = (mask & ~generic) | specific;
            }
        }

        return mask;
    }
}
