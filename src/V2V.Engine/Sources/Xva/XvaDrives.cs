using System.Globalization;
using V2V.Engine.Disks.Xva;

namespace V2V.Engine.Sources.Xva;

/// <summary>The guest's block devices (VBD), each of which may have a disk image (VDI) in it, by their numbers.</summary>
internal static class XvaDrives
{
    private const int SectorSize = 512;
    private const long MaximumDiskSize = 64L << 40;

    public static void Read(
        SourceFile file, XvaObject machine, XvaDescription description, XvaBlocks blocks, List<SourceDisk> disks, List<RemovableDrive> removables)
    {
        foreach (var device in description.OfClass("VBD").Where(d => d.Text("VM") == machine.Reference).OrderBy(Position))
        {
            switch (device.Text("type"))
            {
                case "CD":
                    removables.Add(new RemovableDrive(RemovableDriveKind.CdRom, DiskController.Ide, Position(device)));
                    break;
                case "Floppy":
                    removables.Add(new RemovableDrive(RemovableDriveKind.Floppy, DiskController.Unknown, Position(device)));
                    break;
                default:
                    if (description.Find(device.Text("VDI")) is { Class: "VDI" } image)
                    {
                        disks.Add(ReadDisk(file, device, image, blocks));
                    }

                    break;
            }
        }
    }

    private static SourceDisk ReadDisk(SourceFile file, XvaObject device, XvaObject image, XvaBlocks blocks)
    {
        var found = blocks.Of(image.Reference);
        var size = image.Number("virtual_size");
        if (size is null or <= 0 or > MaximumDiskSize || size % SectorSize != 0)
        {
            throw new SourceException(V2VError.SourceInvalid, $"{file.Path} gives the disk {image.Reference} the size \"{image.Text("virtual_size")}\", which is none.")
            {
                Path = file.Path,
                Format = XvaSource.Format,
            };
        }

        // The first block of a disk is always there, even if it is zeros.
        if (found.Count == 0)
        {
            throw new SourceException(V2VError.DiskImageNotFound, $"{file.Path} describes the disk {image.Reference} ({image.Text("name_label")}), but has no contents of it.")
            {
                Path = file.Path,
                Format = XvaSource.Format,
                Advice = "The export is incomplete, or made without disks (metadata only): export the guest again with 'xe vm-export'.",
            };
        }

        return new SourceDisk
        {
            Path = $"{file.Path}!{image.Reference}",
            Format = "xva",
            Capacity = size.Value,
            Allocated = found.Values.Sum(b => (long)b.Length),
            Controller = DiskController.Xen,
            Id = image.Text("name_label"),
            Slot = Position(device) is var position and < int.MaxValue ? position : null,
            GuestName = device.Text("device") ?? GuestName(Position(device)),
            Open = () => new XvaDisk(file.Open(), size.Value, found),
        };
    }

    /// <summary>"xvda" for 0: what a paravirtual driver makes of the number.</summary>
    private static string? GuestName(int position) => position is >= 0 and < 26 ? $"xvd{(char)('a' + position)}" : null;

    private static int Position(XvaObject device) =>
        int.TryParse(device.Text("userdevice"), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : int.MaxValue;
}
