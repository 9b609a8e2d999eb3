using System.Buffers.Binary;

namespace V2V.Engine.Disks.Transports.Ssh;

/// <summary>Takes SSH's data types (RFC 4251, section 5) from a message, never past its end.</summary>
internal ref struct SshReader(ReadOnlySpan<byte> data)
{
    private ReadOnlySpan<byte> _rest = data;

    public bool TryReadByte(out byte value)
    {
        value = _rest.IsEmpty ? (byte)0 : _rest[0];
        bool read = !_rest.IsEmpty;
        _rest = read ? _rest[1..] : _rest;
        return read;
    }

    public bool TryReadUInt32(out uint value)
    {
        if (!BinaryPrimitives.TryReadUInt32BigEndian(_rest, out value))
        {
            return false;
        }

        _rest = _rest[sizeof(uint)..];
        return true;
    }

    /// <summary>A string of bytes after its length.</summary>
    public bool TryReadString(out ReadOnlySpan<byte> value)
    {
        if (!TryReadUInt32(out uint length) || length > _rest.Length)
        {
            value = default;
            return false;
        }

        value = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return true;
    }
}
