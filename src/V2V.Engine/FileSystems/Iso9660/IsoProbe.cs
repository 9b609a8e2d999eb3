using V2V.Engine.Disks;

namespace V2V.Engine.FileSystems.Iso9660;

/// <summary>Recognises an ISO 9660 volume by the first of its descriptors.</summary>
internal static class IsoProbe
{
    public static bool Recognises(BlockDevice device)
    {
        if (device.Length < IsoVolumeDescriptor.FirstOffset + IsoVolumeDescriptor.Size)
        {
            return false;
        }

        Span<byte> start = stackalloc byte[IsoVolumeDescriptor.HeaderSize];
        device.Read(IsoVolumeDescriptor.FirstOffset, start);
        return IsoVolumeDescriptor.HasSignature(start);
    }
}
