using System.Buffers.Binary;
using System.Text;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vhdx;

/// <summary>How a differencing disk finds its parent ([MS-VHDX] 2.6.2.6).</summary>
/// <param name="Path">The parent's path, relative if one is told, with '/' between names.</param>
/// <param name="Linkages">What the parent's DataWriteGuid may be: the second one is written while both files change.</param>
internal sealed record VhdxParentLocator(string Path, IReadOnlyList<Guid> Linkages)
{
    public const int HeaderSize = 20;

    private const int EntrySize = 12;

    private static readonly Guid s_vhdx = new("B04AEFB7-D19E-4A81-B789-25B8E9445913");

    /// <summary>In the order in which [MS-VHDX] 2.6.2.6.3 has them tried.</summary>
    private static readonly string[] s_paths = ["relative_path", "volume_path", "absolute_win32_path"];

    /// <param name="file">The image.</param>
    /// <param name="at">Where its metadata stand, for messages.</param>
    /// <param name="item">The metadata item.</param>
    public static VhdxParentLocator Parse(DiskFile file, long at, ReadOnlySpan<byte> item)
    {
        var type = new Guid(item[..16]);
        if (type != s_vhdx)
        {
            throw ImageFault.Unsupported(file, VhdxDisk.Format, $"finds its parent in a way that is not known: {type}.", VhdxDisk.ConvertAdvice);
        }

        ushort count = BinaryPrimitives.ReadUInt16LittleEndian(item[18..]);
        if (HeaderSize + (count * EntrySize) > item.Length)
        {
            throw ImageFault.Corrupt(file, VhdxDisk.Format, at, $"its parent locator of {item.Length} bytes cannot have {count} entries.");
        }

        var pairs = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = item.Slice(HeaderSize + (i * EntrySize), EntrySize);
            string key = Text(file, at, item, BinaryPrimitives.ReadUInt32LittleEndian(entry), BinaryPrimitives.ReadUInt16LittleEndian(entry[8..]));
            pairs[key] = Text(file, at, item, BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]), BinaryPrimitives.ReadUInt16LittleEndian(entry[10..]));
        }

        string? path = s_paths.Select(p => pairs.GetValueOrDefault(p)).FirstOrDefault(p => !string.IsNullOrEmpty(p));
        var linkages = new List<Guid>();
        foreach (string key in (string[])["parent_linkage", "parent_linkage2"])
        {
            if (Guid.TryParse(pairs.GetValueOrDefault(key), out Guid linkage))
            {
                linkages.Add(linkage);
            }
        }

        return path is not null && linkages.Count > 0
            ? new VhdxParentLocator(path.Replace('\\', '/'), linkages)
            : throw ImageFault.Corrupt(file, VhdxDisk.Format, at, "its parent locator names no parent.");
    }

    private static string Text(DiskFile file, long at, ReadOnlySpan<byte> item, uint offset, ushort length) => offset + (long)length <= item.Length
        ? Encoding.Unicode.GetString(item.Slice((int)offset, length)).TrimEnd('\0')
        : throw ImageFault.Corrupt(file, VhdxDisk.Format, at, $"a text of its parent locator is said to have {length} bytes at byte {offset} of {item.Length}.");
}
