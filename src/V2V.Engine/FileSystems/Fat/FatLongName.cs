using System.Buffers.Binary;
using System.Text;

namespace V2V.Engine.FileSystems.Fat;

/// <summary>
/// A name of up to 255 UTF-16 units, spread over entries before the one with the short name, the last part first (specification,
/// "FAT Long Directory Entries").
/// </summary>
internal static class FatLongName
{
    public const int MaxLength = 255;

    private const int PartLength = 13;
    private const byte LastPart = 0x40;
    private const int MaxParts = 20;

    private const string Forbidden = "\"*/:<>?\\|";

    /// <summary>Why a new file cannot have this name; null when it can.</summary>
    public static string? FindFault(string name) =>
        name.Length > MaxLength ? $"the name has {name.Length} characters; FAT allows {MaxLength}."
        : name.Any(c => c < ' ' || Forbidden.Contains(c, StringComparison.Ordinal)) ? $"FAT allows no control characters and none of {Forbidden} in names."
        : name[^1] is ' ' or '.' ? "on FAT a name cannot end with a space or a dot."
        : !IsUnicode(name) ? "FAT keeps names as Unicode, and this one is not."
        : null;

    /// <summary>False for halves of surrogate pairs, by which <see cref="GuestText"/> stands in for bytes that are not UTF-8.</summary>
    private static bool IsUnicode(string name)
    {
        for (var i = 0; i < name.Length;)
        {
            if (!Rune.TryGetRuneAt(name, i, out var rune))
            {
                return false;
            }

            i += rune.Utf16SequenceLength;
        }

        return true;
    }

    /// <summary>Entries that a name takes besides the short name's.</summary>
    public static int PartsOf(string name) => (name.Length + PartLength - 1) / PartLength;

    /// <summary>Writes the parts of a name in the order in which they stand.</summary>
    public static void Write(string name, byte checksum, Span<byte> slots)
    {
        var parts = PartsOf(name);
        for (var i = 0; i < parts; i++)
        {
            var number = parts - i;
            var raw = slots.Slice(i * FatDirectoryEntry.Size, FatDirectoryEntry.Size);
            raw.Clear();
            raw[Offsets.Number] = (byte)(number | (i == 0 ? LastPart : 0));
            raw[Offsets.Attributes] = (byte)FatAttributes.LongName;
            raw[Offsets.Checksum] = checksum;
            for (var j = 0; j < PartLength; j++)
            {
                // A zero ends the name if there is room, and ones fill the rest.
                var at = ((number - 1) * PartLength) + j;
                var unit = at < name.Length ? name[at] : at == name.Length ? '\0' : '\uFFFF';
                BinaryPrimitives.WriteUInt16LittleEndian(raw[Offsets.Units[j]..], unit);
            }
        }
    }

    /// <summary>Collects the parts that come before an entry. Any part out of order makes the ones so far orphans, which are ignored.</summary>
    public sealed class Reader
    {
        private readonly char[] _units = new char[MaxParts * PartLength];
        private int _parts;
        private int _expected;
        private byte _checksum;

        public void Add(ReadOnlySpan<byte> raw)
        {
            var number = raw[Offsets.Number] & ~LastPart;
            if ((raw[Offsets.Number] & LastPart) != 0)
            {
                (_parts, _expected, _checksum) = number is >= 1 and <= MaxParts ? (number, number, raw[Offsets.Checksum]) : default;
            }

            if (_expected == 0 || number != _expected || raw[Offsets.Checksum] != _checksum)
            {
                Reset();
                return;
            }

            for (var j = 0; j < PartLength; j++)
            {
                _units[((number - 1) * PartLength) + j] = (char)BinaryPrimitives.ReadUInt16LittleEndian(raw[Offsets.Units[j]..]);
            }

            _expected--;
        }

        /// <summary>The whole name that belongs to a short one, and how many entries it took; null when there is none.</summary>
        public (string Name, int Parts)? Take(ReadOnlySpan<byte> shortName)
        {
            var isWhole = _parts > 0 && _expected == 0 && _checksum == FatShortName.Checksum(shortName);
            var parts = _parts;
            Reset();
            if (!isWhole)
            {
                return null;
            }

            var units = _units.AsSpan(0, parts * PartLength);
            var end = units.IndexOf('\0');
            units = end < 0 ? units : units[..end];

            // What would make a path of a name, or no name at all, is not shown; the short name is.
            return units.IsEmpty || units.Length > MaxLength || units is "." or ".." || units.ContainsAnyInRange('\0', '\u001F') || units.Contains('/')
                ? null
                : (units.ToString(), parts);
        }

        public void Reset() => (_parts, _expected) = (0, 0);
    }

    private static class Offsets
    {
        public const int Number = 0;
        public const int Attributes = 11;
        public const int Checksum = 13;

        public static ReadOnlySpan<byte> Units => [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];
    }
}
