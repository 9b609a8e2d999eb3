using System.Buffers.Binary;
using System.Numerics;

namespace V2V.Engine.Registry;

/// <summary>
/// The Marvin32 hash (published in Microsoft's US patent 20130262421) with the fixed seed of the registry's logs. Data may come in parts, all but
/// the last of a multiple of four bytes.
/// </summary>
internal struct Marvin32
{
    // The seed 82EF4D887A4E55C5 as one number, so the lower half of it comes first.
    private uint _low = 0x7A4E_55C5;
    private uint _high = 0x82EF_4D88;

    public Marvin32()
    {
    }

    public static ulong Hash(ReadOnlySpan<byte> data)
    {
        var hash = new Marvin32();
        hash.Append(data[..(data.Length & ~3)]);
        return hash.Finish(data[(data.Length & ~3)..]);
    }

    public void Append(ReadOnlySpan<byte> data)
    {
        for (; data.Length >= sizeof(uint); data = data[sizeof(uint)..])
        {
            Mix(BinaryPrimitives.ReadUInt32LittleEndian(data));
        }
    }

    /// <param name="rest">The last 0 to 3 bytes.</param>
    public ulong Finish(ReadOnlySpan<byte> rest)
    {
        Span<byte> padded = stackalloc byte[sizeof(uint)];
        padded.Clear();
        rest.CopyTo(padded);
        padded[rest.Length] = 0x80;
        Mix(BinaryPrimitives.ReadUInt32LittleEndian(padded));
        Mix(0);
        return ((ulong)_high << 32) | _low;
    }

    private void Mix(uint value)
    {
        unchecked
        {
            _low += value;
            _high ^= _low;
            _low = BitOperations.RotateLeft(_low, 20) + _high;
            _high = BitOperations.RotateLeft(_high, 9) ^ _low;
            _low = BitOperations.RotateLeft(_low, 27) + _high;
            _high = BitOperations.RotateLeft(_high, 19);
        }
    }
}
