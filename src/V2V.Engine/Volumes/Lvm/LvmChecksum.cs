using V2V.Engine.IO;

namespace V2V.Engine.Volumes.Lvm;

/// <summary>LVM2's checksum: CRC-32 with a starting value of its own and without the inversion at the end (lvm2, lib/misc/crc.c).</summary>
internal static class LvmChecksum
{
    private const uint Initial = 0xF597A6CF;

    internal static uint Of(ReadOnlySpan<byte> data) => ~Crc32.Append(~Initial, data);
}
