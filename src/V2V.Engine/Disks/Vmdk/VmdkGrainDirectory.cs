using V2V.Engine.Disks.Mapping;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vmdk;

/// <summary>
/// The two levels of tables of a sparse extent: a directory of grain tables, each entry of which is the sector where a grain starts.
/// Most extents have both twice; where the first copy cannot be right the second one is taken.
/// </summary>
internal sealed class VmdkGrainDirectory
{
    public const uint Unallocated = 0;
    public const uint ZeroedGrain = 1;

    private readonly DiskFile _file;
    private readonly VmdkSparseHeader _header;
    private readonly uint[]? _primary;
    private readonly uint[]? _redundant;
    private readonly TableCache<uint> _tables;

    /// <param name="file">The extent's file.</param>
    /// <param name="header">Its header.</param>
    /// <param name="cacheSize">Bytes of grain tables that are kept.</param>
    public VmdkGrainDirectory(DiskFile file, VmdkSparseHeader header, int cacheSize)
    {
        _file = file;
        _header = header;
        _primary = ReadEntries(header.Directory, header.DirectoryEntries);
        _redundant = ReadEntries(header.RedundantDirectory, header.DirectoryEntries);
        if (_primary is null && _redundant is null)
        {
            throw ImageFault.Corrupt(
                file, VmdkDisk.Format, header.Directory, $"its grain directory of {header.DirectoryEntries} entries lies beyond its end at byte {file.Length}.");
        }

        _tables = new TableCache<uint>(Math.Max(1, cacheSize / (header.TableEntries * sizeof(uint))), LoadTable);
    }

    /// <summary>True when no grain of a table is allocated, because the table itself is not.</summary>
    public bool IsUnallocated(int table) => (_primary?[table] ?? 0) == 0 && (_redundant?[table] ?? 0) == 0;

    public uint Entry(int table, int index) => _tables[table][index];

    private uint[] LoadTable(int table) => ReadTable(_primary?[table]) ?? ReadTable(_redundant?[table]) ?? throw ImageFault.Corrupt(
        _file, VmdkDisk.Format, (_primary?[table] ?? 0L) * VmdkSparseHeader.SectorSize,
        $"grain table {table} does not lie within the file of {_file.Length} bytes, or points to grains beyond its end.");

    /// <summary>Null when the table cannot be right: absent, beyond the file's end, or with entries that lead there.</summary>
    private uint[]? ReadTable(uint? sector)
    {
        uint[]? entries = ReadEntries((sector ?? 0L) * VmdkSparseHeader.SectorSize, _header.TableEntries);
        return entries is not null && Array.TrueForAll(entries, IsPossible) ? entries : null;
    }

    private bool IsPossible(uint entry) => entry switch
    {
        Unallocated => true,
        ZeroedGrain => _header.HasZeroedGrains,
        _ => (long)entry * VmdkSparseHeader.SectorSize < _file.Length,
    };

    private uint[]? ReadEntries(long offset, int count)
    {
        if (offset < VmdkSparseHeader.Size || offset > _file.Length - ((long)count * sizeof(uint)))
        {
            return null;
        }

        return MappingTable.ReadUInt32(_file, offset, count);
    }
}
