using System.Buffers.Binary;
using V2V.Engine.Disks;

namespace V2V.Engine.Volumes;

/// <summary>
/// The record by which Linux knows the members of a software RAID (md(4)). It may stand at the end, so that half of a mirror begins like what
/// is mirrored.
/// </summary>
/// <param name="MajorVersion">0 or 1.</param>
/// <param name="Bytes">The record's first bytes.</param>
internal sealed record LinuxRaidSuperblock(uint MajorVersion, byte[] Bytes)
{
    private const int Length = 128;
    private const uint Magic = 0xA92B4EFC;

    /// <summary>Metadata 1.1 stands at 0, 1.2 at 4 KiB, 1.0 in the last 8 to 12 KiB, 0.90 in the last 64 to 128 KiB (md(4)).</summary>
    internal static LinuxRaidSuperblock? TryRead(BlockDevice device)
    {
        var bytes = new byte[Length];
        foreach (var at in (ReadOnlySpan<long>)[0, 4096, (device.Length / 512 - 16) / 8 * 8 * 512, device.Length / 65536 * 65536 - 65536])
        {
            if (at < 0 || at + Length > device.Length)
            {
                continue;
            }

            device.Read(at, bytes);
            if (BinaryPrimitives.ReadUInt32LittleEndian(bytes) == Magic)
            {
                return new LinuxRaidSuperblock(BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(4)), bytes);
            }
        }

        return null;
    }
}
