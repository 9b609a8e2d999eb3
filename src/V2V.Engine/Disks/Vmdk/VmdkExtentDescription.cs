using System.Globalization;

namespace V2V.Engine.Disks.Vmdk;

/// <summary>A line of a descriptor's extent section: <c>RW 4192256 SPARSE "disk-s001.vmdk" 0</c>.</summary>
/// <param name="Access">"RW", "RDONLY" or "NOACCESS".</param>
/// <param name="Length">Size in bytes.</param>
/// <param name="Type">"FLAT", "SPARSE", "ZERO", "VMFS", ...; upper-case.</param>
/// <param name="FileName">As written; null when the line names none.</param>
/// <param name="FileOffset">First byte of a flat extent in its file.</param>
internal sealed record VmdkExtentDescription(string Access, long Length, string Type, string? FileName, long FileOffset)
{
    private static readonly string[] s_accesses = ["RW", "RDONLY", "NOACCESS"];

    private const long MaximumSectors = long.MaxValue / VmdkSparseHeader.SectorSize;

    public static bool IsExtentLine(string line) =>
        Array.Exists(s_accesses, a => line.StartsWith(a, StringComparison.OrdinalIgnoreCase) && line.Length > a.Length && line[a.Length] is ' ' or '\t');

    /// <summary>False when the line does not make sense.</summary>
    public static bool TryParse(string line, out VmdkExtentDescription? extent)
    {
        extent = null;
        string rest = line;
        string access = NextWord(ref rest).ToUpperInvariant();
        if (!TrySectors(NextWord(ref rest), out long length) || length == 0)
        {
            return false;
        }

        string type = NextWord(ref rest).ToUpperInvariant();
        string? fileName = null;
        if (rest.StartsWith('"'))
        {
            int end = rest.IndexOf('"', 1);
            if (end < 0)
            {
                return false;
            }

            fileName = rest[1..end];
            rest = rest[(end + 1)..].TrimStart();
        }

        // What follows the offset names physical partitions; those types are not supported anyway.
        string word = NextWord(ref rest);
        long offset = 0;
        if (type.Length == 0 || (word.Length > 0 && !TrySectors(word, out offset)) || offset > long.MaxValue - length)
        {
            return false;
        }

        extent = new VmdkExtentDescription(access, length, type, fileName, offset);
        return true;
    }

    private static bool TrySectors(string word, out long bytes)
    {
        bool valid = long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out long sectors) && sectors <= MaximumSectors;
        bytes = valid ? sectors * VmdkSparseHeader.SectorSize : 0;
        return valid;
    }

    private static string NextWord(ref string rest)
    {
        int end = rest.IndexOfAny([' ', '\t']);
        string word = end < 0 ? rest : rest[..end];
        rest = rest[word.Length..].TrimStart();
        return word;
    }
}
