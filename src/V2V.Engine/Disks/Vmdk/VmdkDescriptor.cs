using System.Globalization;
using System.Text;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vmdk;

/// <summary>
/// The text that describes a disk: its content ID, its parent, its extents (Virtual Disk Format 5.0, "The Descriptor File"). A file of
/// its own or embedded in a sparse extent.
/// </summary>
internal sealed class VmdkDescriptor
{
    /// <summary>The parentCID of a disk without parent.</summary>
    public const uint NoParent = 0xFFFFFFFF;

    // 10 KiB are usual. A disk of 62 TiB split in files of 2 GiB has 31,000 extent lines.
    private const long MaximumSize = 4 << 20;

    // Each is a file kept open.
    private const int MaximumExtents = 4096;

    private readonly Dictionary<string, string> _values = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<VmdkExtentDescription> _extents = [];

    private VmdkDescriptor()
    {
    }

    public string CreateType => _values.GetValueOrDefault("createType", "");

    /// <summary>Changes whenever the disk is first written after having been opened; null if it is not given.</summary>
    public uint? ContentId { get; private set; }

    public uint ParentContentId { get; private set; } = NoParent;

    public string? ParentFileName => _values.GetValueOrDefault("parentFileNameHint");

    public IReadOnlyList<VmdkExtentDescription> Extents => _extents;

    /// <summary>vSphere and Workstation encrypt the extents and say so here.</summary>
    public bool IsEncrypted => _values.ContainsKey("encryptionKeys") || _values.ContainsKey("keyID")
        || _values.GetValueOrDefault("ddb.iofilters", "").Contains("vmwarevmcrypt", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// Reads a descriptor from <paramref name="offset"/> on; a text file's ends with the file, an embedded one's with its zeros.
    /// Null when there are only zeros: the extents of split disks have room for one, too.
    /// </summary>
    public static VmdkDescriptor? Read(DiskFile file, long offset, long size)
    {
        if (size > MaximumSize || offset > file.Length - size)
        {
            throw ImageFault.Corrupt(file, VmdkDisk.Format, offset, $"a descriptor of {size} bytes is not possible there.");
        }

        byte[] bytes = new byte[size];
        file.Read(offset, bytes);
        int end = Array.IndexOf(bytes, (byte)0);
        return end == 0 ? null : Parse(file, bytes.AsSpan(0, end < 0 ? bytes.Length : end));
    }

    private static VmdkDescriptor Parse(DiskFile file, ReadOnlySpan<byte> bytes)
    {
        var descriptor = new VmdkDescriptor();
        foreach (string line in Decode(bytes).Split(['\n', '\r'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (line.StartsWith('#'))
            {
                continue;
            }

            if (VmdkExtentDescription.IsExtentLine(line))
            {
                if (!VmdkExtentDescription.TryParse(line, out VmdkExtentDescription? extent))
                {
                    throw ImageFault.Corrupt(file, VmdkDisk.Format, null, $"its descriptor has the extent line '{line}', which makes no sense.");
                }

                descriptor._extents.Add(extent!);
            }
            else if (line.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals)
            {
                // The first one counts: nothing is expected to occur twice.
                descriptor._values.TryAdd(line[..equals].TrimEnd(), line[(equals + 1)..].Trim().Trim('"'));
            }
        }

        descriptor.ContentId = descriptor.Id(file, "CID");
        descriptor.ParentContentId = descriptor.Id(file, "parentCID") ?? NoParent;
        descriptor.Check(file);
        return descriptor;
    }

    private void Check(DiskFile file)
    {
        if (IsEncrypted)
        {
            throw ImageFault.Unsupported(file, VmdkDisk.Format, "is encrypted.", "Decrypt the virtual machine with VMware's tools first.");
        }

        if (_extents.Count is 0 or > MaximumExtents)
        {
            throw ImageFault.Corrupt(
                file, VmdkDisk.Format, null, $"its descriptor lists {_extents.Count} extents; 1 to {MaximumExtents} are possible.");
        }

        long total = 0;
        foreach (VmdkExtentDescription extent in _extents)
        {
            if (extent.Length > long.MaxValue - total)
            {
                throw ImageFault.Corrupt(file, VmdkDisk.Format, null, "its extents are together larger than any disk.");
            }

            total += extent.Length;
        }
    }

    private uint? Id(DiskFile file, string key)
    {
        if (!_values.TryGetValue(key, out string? text))
        {
            return null;
        }

        return uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint id)
            ? id
            : throw ImageFault.Corrupt(file, VmdkDisk.Format, null, $"its descriptor gives '{text}' as {key}, which is not a content ID.");
    }

    /// <summary>By its own "encoding=" line: "UTF-8", "windows-1252", "GBK", "Shift_JIS"; file names depend on it.</summary>
    private static string Decode(ReadOnlySpan<byte> bytes)
    {
        string text = Encoding.UTF8.GetString(bytes).TrimStart('\uFEFF');
        int line = text.IndexOf("encoding=", StringComparison.OrdinalIgnoreCase);
        if (line < 0)
        {
            return text;
        }

        string name = text[(line + "encoding=".Length)..].Split(['\n', '\r'], 2)[0].Trim().Trim('"');
        return CodePagesEncodingProvider.Instance.GetEncoding(name) is { } encoding ? encoding.GetString(bytes) : text;
    }
}
