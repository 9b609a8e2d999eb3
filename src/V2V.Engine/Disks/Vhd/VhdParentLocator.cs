using System.Buffers.Binary;
using System.Text;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vhd;

/// <summary>One of the eight places that tell how a platform finds the parent of a differencing disk (specification 1.0, "Parent Locator Entry").</summary>
/// <param name="Platform">"W2ru": a relative path of Windows; "W2ku": an absolute one; "MacX": a file URL.</param>
/// <param name="DataLength">Bytes of the path.</param>
/// <param name="DataOffset">Where the path stands in the file.</param>
internal sealed record VhdParentLocator(string Platform, uint DataLength, long DataOffset)
{
    public const int Size = 24;

    // Windows' longest path has 32,767 UTF-16 units.
    private const int MaximumLength = 65536;

    private const string RelativePath = "W2ru";
    private const string AbsolutePath = "W2ku";

    public static VhdParentLocator Parse(ReadOnlySpan<byte> entry) => new(
        Encoding.Latin1.GetString(entry[..4]), BinaryPrimitives.ReadUInt32BigEndian(entry[8..]), BinaryPrimitives.ReadInt64BigEndian(entry[16..]));

    /// <summary>The parent's path as the first locator that V2V understands tells it, else its bare name; with '/' between names.</summary>
    public static string FindParent(DiskFile file, VhdDynamicHeader header)
    {
        VhdParentLocator? locator = header.ParentLocators.FirstOrDefault(l => l.Platform == RelativePath)
            ?? header.ParentLocators.FirstOrDefault(l => l.Platform == AbsolutePath);
        string name = locator?.Read(file) is { Length: > 0 } path ? path : header.ParentName;
        return name.Replace('\\', '/');
    }

    private string Read(DiskFile file)
    {
        if (DataLength > MaximumLength || DataOffset < 0 || DataOffset > file.Length - DataLength)
        {
            throw ImageFault.Corrupt(
                file, VhdDisk.Format, null, $"the path of its parent is said to have {DataLength} bytes at byte {DataOffset}; the file ends at {file.Length}.");
        }

        byte[] path = new byte[DataLength];
        file.Read(DataOffset, path);
        return Encoding.Unicode.GetString(path).Split('\0')[0];
    }
}
