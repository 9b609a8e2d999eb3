namespace V2V.Engine.Conversion.Initramfs;

/// <summary>Names and patterns as libkmod compares them.</summary>
internal static class KmodAlias
{
    /// <summary>The name of a module in all indexes: its file's name up to ".ko", '-' written '_'.</summary>
    public static string ModuleName(string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        var extension = name.IndexOf(".ko", StringComparison.Ordinal);
        return (extension < 0 ? name : name[..extension]).Replace('-', '_');
    }

    /// <summary>alias_normalize(): '-' becomes '_' except within brackets; null when a bracket has no partner.</summary>
    public static string? Normalise(string alias)
    {
        if (alias.AsSpan().IndexOfAny('-', '[', ']') < 0)
        {
            return alias;
        }

        var text = alias.ToCharArray();
        for (var i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '-':
                    text[i] = '_';
                    break;
                case ']':
                    return null;
                case '[':
                    i = Array.IndexOf(text, ']', i);
                    if (i < 0)
                    {
                        return null;
                    }

                    break;
            }
        }

        return new string(text);
    }

    /// <summary>fnmatch(3) without flags, which is what libkmod matches aliases with: '*', '?', bracket expressions and '\' are special.</summary>
    public static bool Matches(string pattern, string text)
    {
        var p = 0;
        var t = 0;
        // The last '*', and how far it has been made to reach: going back to it alone is enough.
        var starPattern = -1;
        var starText = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                starPattern = ++p;
                starText = t;
            }
            else if (p < pattern.Length && MatchOne(pattern, p, text[t], out var next))
            {
                p = next;
                t++;
            }
            else if (starPattern >= 0)
            {
                p = starPattern;
                t = ++starText;
            }
            else
            {
                return false;
            }
        }

        return pattern.AsSpan(p).IndexOfAnyExcept('*') < 0;
    }

    private static bool MatchOne(string pattern, int position, char character, out int next)
    {
        next = position + 1;
        switch (pattern[position])
        {
            case '?':
                return true;
            case '\\' when next < pattern.Length:
                return pattern[next++] == character;
            case '[' when TryMatchBracket(pattern, position, character, out next) is { } matches:
                return matches;
            default:
                next = position + 1;
                return pattern[position] == character;
        }
    }

    /// <summary>A bracket expression; null when it is not closed and stands for itself.</summary>
    private static bool? TryMatchBracket(string pattern, int position, char character, out int next)
    {
        var i = position + 1;
        var negated = i < pattern.Length && pattern[i] is '!' or '^';
        if (negated)
        {
            i++;
        }

        var found = false;
        for (var first = i; i < pattern.Length && (pattern[i] != ']' || i == first); i++)
        {
            var low = pattern[i];
            var high = low;
            if (i + 2 < pattern.Length && pattern[i + 1] == '-' && pattern[i + 2] != ']')
            {
                high = pattern[i + 2];
                i += 2;
            }

            found |= low <= character && character <= high;
        }

        next = i + 1;
        return i < pattern.Length ? found != negated : null;
    }
}
