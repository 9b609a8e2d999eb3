using System.Globalization;
using System.Xml.Linq;

namespace V2V.Engine.Sources.Ovf;

/// <summary>A file of the package, from the References section.</summary>
/// <param name="Href">Its name, relative to the descriptor.</param>
/// <param name="Compression">"gzip"; null when stored as it is.</param>
/// <param name="IsChunked">Split into files numbered .000000000 and up.</param>
/// <param name="Size">Bytes that it takes in the package; null when it is not told.</param>
internal sealed record OvfFile(string Href, string? Compression = null, bool IsChunked = false, long? Size = null)
{
    public static OvfFile? Read(XElement file)
    {
        var compression = file.AttributeText("compression");
        return file.AttributeText("href") is { } href
            ? new OvfFile(
                href, compression == "identity" ? null : compression, file.AttributeText("chunkSize") is not null,
                long.TryParse(file.AttributeText("size"), NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : null)
            : null;
    }
}

/// <summary>A virtual disk, from the DiskSection.</summary>
/// <param name="Id">What items refer to it by.</param>
/// <param name="File">Where its contents are; null for a disk that starts empty.</param>
/// <param name="Capacity">Size in bytes; null when it is not told or makes no sense.</param>
/// <param name="Format">URI of the image's format.</param>
/// <param name="Parent">Id of the disk that it holds the differences from; null for a whole one.</param>
/// <param name="Reference">Name of its file as the section has it.</param>
/// <param name="IsBoot">The guest starts from it (oVirt).</param>
/// <param name="Interface">How it is attached (oVirt): "VirtIO", "VirtIO_SCSI", "IDE", "SATA".</param>
internal sealed record OvfDisk(
    string Id, OvfFile? File, long? Capacity, string? Format, string? Parent = null, string? Reference = null, bool IsBoot = false, string? Interface = null);
