using System.Buffers.Binary;
using System.Numerics;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>
/// The hash by which an indexed directory (htree) orders its names: kernel documentation, "Hash Tree Directories".
/// </summary>
internal static class ExtDirectoryHash
{
    private const int HalfMd4Words = 8;
    private const int TeaWords = 4;

    /// <summary>The hash that marks the end of a directory when it is read by position; no name may have it.</summary>
    private const uint EndOfDirectory = 0x7FFFFFFFu << 1;

    /// <summary>MD4's initial state (RFC 1320, section 3.3), used when the file system has no seed.</summary>
    private static ReadOnlySpan<uint> StandardSeed => [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476];

    /// <param name="name">The name's bytes as they stand in the directory entry.</param>
    /// <param name="version">How the directory hashes.</param>
    /// <param name="seed">The superblock's s_hash_seed as four little-endian words; all zero takes the standard one.</param>
    /// <exception cref="GuestFileSystemException">The directory uses a hash that cannot be computed here.</exception>
    internal static (uint Hash, uint Minor) Compute(ReadOnlySpan<byte> name, ExtHashVersion version, ReadOnlySpan<uint> seed)
    {
        Span<uint> state = stackalloc uint[4];
        (seed.ContainsAnyExcept(0u) ? seed[..4] : StandardSeed).CopyTo(state);

        (uint Hash, uint Minor) result;
        switch (version)
        {
            case ExtHashVersion.Legacy or ExtHashVersion.LegacyUnsigned:
                result = (Legacy(name, signed: version == ExtHashVersion.Legacy), 0);
                break;
            case ExtHashVersion.HalfMd4 or ExtHashVersion.HalfMd4Unsigned:
                HalfMd4(name, signed: version == ExtHashVersion.HalfMd4, state);
                result = (state[1], state[2]);
                break;
            case ExtHashVersion.Tea or ExtHashVersion.TeaUnsigned:
                Tea(name, signed: version == ExtHashVersion.Tea, state);
                result = (state[0], state[1]);
                break;
            default:
                throw new GuestFileSystemException(
                    V2VError.FileSystemUnsupported,
                    $"A directory of the guest's ext4 file system is indexed with the hash {version}; "
                    + "legacy, half-MD4 and TEA hashes are supported (SipHash belongs to encrypted, case-insensitive directories).")
                {
                    Format = "ext4",
                    Advice = "Move the files out of encrypted, case-insensitive directories before converting the guest.",
                };
        }

        // The lowest bit marks, in an index entry, that a run of equal hashes continues from the block before.
        var hash = result.Hash & ~1u;
        return (hash == EndOfDirectory ? EndOfDirectory - 2 : hash, result.Minor);
    }

    private static uint Legacy(ReadOnlySpan<byte> name, bool signed)
    {
        const uint Multiplier = 7152373;
        uint current = 0x12A3FE2D;
        uint previous = 0x37ABE8F9;
        foreach (var b in name)
        {
            var next = previous + (current ^ (Extend(b, signed) * Multiplier));
            if ((next & 0x80000000) != 0)
            {
                next -= 0x7FFFFFFF;
            }

            (previous, current) = (current, next);
        }

        return current << 1;
    }

    private static void HalfMd4(ReadOnlySpan<byte> name, bool signed, Span<uint> state)
    {
        const uint Round2 = 0x5A827999; // the square roots of 2 and 3, as in MD4
        const uint Round3 = 0x6ED9EBA1;
        Span<uint> x = stackalloc uint[HalfMd4Words];
        for (; !name.IsEmpty; name = name[Math.Min(name.Length, HalfMd4Words * 4)..])
        {
            Pack(name, signed, x);
            var (a, b, c, d) = (state[0], state[1], state[2], state[3]);
            for (var i = 0; i < 8; i += 4)
            {
                a = BitOperations.RotateLeft(a + Select(b, c, d) + x[i], 3);
                d = BitOperations.RotateLeft(d + Select(a, b, c) + x[i + 1], 7);
                c = BitOperations.RotateLeft(c + Select(d, a, b) + x[i + 2], 11);
                b = BitOperations.RotateLeft(b + Select(c, d, a) + x[i + 3], 19);
            }

            for (var i = 1; i >= 0; i--)
            {
                a = BitOperations.RotateLeft(a + Majority(b, c, d) + x[i] + Round2, 3);
                d = BitOperations.RotateLeft(d + Majority(a, b, c) + x[i + 2] + Round2, 5);
                c = BitOperations.RotateLeft(c + Majority(d, a, b) + x[i + 4] + Round2, 9);
                b = BitOperations.RotateLeft(b + Majority(c, d, a) + x[i + 6] + Round2, 13);
            }

            // The words of the last round come in the order 3 7 2 6 1 5 0 4.
            for (var i = 3; i >= 0; i -= 2)
            {
                a = BitOperations.RotateLeft(a + (b ^ c ^ d) + x[i] + Round3, 3);
                d = BitOperations.RotateLeft(d + (a ^ b ^ c) + x[i + 4] + Round3, 9);
                c = BitOperations.RotateLeft(c + (d ^ a ^ b) + x[i - 1] + Round3, 11);
                b = BitOperations.RotateLeft(b + (c ^ d ^ a) + x[i + 3] + Round3, 15);
            }

            state[0] += a;
            state[1] += b;
            state[2] += c;
            state[3] += d;
        }
    }

    private static void Tea(ReadOnlySpan<byte> name, bool signed, Span<uint> state)
    {
        const uint Delta = 0x9E3779B9;
        const int Cycles = 16;
        Span<uint> key = stackalloc uint[TeaWords];
        for (; !name.IsEmpty; name = name[Math.Min(name.Length, TeaWords * 4)..])
        {
            Pack(name, signed, key);
            var (left, right) = (state[0], state[1]);
            uint sum = 0;
            for (var cycle = 0; cycle < Cycles; cycle++)
            {
                sum += Delta;
                left += ((right << 4) + key[0]) ^ (right + sum) ^ ((right >> 5) + key[1]);
                right += ((left << 4) + key[2]) ^ (left + sum) ^ ((left >> 5) + key[3]);
            }

            state[0] += left;
            state[1] += right;
        }
    }

    /// <summary>
    /// Turns the next bytes of a name into words, big-endian, each byte added so that a sign carries into the bytes before it.
    /// What is missing is filled with the number of bytes that are left of the name.
    /// </summary>
    private static void Pack(ReadOnlySpan<byte> rest, bool signed, Span<uint> words)
    {
        var pad = (uint)rest.Length | ((uint)rest.Length << 8);
        pad |= pad << 16;
        for (var w = 0; w < words.Length; w++)
        {
            var at = w * 4;
            if (!signed && rest.Length - at >= 4)
            {
                words[w] = BinaryPrimitives.ReadUInt32BigEndian(rest[at..]);
                continue;
            }

            var word = pad;
            for (var i = at; i < Math.Min(at + 4, rest.Length); i++)
            {
                word = (word << 8) + Extend(rest[i], signed);
            }

            words[w] = word;
        }
    }

    private static uint Extend(byte b, bool signed) => signed ? (uint)(sbyte)b : b;

    private static uint Select(uint x, uint y, uint z) => z ^ (x & (y ^ z));

    private static uint Majority(uint x, uint y, uint z) => (x & y) + ((x ^ y) & z);
}
