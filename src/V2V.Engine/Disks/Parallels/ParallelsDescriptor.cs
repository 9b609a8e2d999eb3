using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Parallels;

/// <summary>An image file of a bundle.</summary>
/// <param name="IsExpanding">It has a map ("Compressed"), as opposed to the disk byte for byte ("Plain").</param>
/// <param name="FileName">As written.</param>
internal sealed record ParallelsImageFile(bool IsExpanding, string FileName);

/// <summary>A part of the disk.</summary>
/// <param name="Length">Its size in bytes.</param>
/// <param name="Images">Its file in each state of the disk, by the state's id.</param>
internal sealed record ParallelsStorage(long Length, IReadOnlyDictionary<Guid, ParallelsImageFile> Images);

/// <summary>
/// DiskDescriptor.xml, which ties the files of a bundle (.hdd) together: parts of the disk, and for each its file in every snapshot
/// (QEMU's docs/interop/prl-xml.txt).
/// </summary>
/// <param name="Storages">The parts, in the order of the disk.</param>
/// <param name="States">The states that the disk consists of, the oldest first, the present one last.</param>
internal sealed record ParallelsDescriptor(IReadOnlyList<ParallelsStorage> Storages, IReadOnlyList<Guid> States)
{
    public const string FileName = "DiskDescriptor.xml";

    private const int SectorSize = 512;
    private const long MaximumSize = 1 << 20;
    private const int MaximumDepth = 64;

    // Parts have 2 GiB or more, and each state of each is a file kept open.
    private const int MaximumFiles = 4096;
    private const long MaximumSectors = long.MaxValue / SectorSize;

    private static readonly Guid s_present = new("5fbaabe3-6958-40ff-92a7-860e329aab41");

    public static bool IsDescriptor(ReadOnlySpan<byte> start)
    {
        ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
        start = start.StartsWith(mark) ? start[mark.Length..] : start;
        return start.TrimStart(" \t\r\n"u8).StartsWith("<"u8) && start.IndexOf("<Parallels_disk_image"u8) >= 0;
    }

    public static ParallelsDescriptor Read(DiskFile file)
    {
        XElement root = Load(file);
        if (root.Name.LocalName != "Parallels_disk_image")
        {
            throw ImageFault.Corrupt(file, ParallelsDisk.Format, null, $"its root element is {root.Name.LocalName}, not Parallels_disk_image.");
        }

        CheckParameters(file, root.Element("Disk_Parameters"));
        List<XElement> parts = [.. root.Element("StorageData")?.Elements("Storage") ?? []];
        if (parts.Count is 0 or > MaximumFiles)
        {
            throw ImageFault.Corrupt(file, ParallelsDisk.Format, null, $"it describes {parts.Count} parts of a disk; 1 to {MaximumFiles} are possible.");
        }

        var storages = new List<ParallelsStorage>();
        long end = 0;
        foreach (XElement part in parts.OrderBy(p => Sectors(file, p, "Start")))
        {
            long start = Sectors(file, part, "Start");
            long stop = Sectors(file, part, "End");
            if (start != end || stop <= start)
            {
                throw ImageFault.Corrupt(file, ParallelsDisk.Format, null, $"a part of the disk is said to lie from sector {start} to {stop}; the one before it ends at {end}.");
            }

            storages.Add(new ParallelsStorage((stop - start) * SectorSize, Images(file, part)));
            end = stop;
        }

        List<Guid> states = ReadStates(file, root.Element("Snapshots"), storages[0]);
        return states.Count * (long)storages.Count <= MaximumFiles
            ? new ParallelsDescriptor(storages, states)
            : throw ImageFault.Unsupported(
                file, ParallelsDisk.Format, $"has {storages.Count} parts in {states.Count} states, more than {MaximumFiles} files.", "Merge the guest's snapshots first.");
    }

    private static XElement Load(DiskFile file)
    {
        if (file.Length > MaximumSize)
        {
            throw ImageFault.Corrupt(file, ParallelsDisk.Format, null, $"a descriptor of {file.Length} bytes is not possible; at most {MaximumSize} are.");
        }

        byte[] content = new byte[file.Length];
        file.Read(0, content);
        try
        {
            return BoundedXml.Load(content, MaximumSize, MaximumDepth);
        }
        catch (XmlException e)
        {
            throw ImageFault.Corrupt(file, ParallelsDisk.Format, null, $"it is no well-formed XML: {e.Message}", e);
        }
    }

    private static void CheckParameters(DiskFile file, XElement? parameters)
    {
        string? engine = Text(parameters?.Element("Encryption"), "Engine");
        if (engine is not null && (!Guid.TryParse(engine, out Guid id) || id != Guid.Empty))
        {
            throw ImageFault.Unsupported(file, ParallelsDisk.Format, "is encrypted.", "Decrypt the virtual machine in Parallels first.");
        }

        if (Text(parameters, "LogicSectorSize") is { } size && size != "512")
        {
            throw ImageFault.Unsupported(
                file, ParallelsDisk.Format, $"has logical sectors of {size} bytes; the converted guest's disks have sectors of 512 bytes, from which a system set up like this does not boot.",
                "Clone the guest's partitions, with an imaging tool that adjusts sector sizes, to a disk with sectors of 512 bytes, and convert that.");
        }
    }

    private static Dictionary<Guid, ParallelsImageFile> Images(DiskFile file, XElement part)
    {
        var images = new Dictionary<Guid, ParallelsImageFile>();
        foreach (XElement image in part.Elements("Image"))
        {
            string type = Text(image, "Type") ?? "";
            if (type is not ("Compressed" or "Plain"))
            {
                throw ImageFault.Unsupported(file, ParallelsDisk.Format, $"has a file of the type '{type}'; Compressed and Plain can be read.", ParallelsDisk.ConvertAdvice);
            }

            string name = Text(image, "File") ?? throw ImageFault.Corrupt(file, ParallelsDisk.Format, null, "one of its images has no file.");
            if (!images.TryAdd(Id(file, image, "GUID"), new ParallelsImageFile(type == "Compressed", name)))
            {
                throw ImageFault.Corrupt(file, ParallelsDisk.Format, null, $"two images of one part have the id {Text(image, "GUID")}.");
            }
        }

        return images;
    }

    /// <summary>From the present state back through the parents of snapshots to the first one.</summary>
    private static List<Guid> ReadStates(DiskFile file, XElement? snapshots, ParallelsStorage first)
    {
        var parents = new Dictionary<Guid, Guid>();
        foreach (XElement shot in snapshots?.Elements("Shot") ?? [])
        {
            parents[Id(file, shot, "GUID")] = Id(file, shot, "ParentGUID");
        }

        if (parents.Count == 0 && first.Images.Count == 1)
        {
            return [first.Images.Keys.Single()];
        }

        Guid state = Text(snapshots, "TopGUID") is null ? s_present : Id(file, snapshots!, "TopGUID");
        var states = new List<Guid>();
        while (state != Guid.Empty)
        {
            if (states.Count > parents.Count || !parents.TryGetValue(state, out Guid parent))
            {
                throw ImageFault.Corrupt(
                    file, ParallelsDisk.Format, null, states.Count > parents.Count ? "its snapshots lead back to themselves." : $"it does not describe the snapshot {state:B}.");
            }

            states.Add(state);
            state = parent;
        }

        states.Reverse();
        return states;
    }

    private static long Sectors(DiskFile file, XElement part, string name) =>
        long.TryParse(Text(part, name), NumberStyles.None, CultureInfo.InvariantCulture, out long sectors) && sectors <= MaximumSectors
            ? sectors
            : throw ImageFault.Corrupt(file, ParallelsDisk.Format, null, $"'{Text(part, name)}' as {name} of a part of the disk is no number of sectors.");

    private static Guid Id(DiskFile file, XElement element, string name) => Guid.TryParse(Text(element, name), out Guid id)
        ? id
        : throw ImageFault.Corrupt(file, ParallelsDisk.Format, null, $"'{Text(element, name)}' as {name} of {element.Name.LocalName} is no id.");

    private static string? Text(XElement? element, string name) => element?.Element(name)?.Value.Trim() is { Length: > 0 } text ? text : null;
}
