using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vmdk;

/// <summary>Recognises a VMDK by its descriptor's first line or by a sparse extent's magic number.</summary>
internal static class VmdkProbe
{
    private static ReadOnlySpan<byte> FirstLine => "# disk descriptorfile"u8;

    public static bool Recognises(DiskFile file, byte[] start) => VmdkSparseHeader.HasMagic(start) || IsDescriptor(start);

    /// <summary>Editors and tools have put marks, blank lines and their own spelling there.</summary>
    public static bool IsDescriptor(ReadOnlySpan<byte> start)
    {
        ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
        if (start.StartsWith(mark))
        {
            start = start[mark.Length..];
        }

        start = start.TrimStart(" \t\r\n"u8);
        return start.Length >= FirstLine.Length && System.Text.Ascii.EqualsIgnoreCase(start[..FirstLine.Length], FirstLine);
    }
}
