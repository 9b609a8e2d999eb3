using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Qcow2;

/// <summary>Opens the image that a qcow2 overlay builds upon.</summary>
internal static class Qcow2BackingFile
{
    private const string FilePrefix = "file:";

    public static BlockDevice Open(DiskFile referrer, string name, string? format, ImageChain chain)
    {
        // "nbd://host/disk", "json:{...}": a protocol before the first slash.
        if (name.StartsWith(FilePrefix, StringComparison.Ordinal))
        {
            name = name[FilePrefix.Length..];
        }
        else if (name.IndexOf(':', StringComparison.Ordinal) is >= 0 and var colon && !name.AsSpan(0, colon).Contains('/'))
        {
            throw ImageFault.Unsupported(
                referrer, Qcow2Disk.Format, $"has the backing file '{name}', which is not a plain file.", "Flatten it with 'qemu-img convert -O qcow2' first.");
        }

        DiskFile file = chain.OpenParent(referrer, name, Qcow2Disk.Format, byBaseName: false);
        DiskFormat opened = format is null ? Guess(referrer, file) : DiskFormat.ByName(file, format);
        return opened.Open(file, chain).Device;
    }

    /// <summary>
    /// Without a stated format the content alone is not believed: a guest can write a header with a backing file of its choice into its
    /// raw disk and would be given that file. The name has to say the same.
    /// </summary>
    private static DiskFormat Guess(DiskFile referrer, DiskFile file)
    {
        DiskFormat found = DiskFormat.Probe(file);
        return DiskFormat.ByExtension(file) == found
            ? found
            : throw ImageFault.Unsupported(
                referrer, Qcow2Disk.Format, $"does not say which format its backing file '{file.Path}' has.",
                $"If it is {found.Name}, run 'qemu-img rebase -u -b {Path.GetFileName(file.Path)} -F {found.Name}' on a copy of the image.");
    }
}
