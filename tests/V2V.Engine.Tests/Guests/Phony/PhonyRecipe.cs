namespace V2V.Engine.Tests.Guests.Phony;

/// <summary>A part of a recipe: a line "@word arguments" and the lines that follow it.</summary>
/// <param name="Word">What it makes.</param>
/// <param name="Arguments">The other words of the line.</param>
/// <param name="Body">What follows, up to the next such line.</param>
internal sealed record PhonySection(string Word, string[] Arguments, string Body)
{
    public IEnumerable<string> Lines => Body.Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0);

    /// <summary>The value of an argument "name=value".</summary>
    public string? Option(string name) =>
        Arguments.FirstOrDefault(a => a.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];
}

/// <summary>The description of a phony guest (tests/Guests/phony/README.md): text that says what lies on its disk.</summary>
internal static class PhonyRecipe
{
    public static IEnumerable<PhonySection> Parse(string text)
    {
        // What stands before the first section is a comment.
        foreach (var part in ('\n' + text).Split("\n@").Skip(1))
        {
            var (head, body) = part.Split('\n', 2) is [var h, var b] ? (h, b) : (part, "");
            var words = head.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            // An empty line before the next section is there for the reader.
            yield return new PhonySection(words[0], words[1..], body.TrimEnd('\n') is { Length: > 0 } content ? content + "\n" : "");
        }
    }
}
