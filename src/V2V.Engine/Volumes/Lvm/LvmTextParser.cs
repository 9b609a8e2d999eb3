using System.Globalization;

namespace V2V.Engine.Volumes.Lvm;

/// <summary>Reads the text that describes a volume group into sections and values. What it takes in memory and on the stack is bounded.</summary>
internal sealed class LvmTextParser
{
    /// <summary>The volume group, its volumes, one of them, a segment, and what belongs to the segment make five.</summary>
    private const int MaxDepth = 12;

    /// <summary>Values and sections: those of some ten thousand volumes.</summary>
    private const int MaxCount = 500_000;

    private readonly string _text;
    private readonly LvmTokenizer _tokenizer;
    private LvmToken _token;
    private int _count;

    private LvmTextParser(string text)
    {
        _text = text;
        _tokenizer = new LvmTokenizer(text);
        _token = _tokenizer.Next();
    }

    /// <exception cref="VolumeException">The text does not follow the grammar or is larger than any real one.</exception>
    internal static LvmSection Parse(string text)
    {
        var parser = new LvmTextParser(text);
        var root = new LvmSection("");
        parser.Contents(root, LvmTokenKind.End, depth: 0);
        return root;
    }

    private void Contents(LvmSection section, LvmTokenKind end, int depth)
    {
        if (depth > MaxDepth)
        {
            throw Malformed($"sections nested more than {MaxDepth} deep");
        }

        while (_token.Kind != end)
        {
            var name = Take(_token.Kind is LvmTokenKind.String ? LvmTokenKind.String : LvmTokenKind.Word).Text(_text);
            Count();
            if (_token.Kind == LvmTokenKind.SectionBegin)
            {
                Take(LvmTokenKind.SectionBegin);
                var inner = new LvmSection(name);
                Contents(inner, LvmTokenKind.SectionEnd, depth + 1);
                Take(LvmTokenKind.SectionEnd);
                Add(section.TryAdd(inner), name);
            }
            else
            {
                Take(LvmTokenKind.Equals);
                Add(section.TryAdd(name, Value()), name);
            }
        }
    }

    private LvmValue Value()
    {
        if (_token.Kind != LvmTokenKind.ArrayBegin)
        {
            return Single();
        }

        Take(LvmTokenKind.ArrayBegin);
        var items = new List<LvmValue>();
        while (_token.Kind != LvmTokenKind.ArrayEnd)
        {
            items.Add(Single());
            Count();
            if (_token.Kind == LvmTokenKind.Comma)
            {
                Take(LvmTokenKind.Comma);
            }
        }

        Take(LvmTokenKind.ArrayEnd);
        return new LvmValue(Items: items);
    }

    private LvmValue Single()
    {
        if (_token.Kind is LvmTokenKind.String or LvmTokenKind.Word)
        {
            return new LvmValue(Text: Take(_token.Kind).Text(_text));
        }

        var number = Take(LvmTokenKind.Number).Text(_text);
        return long.TryParse(number, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? new LvmValue(Number: value)
            : new LvmValue(Text: number);
    }

    private LvmToken Take(LvmTokenKind kind)
    {
        if (_token.Kind != kind)
        {
            throw Malformed($"{_token.Kind} where {kind} is expected");
        }

        var token = _token;
        _token = _tokenizer.Next();
        return token;
    }

    private void Count()
    {
        if (++_count > MaxCount)
        {
            throw Malformed($"more than {MaxCount} values");
        }
    }

    private void Add(bool isNew, string name)
    {
        if (!isNew)
        {
            throw Malformed($"\"{LvmText.Printable(name)}\" twice in one section");
        }
    }

    private VolumeException Malformed(string how) =>
        LvmErrors.Corrupt($"The text of the LVM metadata has {how}, before character {_token.End}");
}
