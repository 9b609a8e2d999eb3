using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks;

/// <summary>Opens the image that an overlay of QEMU's formats (qcow, qcow2, QED) builds upon. It may be of any format, and often is not told.</summary>
internal static class BackingFile
{
    private const string FilePrefix = "file:";

    /// <param name="referrer">The overlay.</param>
    /// <param name="referrerFormat">Its format, for messages.</param>
    /// <param name="name">The name found in it.</param>
    /// <param name="format">Format of the backing file as the overlay states it, in QEMU's words; null when it does not.</param>
    /// <param name="chain">Takes the file.</param>
    public static IDiskImage Open(DiskFile referrer, string referrerFormat, string name, string? format, ImageChain chain)
    {
        // "nbd://host/disk", "json:{...}": a protocol before the first slash.
        if (name.StartsWith(FilePrefix, StringComparison.Ordinal))
        {
            name = name[FilePrefix.Length..];
        }
        else if (name.IndexOf(':', StringComparison.Ordinal) is >= 0 and var colon && !name.AsSpan(0, colon).Contains('/'))
        {
            throw ImageFault.Unsupported(
                referrer, referrerFormat, $"has the backing file '{name}', which is not a plain file.", "Flatten it with 'qemu-img convert -O qcow2' first.");
        }

        DiskFile file = chain.OpenParent(referrer, name, referrerFormat, byBaseName: false);
        DiskFormat opened = format is null ? Guess(referrer, referrerFormat, file) : DiskFormat.ByName(file, format == "vpc" ? "vhd" : format);
        return opened.Open(file, chain);
    }

    /// <summary>
    /// Without a stated format the content alone is not believed: a guest can write a header with a backing file of its choice into its
    /// raw disk and would be given that file. The name has to say the same.
    /// </summary>
    private static DiskFormat Guess(DiskFile referrer, string referrerFormat, DiskFile file)
    {
        DiskFormat found = DiskFormat.Probe(file);
        return found.IsNamed(file)
            ? found
            : throw ImageFault.Unsupported(
                referrer, referrerFormat, $"does not say which format its backing file '{file.Path}' has.",
                $"If it is {found.Name}, rename a copy of it to a name that ends in '{found.Extensions[0]}' and have a copy of the image name that: "
                + $"'qemu-img rebase -u -b NEWNAME -F {found.Name}'.");
    }
}
