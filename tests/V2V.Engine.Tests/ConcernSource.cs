using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace V2V.Engine.Tests;

/// <summary>A place in the source that makes a concern.</summary>
/// <param name="File">Path below src, with '/'.</param>
/// <param name="Line">Number of the line.</param>
/// <param name="Id">The concern's id; null when it is the name of an error that was caught, or what cannot be told.</param>
/// <param name="Severities">Those that it may have there; empty when a variable has it.</param>
/// <param name="Expression">What stands in the place of the id.</param>
internal sealed partial record ConcernSource(string File, int Line, string? Id, IReadOnlyList<ConcernSeverity> Severities, string Expression)
{
    /// <summary>The id is what an error is called.</summary>
    public bool IsError => Expression.EndsWith(".Error.ToString()", StringComparison.Ordinal);

    public override string ToString() => $"src/{File}({Line}): {Expression}";

    /// <summary>Every concern that the source makes, by itself or through a method of the file that is given its id.</summary>
    public static IReadOnlyList<ConcernSource> Find()
    {
        var root = Path.Combine(Repository(), "src");
        return
        [
            .. Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
                .Select(f => (Path: f, Name: Path.GetRelativePath(root, f).Replace('\\', '/')))
                .Where(f => !f.Name.Contains("/obj/", StringComparison.Ordinal) && !f.Name.Contains("/bin/", StringComparison.Ordinal))
                .SelectMany(f => In(f.Name, System.IO.File.ReadAllText(f.Path))),
        ];
    }

    public static string Repository([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../.."));

    private static IEnumerable<ConcernSource> In(string name, string text)
    {
        foreach (Match match in Construction().Matches(text))
        {
            var start = match.Index + match.Length;
            var id = Argument(text, start, 1);
            var severities = Severity().Matches(Argument(text, start, 0)).Select(m => Enum.Parse<ConcernSeverity>(m.Groups[1].Value)).ToList();
            var line = text.AsSpan(0, match.Index).Count('\n') + 1;
            if (Literal(id) is null && Identifier().IsMatch(id))
            {
                foreach (var call in Calls(text, match.Index, id))
                {
                    yield return new ConcernSource(name, line, Literal(call), severities, call);
                }
            }
            else
            {
                yield return new ConcernSource(name, line, Literal(id), severities, id);
            }
        }
    }

    private static string? Literal(string expression) => Quoted().Match(expression) is { Success: true } match ? match.Groups[1].Value + match.Groups[2].Value : null;

    /// <summary>What a file's calls of the method around a place give for a parameter.</summary>
    private static IEnumerable<string> Calls(string text, int index, string parameter)
    {
        var head = Regex.Matches(text[..index], $@"(\w+)\(([^()]*)\bstring {parameter}\b").LastOrDefault();
        if (head is null)
        {
            return [parameter];
        }

        var position = head.Groups[2].Value.Count(c => c == ',');
        return Regex.Matches(text, $@"\b{head.Groups[1].Value}\(").Where(call => call.Index != head.Index).Select(call => Argument(text, call.Index + call.Length, position));
    }

    /// <summary>An argument of a call whose arguments begin at <paramref name="start"/>; none but the first ones may hold text with quotes in quotes.</summary>
    private static string Argument(string text, int start, int position)
    {
        var depth = 0;
        var quoted = false;
        for (int i = start, argument = 0, begin = start; i < text.Length; i++)
        {
            quoted ^= text[i] == '"';
            depth += quoted ? 0 : text[i] is '(' or '{' or '[' ? 1 : text[i] is ')' or '}' or ']' ? -1 : 0;
            if (!quoted && (depth < 0 || (depth == 0 && text[i] == ',')))
            {
                if (argument++ == position)
                {
                    return text[begin..i].Trim();
                }

                begin = i + 1;
            }
        }

        return "";
    }

    [GeneratedRegex(@"new Concern\(|new\(\s*(?=ConcernSeverity\.)")]
    private static partial Regex Construction();

    [GeneratedRegex(@"ConcernSeverity\.(\w+)")]
    private static partial Regex Severity();

    [GeneratedRegex(@"^(?:""(\w+)""|nameof\(V2VError\.(\w+)\))$")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"^[a-z]\w*$")]
    private static partial Regex Identifier();
}
