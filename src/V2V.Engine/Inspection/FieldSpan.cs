namespace V2V.Engine.Inspection;

/// <summary>A word of a configuration line with its place, so that it can be replaced and every other byte of the file kept.</summary>
internal readonly record struct FieldSpan(int Start, int Length)
{
    public int End => Start + Length;

    public string Of(string text) => text.Substring(Start, Length);

    public string Replace(string text, string value) => string.Concat(text.AsSpan(0, Start), value, text.AsSpan(End));

    /// <summary>The words of a line between blanks; none when it is empty or a comment that starts with <paramref name="comment"/>.</summary>
    public static List<FieldSpan> Split(string line, char comment = '#')
    {
        var fields = new List<FieldSpan>();
        for (var i = 0; i < line.Length;)
        {
            if (char.IsWhiteSpace(line[i]))
            {
                i++;
                continue;
            }

            if (fields.Count == 0 && line[i] == comment)
            {
                break;
            }

            var start = i;
            while (i < line.Length && !char.IsWhiteSpace(line[i]))
            {
                i++;
            }

            fields.Add(new FieldSpan(start, i - start));
        }

        return fields;
    }
}
