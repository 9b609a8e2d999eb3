using System.Buffers.Binary;
using System.Globalization;
using V2V.Engine.Inspection;
using V2V.Engine.Inspection.Windows;
using V2V.Engine.Sources;
using V2V.Engine.Volumes;

namespace V2V.Engine.Conversion.Windows;

/// <summary>
/// Windows before Vista reads its boot files through the BIOS by heads and sectors, and takes the number of heads from the boot sector of its
/// volume. QEMU's BIOS (SeaBIOS, block.c "get_translation") presents as many as the size of the disk asks for.
/// </summary>
public sealed class BootSectorGeometry : WindowsStep
{
    private const int SectorLength = 512;

    private const int OemIdOffset = 0x03;

    private const int HeadsOffset = 0x1A;

    private const int TotalSectorsOffset = 0x28;

    /// <summary>What 1024 cylinders of 63 sectors hold with 64 and 128 heads.</summary>
    private const long Below64Heads = 2_114_445_312;

    private const long Below128Heads = 4_228_374_780;

    public override string Name => "Adapting the boot sector to the BIOS";

    public override bool AppliesTo(InspectedGuest guest) =>
        base.AppliesTo(guest) && guest.OperatingSystem.MajorVersion < 6 && guest.Firmware == Firmware.Bios;

    protected override void Apply(ConversionContext context, WindowsSystem windows)
    {
        var volume = context.Guest.Root.Mounts.First(m => m.MountPoint == "/").Volume;
        if (volume.PartitionNumber is null || volume.Device.Length < SectorLength)
        {
            return;
        }

        Span<byte> sector = stackalloc byte[HeadsOffset + sizeof(ushort)];
        volume.Device.Read(0, sector);
        if (!sector[OemIdOffset..].StartsWith("NTFS    "u8))
        {
            return;
        }

        ushort heads = context.Source.Disks[volume.DiskIndex].Capacity switch
        {
            < Below64Heads => 64,
            < Below128Heads => 128,
            _ => 255,
        };
        var present = BinaryPrimitives.ReadUInt16LittleEndian(sector[HeadsOffset..]);
        if (present == heads)
        {
            return;
        }

        var bytes = new byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, heads);
        var what = string.Create(CultureInfo.InvariantCulture, $"heads = {heads}, was {present}");
        context.WriteSector(
            volume, HeadsOffset, bytes, what, "The BIOS of the new machine presents the disk with this many heads, which Windows relies on before it has drivers.");
        if (FindCopy(volume) is { } copy)
        {
            context.WriteSector(volume, copy + HeadsOffset, bytes, $"{what}, in its copy", "The copy at the end of the volume stays the same as the boot sector, as chkdsk wants it.");
        }
    }

    /// <summary>Where the copy of the boot sector is: behind the last sector that NTFS counts, unless something else is there.</summary>
    private static long? FindCopy(Volume volume)
    {
        Span<byte> sector = stackalloc byte[HeadsOffset];
        Span<byte> counts = stackalloc byte[TotalSectorsOffset + sizeof(ulong)];
        volume.Device.Read(0, counts);
        var sectors = BinaryPrimitives.ReadUInt64LittleEndian(counts[TotalSectorsOffset..]);
        if (sectors >= (ulong)(volume.Device.Length / SectorLength))
        {
            return null;
        }

        var position = (long)sectors * SectorLength;
        volume.Device.Read(position, sector);
        return sector.SequenceEqual(counts[..HeadsOffset]) ? position : null;
    }
}
