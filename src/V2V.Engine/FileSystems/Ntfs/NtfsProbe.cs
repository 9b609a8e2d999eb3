using V2V.Engine.Disks;

namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>Recognises NTFS by the OEM id of its boot sector.</summary>
internal static class NtfsProbe
{
    public static bool Recognises(BlockDevice device)
    {
        if (device.Length < NtfsBootSector.Size)
        {
            return false;
        }

        var raw = new byte[NtfsBootSector.Size];
        device.Read(0, raw);
        return NtfsBootSector.HasOemId(raw);
    }
}
