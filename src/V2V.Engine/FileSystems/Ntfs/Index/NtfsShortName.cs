using System.Globalization;

namespace V2V.Engine.FileSystems.Ntfs.Index;

/// <summary>Names of the DOS namespace: eight characters, and three behind a dot.</summary>
internal static class NtfsShortName
{
    private const int MaxBase = 8;

    private const int MaxExtension = 3;

    /// <summary>Characters of the long name that "~1" leaves space for.</summary>
    private const int KeptCharacters = 6;

    /// <summary>With the hash of the long name only these stay.</summary>
    private const int KeptBeforeHash = 2;

    private const int HashDigits = 4;

    /// <summary>Windows tries ~1 to ~4 with the name itself.</summary>
    private const int MaxPlainNumber = 4;

    private const int MaxNumber = 99999;

    private const string Illegal = "\"*+,/:;<=>?[\\]|";

    /// <summary>Whether a name needs no short one beside it: it is of the DOS namespace itself, in whatever case.</summary>
    public static bool Fits(string name)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        var length = dot < 0 ? name.Length : dot;
        return length is > 0 and <= MaxBase && (dot < 0 || name.Length - dot - 1 is > 0 and <= MaxExtension)
            && name.All(c => c is > ' ' and < (char)0x7F && !Illegal.Contains(c, StringComparison.Ordinal))
            && name.IndexOf('.', dot + 1) is var second && (dot < 0 || second < 0);
    }

    /// <summary>A short name for a long one, as Windows (RtlGenerate8dot3Name) makes it.</summary>
    /// <param name="name">The long name.</param>
    /// <param name="isTaken">Whether the directory has a name already, in any case.</param>
    /// <returns>Null when the directory has them all.</returns>
    public static string? Generate(string name, Func<string, bool> isTaken)
    {
        // Leading dots begin no extension, nor does a dot at the end.
        var start = name.Length - name.TrimStart('.', ' ').Length;
        var dot = name.LastIndexOf('.');
        var hasExtension = dot >= start && dot < name.Length - 1;
        var stem = Characters(hasExtension ? name[..dot] : name, KeptCharacters);
        var extension = hasExtension && Characters(name[(dot + 1)..], MaxExtension) is { Length: > 0 } kept ? "." + kept : "";
        var hashed = stem[..Math.Min(stem.Length, KeptBeforeHash)] + Hash(name);

        // A name with hardly any characters is hashed at once.
        for (var number = 1; stem.Length > KeptBeforeHash && number <= MaxPlainNumber; number++)
        {
            if (Numbered(stem, number) + extension is var plain && !isTaken(plain))
            {
                return plain;
            }
        }

        for (var number = 1; number <= MaxNumber; number++)
        {
            if (Numbered(hashed, number) + extension is var candidate && !isTaken(candidate))
            {
                return candidate;
            }
        }

        return null;
    }

    private static string Numbered(string stem, int number)
    {
        var suffix = "~" + number.ToString(CultureInfo.InvariantCulture);
        return stem[..Math.Min(stem.Length, MaxBase - suffix.Length)] + suffix;
    }

    /// <summary>The first characters that a short name can have; what it cannot have gets an underscore or, outside of ASCII, is left out.</summary>
    private static string Characters(string name, int count) => new(
        [.. name.Where(c => c is > ' ' and < (char)0x7F and not '.')
            .Select(c => Illegal.Contains(c, StringComparison.Ordinal) ? '_' : char.ToUpperInvariant(c)).Take(count)]);

    /// <summary>Sixteen bits of the long name, its lowest digit first.</summary>
    private static string Hash(string name)
    {
        const uint Factor = 314159269;
        const int Prime = 1000000007;
        ushort sum = 0;
        foreach (var character in name)
        {
            sum = (ushort)((sum * 37) + character);
        }

        var scrambled = (uint)Math.Abs((long)(int)unchecked(sum * Factor)) % Prime;
        var digits = ((ushort)scrambled).ToString("X4", CultureInfo.InvariantCulture);
        return new string([.. digits.Reverse().Take(HashDigits)]);
    }
}
