using V2V.Engine.Disks;
using V2V.Engine.Volumes;

namespace V2V.Engine.Tests.FileSystems;

/// <summary>Volumes whose bytes are an array, for tests that need one.</summary>
internal static class MemoryVolume
{
    public static Volume Partition(int disk, int number, byte[]? content = null, string? partitionUuid = null) => new()
    {
        Kind = VolumeKind.MbrPartition,
        Device = new MemoryDevice(content ?? []),
        DiskIndex = disk,
        PartitionNumber = number,
        StartOffset = (long)number << 20,
        PartitionUuid = partitionUuid ?? $"5ad1c0d{disk}-{number:00}",
        MbrType = 0x83,
    };

    private sealed class MemoryDevice(byte[] content) : WritableBlockDevice
    {
        public override long Length => content.Length;

        public override void Read(long offset, Span<byte> buffer)
        {
            CheckRange(offset, buffer.Length);
            content.AsSpan((int)offset, buffer.Length).CopyTo(buffer);
        }

        public override void Write(long offset, ReadOnlySpan<byte> data)
        {
            CheckRange(offset, data.Length);
            data.CopyTo(content.AsSpan((int)offset));
        }

        public override void Flush()
        {
        }
    }
}
