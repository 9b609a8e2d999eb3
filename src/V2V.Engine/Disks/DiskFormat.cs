using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks;

/// <summary>An opened image: a block device that can say what it was made from.</summary>
internal interface IDiskImage : IDisposable
{
    BlockDevice Device { get; }

    DiskImageInfo Describe();
}

/// <summary>A format of disk images.</summary>
/// <param name="Name">As users write it.</param>
/// <param name="Extensions">How its files are usually called.</param>
/// <param name="Recognises">Whether a file's content is of this format; its second argument is the file's start, up to <see cref="ProbeSize"/> bytes.</param>
/// <param name="Open">Opens the image in a file that has been added to the chain.</param>
internal sealed record DiskFormat(
    string Name, string[] Extensions, Func<DiskFile, byte[], bool> Recognises, Func<DiskFile, ImageChain, IDiskImage> Open)
{
    /// <summary>Bytes at a file's start that tell its format.</summary>
    public const int ProbeSize = 4096;

    public static DiskFormat ByName(DiskFile file, string name) =>
        Array.Find(DiskImages.Formats, f => f.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
        ?? throw new DiskImageException(V2VError.DiskImageUnsupported, $"'{file.Path}' cannot be opened as '{name}'.")
        {
            Path = file.Path,
            Format = name,
            Advice = $"The formats that can be read are {string.Join(", ", DiskImages.Formats.Select(f => f.Name))}.",
        };

    /// <summary>
    /// Finds the format by content. A name that speaks of another format makes the image ambiguous and is refused: a guest can write any
    /// header into its own raw disk, and a damaged image must not pass for a raw one.
    /// </summary>
    public static DiskFormat Probe(DiskFile file)
    {
        byte[] start = file.ReadStart(ProbeSize);
        ForeignFormats.Refuse(file, start);
        DiskFormat found = Array.Find(DiskImages.Formats, f => f.Recognises(file, start))!;
        if (!found.IsNamed(file) && Array.Find(DiskImages.Formats, f => f.IsNamed(file)) is { } named)
        {
            throw new DiskImageException(
                V2VError.DiskImageUnsupported, $"'{file.Path}' is named like a {named.Name} image, but its content looks like {found.Name}.")
            {
                Path = file.Path,
                Format = found.Name,
                Offset = 0,
                Advice = named.Name == "vmdk" && found.Name == "raw"
                    ? "If it is the data of a flat disk, open its descriptor (the small .vmdk beside it); else say the format explicitly."
                    : "Say explicitly which format it has.",
            };
        }

        return found;
    }

    /// <summary>Whether a file's name speaks of this format. Some names speak of two.</summary>
    public bool IsNamed(DiskFile file) => Extensions.Contains(Path.GetExtension(file.Path), StringComparer.OrdinalIgnoreCase);
}
