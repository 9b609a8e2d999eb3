using V2V.Engine.Volumes.Lvm;

namespace V2V.Engine.Conversion.Linux.Lvm;

/// <summary>A setting of lvm.conf with its place in the text, so that it can be changed and every other byte kept.</summary>
/// <param name="Name">Section and name: "devices/filter".</param>
/// <param name="Value">The value's first token: the bracket of an array, or a single value.</param>
/// <param name="Items">The values, of which a setting that is no array has one.</param>
internal sealed record LvmSetting(string Name, LvmToken Value, IReadOnlyList<LvmToken> Items)
{
    /// <summary>lvm.conf has two levels.</summary>
    private const int MaxDepth = 8;

    /// <summary>The settings of a text up to its end, or up to where it stops following the grammar (there LVM gives up too).</summary>
    internal static IEnumerable<LvmSetting> Read(string text)
    {
        var tokens = new LvmTokenizer(text);
        var sections = new Stack<string>();
        for (var token = tokens.Next(); token.Kind != LvmTokenKind.End; token = tokens.Next())
        {
            if (token.Kind == LvmTokenKind.SectionEnd && sections.Count > 0)
            {
                sections.Pop();
                continue;
            }

            if (token.Kind is not (LvmTokenKind.Word or LvmTokenKind.String))
            {
                yield break;
            }

            var name = token.Text(text);
            switch (tokens.Next().Kind)
            {
                case LvmTokenKind.SectionBegin when sections.Count < MaxDepth:
                    sections.Push(name);
                    break;
                case LvmTokenKind.Equals when ReadValue(tokens, string.Join('/', sections.Reverse().Append(name))) is { } setting:
                    yield return setting;
                    break;
                default:
                    yield break;
            }
        }
    }

    private static LvmSetting? ReadValue(LvmTokenizer tokens, string name)
    {
        var value = tokens.Next();
        if (value.Kind != LvmTokenKind.ArrayBegin)
        {
            return IsItem(value) ? new LvmSetting(name, value, [value]) : null;
        }

        var items = new List<LvmToken>();
        for (var token = tokens.Next(); token.Kind != LvmTokenKind.ArrayEnd; token = tokens.Next())
        {
            if (IsItem(token))
            {
                items.Add(token);
            }
            else if (token.Kind != LvmTokenKind.Comma)
            {
                return null;
            }
        }

        return new LvmSetting(name, value, items);
    }

    /// <summary>The text with one more item at the front of the list.</summary>
    internal string Prepend(string text, string item)
    {
        if (Value.Kind == LvmTokenKind.ArrayBegin)
        {
            return text.Insert(Value.End, Items.Count > 0 ? $" \"{item}\"," : $" \"{item}\" ");
        }

        return text.Insert(Value.End, " ]").Insert(Value.Start, $"[ \"{item}\", ");
    }

    private static bool IsItem(LvmToken token) => token.Kind is LvmTokenKind.String or LvmTokenKind.Word or LvmTokenKind.Number;
}
