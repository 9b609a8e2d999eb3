using V2V.Engine.Disks;

namespace V2V.Engine.FileSystems.Fat;

/// <summary>
/// The parts of the volume that hold tables and directories, in memory as far as they are in use. Changes stay there until
/// <see cref="WriteBack"/>, and those since <see cref="Begin"/> can be undone.
/// </summary>
internal sealed class FatCache(WritableBlockDevice device, int sectorSize)
{
    /// <summary>More than the table and directories of any EFI system partition take.</summary>
    private const int MaxBytes = 16 << 20;

    /// <summary>By number. A sector never holds both a directory and a file's contents, which are not kept here.</summary>
    private readonly Dictionary<long, Sector> _sectors = [];

    /// <summary>Sectors as they were; null for one that was unchanged then, and can be read again.</summary>
    private Dictionary<long, byte[]?>? _undo;

    private Sector? _last;

    public void Read(long offset, Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var part = Load(offset / sectorSize).Data.AsSpan((int)(offset % sectorSize));
            var count = Math.Min(part.Length, buffer.Length);
            part[..count].CopyTo(buffer);
            buffer = buffer[count..];
            offset += count;
        }
    }

    public void Write(long offset, ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            var sector = Load(offset / sectorSize);
            if (_undo is not null && !_undo.ContainsKey(sector.Number))
            {
                _undo.Add(sector.Number, sector.IsChanged ? (byte[])sector.Data.Clone() : null);
            }

            var part = sector.Data.AsSpan((int)(offset % sectorSize));
            var count = Math.Min(part.Length, data.Length);
            data[..count].CopyTo(part);
            sector.IsChanged = true;
            data = data[count..];
            offset += count;
        }
    }

    /// <summary>Forgets sectors that are about to be written past this cache, because they belong to a file now.</summary>
    public void Discard(long offset, long length)
    {
        for (var number = offset / sectorSize; number <= (offset + length - 1) / sectorSize; number++)
        {
            _sectors.Remove(number);
        }

        _last = null;
    }

    public void Begin() => _undo = [];

    public void Commit() => _undo = null;

    public void Rollback()
    {
        foreach (var (number, before) in _undo ?? [])
        {
            if (before is null)
            {
                _sectors.Remove(number);
            }
            else
            {
                _sectors[number] = new Sector(number, before) { IsChanged = true };
            }
        }

        _last = null;
        _undo = null;
    }

    public void WriteBack()
    {
        foreach (var sector in _sectors.Values.Where(p => p.IsChanged).OrderBy(p => p.Number))
        {
            device.Write(sector.Number * sectorSize, sector.Data);
            sector.IsChanged = false;
        }
    }

    private Sector Load(long number)
    {
        if (_last?.Number == number)
        {
            return _last;
        }

        if (!_sectors.TryGetValue(number, out var sector))
        {
            if (_sectors.Count >= MaxBytes / sectorSize)
            {
                DropUnchanged();
            }

            sector = new Sector(number, new byte[(int)Math.Min(sectorSize, device.Length - (number * sectorSize))]);
            device.Read(number * sectorSize, sector.Data);
            _sectors.Add(number, sector);
        }

        return _last = sector;
    }

    private void DropUnchanged()
    {
        foreach (var sector in _sectors.Values.Where(p => !p.IsChanged).ToList())
        {
            _sectors.Remove(sector.Number);
        }
    }

    private sealed class Sector(long number, byte[] data)
    {
        public long Number { get; } = number;

        public byte[] Data { get; } = data;

        public bool IsChanged { get; set; }
    }
}
