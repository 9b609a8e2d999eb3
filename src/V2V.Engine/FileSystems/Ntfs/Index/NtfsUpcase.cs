using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Ntfs.Index;

/// <summary>The upper-case table of a volume, the contents of its $UpCase. Which characters it maps depends on the Windows that formatted it.</summary>
internal sealed class NtfsUpcase
{
    /// <summary>Bytes of a whole $UpCase.</summary>
    public const int Size = CharacterCount * sizeof(char);

    private const int CharacterCount = 0x10000;

    private readonly ushort[] _table;

    private NtfsUpcase(ushort[] table) => _table = table;

    /// <summary>Reads a table; characters behind the end of a short one are their own upper case.</summary>
    public static NtfsUpcase Parse(ReadOnlySpan<byte> raw)
    {
        if (raw.Length > Size || raw.Length % sizeof(char) != 0)
        {
            throw NtfsErrors.Corrupt($"$UpCase has {raw.Length} bytes, and {Size} are the most.");
        }

        var table = new ushort[CharacterCount];
        for (var i = 0; i < table.Length; i++)
        {
            table[i] = i * sizeof(char) < raw.Length ? raw.U16(i * sizeof(char)) : (ushort)i;
        }

        return new NtfsUpcase(table);
    }

    public char ToUpper(char character) => (char)_table[character];

    public string ToUpper(string name) => string.Create(name.Length, (name, _table), static (span, state) =>
    {
        for (var i = 0; i < span.Length; i++)
        {
            span[i] = (char)state._table[state.name[i]];
        }
    });

    public bool AreEqual(string left, string right)
    {
        if (left.Length != right.Length)
        {
            return false;
        }

        for (var i = 0; i < left.Length; i++)
        {
            if (_table[left[i]] != _table[right[i]])
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Compares names of UTF-16LE ignoring case.</summary>
    public int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        var common = Math.Min(left.Length, right.Length) & ~1;
        for (var i = 0; i < common; i += sizeof(char))
        {
            var l = BinaryPrimitives.ReadUInt16LittleEndian(left[i..]);
            var r = BinaryPrimitives.ReadUInt16LittleEndian(right[i..]);
            if (l != r && _table[l] != _table[r])
            {
                return _table[l].CompareTo(_table[r]);
            }
        }

        return left.Length.CompareTo(right.Length);
    }

    /// <summary>Compares names of UTF-16LE by their characters.</summary>
    public static int CompareExactly(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        var common = Math.Min(left.Length, right.Length) & ~1;
        for (var i = 0; i < common; i += sizeof(char))
        {
            var order = BinaryPrimitives.ReadUInt16LittleEndian(left[i..]).CompareTo(BinaryPrimitives.ReadUInt16LittleEndian(right[i..]));
            if (order != 0)
            {
                return order;
            }
        }

        return left.Length.CompareTo(right.Length);
    }
}
