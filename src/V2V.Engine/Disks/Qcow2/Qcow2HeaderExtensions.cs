using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Qcow2;

/// <summary>
/// What follows the header: the backing file's format, the data file's name, the names of features ("Header extensions", "Feature name table").
/// </summary>
internal sealed class Qcow2HeaderExtensions
{
    private const uint End = 0;
    private const uint BackingFormatType = 0xE2792ACA;
    private const uint FeatureNamesType = 0x6803F857;
    private const uint DataFileType = 0x44415441;

    private const int HeaderSize = 8;
    private const int FeatureNameEntrySize = 48;
    private const int Alignment = 8;

    // QEMU itself writes three; the table of features is the longest.
    private const int MaximumExtensions = 256;
    private const int MaximumNamesSize = 3 * 64 * FeatureNameEntrySize;
    private const int MaximumFormatSize = 64;
    private const int MaximumFileNameSize = 1023;

    private readonly Dictionary<int, string> _featureNames = [];

    private Qcow2HeaderExtensions()
    {
    }

    public string? BackingFormat { get; private set; }

    /// <summary>Name of the file that holds the data; null when it is not told.</summary>
    public string? DataFileName { get; private set; }

    /// <summary>"lazy refcounts (bit 0)", or the bit alone when the image does not name it.</summary>
    public string FeatureName(int bit) => _featureNames.TryGetValue(bit, out string? name)
        ? $"{name} (bit {bit.ToString(CultureInfo.InvariantCulture)})"
        : $"bit {bit.ToString(CultureInfo.InvariantCulture)}";

    public static Qcow2HeaderExtensions Read(DiskFile file, long offset, int clusterSize)
    {
        var extensions = new Qcow2HeaderExtensions();
        long end = Math.Min(clusterSize, file.Length);
        Span<byte> header = stackalloc byte[HeaderSize];
        for (int i = 0; i < MaximumExtensions && offset <= end - HeaderSize; i++)
        {
            file.Read(offset, header);
            uint type = BinaryPrimitives.ReadUInt32BigEndian(header);
            uint size = BinaryPrimitives.ReadUInt32BigEndian(header[4..]);
            offset += HeaderSize;
            if (type == End)
            {
                break;
            }

            if (size > end - offset)
            {
                throw ImageFault.Corrupt(file, Qcow2Disk.Format, offset - HeaderSize, $"a header extension of {size} bytes does not fit in the first cluster.");
            }

            extensions.Take(file, type, offset, size);
            offset += (size + Alignment - 1) & -Alignment;
        }

        return extensions;
    }

    private void Take(DiskFile file, uint type, long offset, uint size)
    {
        int most = type switch { BackingFormatType => MaximumFormatSize, DataFileType => MaximumFileNameSize, FeatureNamesType => MaximumNamesSize, _ => 0 };
        if (size > most)
        {
            return;
        }

        byte[] data = new byte[size];
        file.Read(offset, data);
        switch (type)
        {
            case BackingFormatType:
                BackingFormat = Encoding.ASCII.GetString(data);
                break;
            case DataFileType:
                DataFileName = Encoding.UTF8.GetString(data);
                break;
            case FeatureNamesType:
                TakeFeatureNames(data);
                break;
        }
    }

    private void TakeFeatureNames(ReadOnlySpan<byte> names)
    {
        for (ReadOnlySpan<byte> entry = names; entry.Length >= FeatureNameEntrySize; entry = entry[FeatureNameEntrySize..])
        {
            const byte Incompatible = 0;
            if (entry[0] == Incompatible)
            {
                _featureNames.TryAdd(entry[1], Encoding.UTF8.GetString(entry[2..FeatureNameEntrySize]).TrimEnd('\0'));
            }
        }
    }
}
