using System.Buffers.Binary;

namespace V2V.Engine.Registry;

/// <summary>How the registry compares, hashes and stores names: by UTF-16 units, without regard to case, in one byte a unit where that is possible.</summary>
internal static class RegistryNames
{
    /// <summary>UTF-16 units of a key's name ("Registry Element Size Limits", Microsoft Learn).</summary>
    public const int MaxKeyName = 255;

    /// <summary>UTF-16 units of a value's name.</summary>
    public const int MaxValueName = 16383;

    public static bool Equal(string a, string b) => a.Length == b.Length && Compare(a, b) == 0;

    /// <summary>The order of subkey lists: upper-case units as numbers, a prefix first.</summary>
    public static int Compare(string a, string b)
    {
        var shared = Math.Min(a.Length, b.Length);
        for (var i = 0; i < shared; i++)
        {
            var difference = a[i] == b[i] ? 0 : Upcase.Of(a[i]) - Upcase.Of(b[i]);
            if (difference != 0)
            {
                return difference;
            }
        }

        return a.Length - b.Length;
    }

    /// <summary>The hash of a hash leaf: base 37 over the upper-case units.</summary>
    public static uint Hash(string name)
    {
        uint hash = 0;
        foreach (var unit in name)
        {
            hash = unchecked((hash * 37) + Upcase.Of(unit));
        }

        return hash;
    }

    /// <summary>The hint of a fast leaf: the first four characters, NUL-padded; 0 where one of them does not fit a byte.</summary>
    public static uint Hint(string name)
    {
        uint hint = 0;
        for (var i = 0; i < Math.Min(name.Length, sizeof(uint)); i++)
        {
            if (name[i] > 0xFF)
            {
                return 0;
            }

            hint |= (uint)name[i] << (8 * i);
        }

        return hint;
    }

    /// <summary>Whether a fast leaf's hint can be that of a name. Writers differ in the case, and a first zero says nothing.</summary>
    public static bool FitsHint(string name, ReadOnlySpan<byte> hint)
    {
        if (hint[0] == 0)
        {
            return true;
        }

        for (var i = 0; i < hint.Length && hint[i] != 0; i++)
        {
            if (i >= name.Length || Upcase.Of((char)hint[i]) != Upcase.Of(name[i]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether every unit fits a byte, so that the name is stored "compressed".</summary>
    public static bool IsCompressible(string name) => name.All(unit => unit <= 0xFF);

    public static byte[] Encode(string name, out bool isCompressed)
    {
        isCompressed = IsCompressible(name);
        var raw = new byte[isCompressed ? name.Length : name.Length * 2];
        for (var i = 0; i < name.Length; i++)
        {
            if (isCompressed)
            {
                raw[i] = (byte)name[i];
            }
            else
            {
                BinaryPrimitives.WriteUInt16LittleEndian(raw.AsSpan(i * 2), name[i]);
            }
        }

        return raw;
    }

    /// <summary>A stored name. <paramref name="raw"/> is of even length unless compressed.</summary>
    public static string Decode(ReadOnlySpan<byte> raw, bool isCompressed) =>
        isCompressed ? System.Text.Encoding.Latin1.GetString(raw) : FromUtf16(raw);

    public static string FromUtf16(ReadOnlySpan<byte> raw)
    {
        var units = new char[raw.Length / 2];
        for (var i = 0; i < units.Length; i++)
        {
            units[i] = (char)BinaryPrimitives.ReadUInt16LittleEndian(raw[(i * 2)..]);
        }

        return new string(units);
    }

    public static byte[] ToUtf16(string text)
    {
        var raw = new byte[text.Length * 2];
        for (var i = 0; i < text.Length; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(raw.AsSpan(i * 2), text[i]);
        }

        return raw;
    }
}
