namespace V2V.Engine.Volumes.Lvm;

/// <summary>
/// Splits a text in the grammar that LVM's metadata and lvm.conf share into tokens (lvm.conf(5), "SYNTAX"): sections in braces, name = value,
/// arrays in brackets, comments from # to the end of the line.
/// </summary>
internal sealed class LvmTokenizer(string text)
{
    private int _position;

    /// <summary>After one of these a value comes, elsewhere a name; a name may begin with a digit.</summary>
    private bool _valueFollows;

    internal LvmToken Next()
    {
        SkipSpace();
        if (_position >= text.Length || text[_position] == '\0')
        {
            return new LvmToken(LvmTokenKind.End, _position, 0);
        }

        var start = _position++;
        var kind = text[start] switch
        {
            '{' => LvmTokenKind.SectionBegin,
            '}' => LvmTokenKind.SectionEnd,
            '[' => LvmTokenKind.ArrayBegin,
            ']' => LvmTokenKind.ArrayEnd,
            ',' => LvmTokenKind.Comma,
            '=' => LvmTokenKind.Equals,
            '"' => Quoted('"'),
            '\'' => Quoted('\''),
            (>= '0' and <= '9') or '+' or '-' or '.' when _valueFollows => Number(),
            _ => Word(),
        };
        _valueFollows = kind is LvmTokenKind.Equals or LvmTokenKind.ArrayBegin or LvmTokenKind.Comma;
        return new LvmToken(kind, start, _position - start);
    }

    private void SkipSpace()
    {
        for (; _position < text.Length; _position++)
        {
            if (text[_position] == '#')
            {
                var end = text.IndexOf('\n', _position);
                _position = end < 0 ? text.Length - 1 : end;
            }
            else if (!char.IsWhiteSpace(text[_position]))
            {
                break;
            }
        }
    }

    private LvmTokenKind Quoted(char mark)
    {
        for (; _position < text.Length; _position++)
        {
            if (text[_position] == mark)
            {
                _position++;
                break;
            }

            // Only between quotation marks does a backslash protect what follows.
            if (text[_position] == '\\' && mark == '"' && _position + 1 < text.Length)
            {
                _position++;
            }
        }

        return LvmTokenKind.String;
    }

    private LvmTokenKind Number()
    {
        while (_position < text.Length && (char.IsAsciiDigit(text[_position]) || text[_position] == '.'))
        {
            _position++;
        }

        return LvmTokenKind.Number;
    }

    private LvmTokenKind Word()
    {
        while (_position < text.Length && !char.IsWhiteSpace(text[_position]) && text[_position] is not ('#' or '=' or '{' or '}' or '\0'))
        {
            _position++;
        }

        return LvmTokenKind.Word;
    }
}
