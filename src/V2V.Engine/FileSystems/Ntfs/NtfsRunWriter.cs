using V2V.Engine.Disks;

namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>Joins writes that follow each other on the volume.</summary>
internal sealed class NtfsRunWriter(WritableBlockDevice device)
{
    private const int Capacity = 256 << 10;

    private readonly byte[] _data = new byte[Capacity];
    private long _offset;
    private int _length;

    public void Write(long offset, ReadOnlySpan<byte> data)
    {
        if (offset != _offset + _length || data.Length > Capacity - _length)
        {
            Flush();
            _offset = offset;
        }

        if (data.Length > Capacity)
        {
            device.Write(offset, data);
            return;
        }

        data.CopyTo(_data.AsSpan(_length));
        _length += data.Length;
    }

    public void Flush()
    {
        if (_length > 0)
        {
            device.Write(_offset, _data.AsSpan(0, _length));
            _length = 0;
        }
    }
}
