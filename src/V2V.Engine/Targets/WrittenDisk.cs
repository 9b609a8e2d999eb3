using V2V.Engine.Disks;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Targets.Images;

namespace V2V.Engine.Targets;

/// <summary>Opens an image that was just written, to read it back from where it lies, by the readers that sources have.</summary>
internal static class WrittenDisk
{
    /// <param name="file">The image's file, flushed; it stays the writer's.</param>
    /// <param name="format">What it was written as. It is not asked: a raw disk may look like anything.</param>
    public static BlockDevice Open(ImageFile file, ImageFormat format)
    {
        file.ForgetCached();
        return DiskImages.Open(new ReadBack(file), new DiskOpenOptions { Format = format == ImageFormat.Qcow2 ? "qcow2" : "raw" });
    }

    private sealed class ReadBack(ImageFile file) : DiskFile
    {
        public override string Path => file.Path;

        public override long Length { get; } = file.Length;

        public override void Read(long offset, Span<byte> buffer)
        {
            CheckRange(offset, buffer.Length);
            file.Read(offset, buffer);
        }

        public override IEnumerable<DiskExtent> Extents(long offset, long length) => file.Extents(offset, length);
    }
}
