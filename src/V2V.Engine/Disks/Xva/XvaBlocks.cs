using System.Globalization;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Disks.Transports.Archives;

namespace V2V.Engine.Disks.Xva;

/// <summary>
/// Where the blocks of the disks in an XVA stand. A disk is a directory of members, "Ref:7/00000012", each of them a MiB of it; blocks of
/// zeros are left out, all but the first and the last. Beside each stands its checksum (xapi's ocaml/xapi/stream_vdi.ml).
/// </summary>
internal sealed class XvaBlocks
{
    /// <summary>Bytes of a block.</summary>
    public const int BlockSize = 1 << 20;

    // 64 TiB of blocks would be an archive that nobody has; the bound keeps a crafted one of empty members from filling memory.
    private const int MaximumBlocks = 64 << 20;

    private readonly Dictionary<string, Dictionary<int, (long Offset, int Length)>> _disks = new(StringComparer.Ordinal);

    public static XvaBlocks Read(DiskFile archive)
    {
        var blocks = new XvaBlocks();
        int count = 0;
        foreach (TarEntry entry in TarArchive.Enumerate(archive))
        {
            if (Split(entry.Name) is not { } name || entry.Length == 0)
            {
                continue;
            }

            if (entry.Length > BlockSize || ++count > MaximumBlocks)
            {
                throw ImageFault.Corrupt(archive, XvaDisk.Format, entry.Offset, $"'{entry.Name}' has {entry.Length} bytes; a block has at most {BlockSize}.");
            }

            if (!blocks._disks.TryGetValue(name.Disk, out Dictionary<int, (long, int)>? disk))
            {
                blocks._disks[name.Disk] = disk = [];
            }

            disk[name.Number] = (entry.Offset, (int)entry.Length);
        }

        return blocks;
    }

    /// <summary>The blocks of one disk by their numbers; none when the archive has no such disk.</summary>
    public IReadOnlyDictionary<int, (long Offset, int Length)> Of(string disk) =>
        _disks.GetValueOrDefault(disk) ?? new Dictionary<int, (long Offset, int Length)>();

    /// <summary>"Ref:7/00000012"; null for checksums and other members.</summary>
    private static (string Disk, int Number)? Split(string name)
    {
        int slash = name.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && int.TryParse(name.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? (name[..slash], number)
            : null;
    }
}
