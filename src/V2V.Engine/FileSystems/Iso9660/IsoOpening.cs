using V2V.Engine.Disks;

namespace V2V.Engine.FileSystems.Iso9660;

/// <summary>Reads the volume descriptors and decides by which of its names a volume is read.</summary>
internal static class IsoOpening
{
    /// <summary>Real volumes have two to five.</summary>
    private const int MaxDescriptors = 64;

    /// <summary>Bytes of a CD-ROM XA record, which come before SUSP's on discs that have both.</summary>
    private const int ExtendedArchitectureLength = 14;

    public static (IsoVolumeDescriptor Primary, IsoVolumeDescriptor Chosen, IsoNaming Naming, int SystemUseSkip) Choose(BlockDevice device)
    {
        var descriptors = ReadDescriptors(device);
        var primary = descriptors.Find(d => d.Type == IsoDescriptorType.Primary)
            ?? throw IsoErrors.Corrupt("it has no primary volume descriptor.", IsoVolumeDescriptor.FirstOffset);
        if (FindRockRidge(device, primary) is { } skip)
        {
            return (primary, primary, IsoNaming.RockRidge, skip);
        }

        return descriptors.Find(d => d.IsJoliet) is { } joliet
            ? (primary, joliet, IsoNaming.Joliet, 0)
            : (primary, primary, IsoNaming.Plain, 0);
    }

    /// <summary>The root directory as its own first record describes it, which has the owner and mode that the descriptor's copy lacks.</summary>
    public static IsoFile ReadRoot(BlockDevice device, IsoDirectoryReader reader, IsoVolumeDescriptor volume) =>
        reader.Describe(FirstRecord(device, volume) is { IsSelf: true, IsDirectory: true } self
            ? self with { Block = volume.Root.Block, AttributeBlocks = volume.Root.AttributeBlocks, DataLength = volume.Root.DataLength }
            : volume.Root with { Flags = IsoFileFlags.Directory });

    private static List<IsoVolumeDescriptor> ReadDescriptors(BlockDevice device)
    {
        var found = new List<IsoVolumeDescriptor>();
        var raw = new byte[IsoVolumeDescriptor.Size];
        for (var i = 0; i < MaxDescriptors; i++)
        {
            var offset = IsoVolumeDescriptor.FirstOffset + (i * (long)IsoVolumeDescriptor.Size);
            if (offset > device.Length - raw.Length)
            {
                break;
            }

            device.Read(offset, raw);
            if (!IsoVolumeDescriptor.HasSignature(raw) || raw[0] == (byte)IsoDescriptorType.Terminator)
            {
                break;
            }

            if (raw[0] is (byte)IsoDescriptorType.Primary or (byte)IsoDescriptorType.Supplementary)
            {
                found.Add(IsoVolumeDescriptor.Parse(raw, offset));
            }
        }

        return found;
    }

    /// <summary>
    /// Bytes to leave out of every System Use area when the volume has Rock Ridge; null when it does not. SUSP says so by an SP entry in the root
    /// directory's first record (SUSP 1.12, 5.3); Rock Ridge must give that record its PX entry.
    /// </summary>
    private static int? FindRockRidge(BlockDevice device, IsoVolumeDescriptor volume)
    {
        const ushort PosixAttributes = ('P' << 8) | 'X';
        if (FirstRecord(device, volume) is not { } self)
        {
            return null;
        }

        foreach (var start in (ReadOnlySpan<int>)[0, ExtendedArchitectureLength])
        {
            // The entries that matter come before any continuation.
            var entries = new SystemUseReader((_, _, _) => []).Read(self.SystemUse, start, self.Position);
            var indicator = entries.Find(e => e.Signature == SystemUseEntry.Indicator);
            if (indicator.Data.Length >= 3 && indicator.Data.Span[..2].SequenceEqual((ReadOnlySpan<byte>)[0xBE, 0xEF])
                && entries.Exists(e => e.Signature == PosixAttributes))
            {
                return indicator.Data.Span[2];
            }
        }

        return null;
    }

    private static IsoDirectoryRecord? FirstRecord(BlockDevice device, IsoVolumeDescriptor volume)
    {
        var offset = (long)volume.Root.DataBlock * volume.BlockSize;
        Span<byte> raw = stackalloc byte[byte.MaxValue];
        if (offset > device.Length - raw.Length)
        {
            throw IsoErrors.Corrupt($"its root directory would begin at byte {offset} of {device.Length}.", offset);
        }

        device.Read(offset, raw);
        return raw[0] < IsoDirectoryRecord.MinimumLength ? null : IsoDirectoryRecord.Parse(raw[..raw[0]], offset);
    }
}
