using System.Globalization;
using System.Text;

namespace V2V.Engine.FileSystems.Fat;

/// <summary>
/// The 8.3 name that every file has (specification, "Long Directory Entries: Name Limits and Character Sets"), eleven bytes in a code page that
/// the volume does not tell. V2V reads them in code page 437, Linux' default, and makes new ones of ASCII only.
/// </summary>
internal static class FatShortName
{
    public const int Length = 11;

    /// <summary>Where Windows NT keeps that base or extension are shown in lower case.</summary>
    public const int CaseOffset = 12;

    private const int BaseLength = 8;
    private const byte LowerBase = 0x08;
    private const byte LowerExtension = 0x10;

    /// <summary>Stands for 0xE5 as the first byte, which would mark the entry as free.</summary>
    private const byte EscapedDeleted = 0x05;

    private const int MaxTail = 999_999;

    private static readonly Encoding CodePage = CodePagesEncodingProvider.Instance.GetEncoding(437)!;

    /// <summary>The name as Linux and Windows show it when there is no long one.</summary>
    /// <param name="raw">A directory entry.</param>
    public static string Decode(ReadOnlySpan<byte> raw)
    {
        var caseBits = raw[CaseOffset];
        var name = Text(raw[..BaseLength], isStart: true);
        var extension = Text(raw[BaseLength..Length], isStart: false);
        name = (caseBits & LowerBase) != 0 ? name.ToLowerInvariant() : name;
        extension = (caseBits & LowerExtension) != 0 ? extension.ToLowerInvariant() : extension;
        var shown = extension.Length == 0 ? name : $"{name}.{extension}";
        return shown.Length == 0 ? "_" : shown;
    }

    /// <summary>A volume's label; null when it has none.</summary>
    public static string? DecodeLabel(ReadOnlySpan<byte> raw)
    {
        var label = Text(raw[..Length], isStart: true);
        return label is "" or "NO NAME" ? null : label;
    }

    /// <summary>"." and "..", with which every directory but the root begins.</summary>
    public static bool IsDots(ReadOnlySpan<byte> raw) => raw[..Length].SequenceEqual(".          "u8) || raw[..Length].SequenceEqual("..         "u8);

    /// <summary>The sum by which the parts of a long name know the entry that they belong to (specification, ChkSum).</summary>
    public static byte Checksum(ReadOnlySpan<byte> name)
    {
        byte sum = 0;
        foreach (var b in name[..Length])
        {
            sum = (byte)((byte)((sum >> 1) | (sum << 7)) + b);
        }

        return sum;
    }

    /// <summary>Makes the short name of a new file.</summary>
    /// <param name="name">Its name, which is valid.</param>
    /// <param name="taken">The short names of the directory.</param>
    /// <returns>The short name, and whether it is the name itself, so that no long one is needed.</returns>
    public static (string ShortName, bool IsWhole) Create(string name, IReadOnlySet<string> taken)
    {
        // The last dot begins the extension, unless there are only dots before it.
        var dot = name.TrimStart('.', ' ').LastIndexOf('.');
        dot = dot < 0 ? -1 : dot + name.Length - name.TrimStart('.', ' ').Length;
        var stem = dot < 0 ? name : name[..dot];
        var extension = dot < 0 ? "" : name[(dot + 1)..];
        var shortBase = Reduce(stem);
        var shortExtension = Reduce(extension);
        var isReduced = shortBase.Length > BaseLength || shortExtension.Length > Length - BaseLength
            || !shortBase.Equals(stem, StringComparison.OrdinalIgnoreCase) || !shortExtension.Equals(extension, StringComparison.OrdinalIgnoreCase);
        shortExtension = shortExtension[..Math.Min(shortExtension.Length, Length - BaseLength)];
        shortBase = shortBase.Length == 0 ? "_" : shortBase;
        if (!isReduced)
        {
            var whole = Pack(shortBase, shortExtension);
            if (!taken.Contains(whole))
            {
                return (whole, shortBase == stem && shortExtension == extension);
            }
        }

        for (var tail = 1; tail <= MaxTail; tail++)
        {
            var suffix = string.Create(CultureInfo.InvariantCulture, $"~{tail}");
            var numbered = Pack(shortBase[..Math.Min(shortBase.Length, BaseLength - suffix.Length)] + suffix, shortExtension);
            if (!taken.Contains(numbered))
            {
                return (numbered, false);
            }
        }

        throw FatErrors.Full($"No short name is left for {name}.");
    }

    /// <summary>Upper case, without dots and spaces, and with "_" for what a short name cannot have or what is not ASCII.</summary>
    private static string Reduce(string part)
    {
        var reduced = new StringBuilder(part.Length);
        foreach (var c in part.Where(c => c is not ('.' or ' ')))
        {
            reduced.Append(char.IsAscii(c) && c is not ('[' or ']' or ';' or ',' or '+' or '=') ? char.ToUpperInvariant(c) : '_');
        }

        return reduced.ToString();
    }

    private static string Pack(string stem, string extension) => stem.PadRight(BaseLength) + extension.PadRight(Length - BaseLength);

    /// <summary>Padding removed, and "_" for what would make a path of a name.</summary>
    private static string Text(ReadOnlySpan<byte> raw, bool isStart)
    {
        Span<byte> bytes = stackalloc byte[raw.Length];
        raw.CopyTo(bytes);
        if (isStart && bytes[0] == EscapedDeleted)
        {
            bytes[0] = FatDirectoryEntry.Deleted;
        }

        return string.Create(bytes.Length, bytes, static (text, source) =>
        {
            CodePage.GetChars(source, text);
            foreach (ref var c in text)
            {
                c = c < ' ' || c == '/' ? '_' : c;
            }
        }).TrimEnd(' ');
    }
}
