namespace V2V.Engine.Volumes.Lvm;

internal enum LvmTokenKind
{
    SectionBegin,
    SectionEnd,
    ArrayBegin,
    ArrayEnd,
    Comma,
    Equals,

    /// <summary>Between quotation marks or apostrophes, which belong to the token.</summary>
    String,
    Number,

    /// <summary>A name, or a value without quotation marks.</summary>
    Word,
    End,
}

/// <summary>A token of LVM's configuration grammar, with its place in the text.</summary>
internal readonly record struct LvmToken(LvmTokenKind Kind, int Start, int Length)
{
    internal int End => Start + Length;

    /// <summary>The string or word without quotation marks and escapes.</summary>
    internal string Text(string source)
    {
        var text = source.Substring(Start, Length);
        if (Kind != LvmTokenKind.String)
        {
            return text;
        }

        // A string that the text's end cuts off has no second mark.
        var content = text.Length > 1 && text[^1] == text[0] ? text[1..^1] : text[1..];
        return text[0] == '"' && content.Contains('\\')
            ? content.Replace("\\\"", "\"", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal)
            : content;
    }
}
