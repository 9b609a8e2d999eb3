using System.Text;
using System.Text.RegularExpressions;
using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion;

/// <summary>
/// The labels that a guest's SELinux policy gives to paths (selabel_file(5)): file_contexts and what stands beside it. As in libselinux, a path
/// without special characters goes before the patterns, and of these the last that matches decides.
/// </summary>
internal sealed class SELinuxFileContexts
{
    private const string None = "<<none>>";

    /// <summary>What makes a specification a pattern (libselinux, spec_hasMetaChars).</summary>
    private const string PatternCharacters = ".^$?*+|[({";

    /// <summary>Patterns come from the guest; real ones take microseconds.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromMilliseconds(200);

    private readonly Dictionary<string, List<Specification>> _exact = new(StringComparer.Ordinal);
    private readonly List<Specification> _patterns = [];
    private readonly List<(string From, string To)> _substitutions = [];

    private SELinuxFileContexts(GuestRoot root, string type)
    {
        var file = $"/etc/selinux/{type}/contexts/files/file_contexts";
        foreach (var suffix in (ReadOnlySpan<string>)["", ".homedirs", ".local"])
        {
            Read(root.TryReadAllText(file + suffix) ?? "");
        }

        foreach (var suffix in (ReadOnlySpan<string>)[".subs", ".subs_dist"])
        {
            foreach (var line in TextLines.Split(root.TryReadAllText(file + suffix) ?? ""))
            {
                if (FieldSpan.Split(line) is [var from, var to])
                {
                    _substitutions.Add((from.Of(line), to.Of(line)));
                }
            }
        }
    }

    /// <summary>The policy that a guest uses; null when it has none, or SELinux is switched off.</summary>
    public static SELinuxFileContexts? Of(GuestRoot root)
    {
        if (root.TryReadAllText("/etc/selinux/config") is not { } text)
        {
            return null;
        }

        var settings = ShellVariables.Parse(text);
        return settings.GetValueOrDefault("SELINUX") is "enforcing" or "permissive"
            && settings.GetValueOrDefault("SELINUXTYPE") is { Length: > 0 } type && type.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
            ? new SELinuxFileContexts(root, type)
            : null;
    }

    /// <summary>The label as the extended attribute stores it, with the zero that ends it; null when the policy has none for the path.</summary>
    public byte[]? Label(string path, GuestFileType type)
    {
        path = Substitute(path);
        var found = (_exact.GetValueOrDefault(path) ?? []).FindLast(s => s.AppliesTo(type)) is { } exact ? exact : _patterns.FindLast(s => s.AppliesTo(type) && s.Matches(path));
        return found is null || found.Context == None ? null : Encoding.UTF8.GetBytes(found.Context + "\0");
    }

    private void Read(string text)
    {
        foreach (var line in TextLines.Split(text))
        {
            var fields = FieldSpan.Split(line);
            if (fields.Count is not (2 or 3))
            {
                continue;
            }

            var specification = new Specification(fields[0].Of(line), fields.Count == 3 ? fields[1].Of(line) : null, fields[^1].Of(line));
            if (specification.ExactPath is { } path)
            {
                if (!_exact.TryGetValue(path, out var list))
                {
                    _exact.Add(path, list = []);
                }

                list.Add(specification);
            }
            else
            {
                _patterns.Add(specification);
            }
        }
    }

    /// <summary>Paths that are labelled as if they were others: "/etc/systemd/system /usr/lib/systemd/system".</summary>
    private string Substitute(string path)
    {
        foreach (var (from, to) in _substitutions)
        {
            if (path.StartsWith(from, StringComparison.Ordinal) && (path.Length == from.Length || path[from.Length] == '/'))
            {
                return to + path[from.Length..];
            }
        }

        return path;
    }

    private sealed class Specification(string path, string? type, string context)
    {
        private readonly string _prefix = LiteralPrefix(path);

        /// <summary>The path that it names, if it is no pattern.</summary>
        public string? ExactPath { get; } = Exact(path);

        public string Context { get; } = context;

        public bool AppliesTo(GuestFileType fileType) => type switch
        {
            null => true,
            "--" => fileType == GuestFileType.Regular,
            "-d" => fileType == GuestFileType.Directory,
            "-l" => fileType == GuestFileType.SymbolicLink,
            _ => false,
        };

        public bool Matches(string full)
        {
            // The cheap test that leaves few of some thousand patterns to try.
            if (!full.StartsWith(_prefix, StringComparison.Ordinal))
            {
                return false;
            }

            try
            {
                return Regex.IsMatch(full, $"^(?:{path})\\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, s_limit);
            }
            catch (Exception e) when (e is ArgumentException or NotSupportedException or RegexMatchTimeoutException)
            {
                return false;
            }
        }

        private static string? Exact(string path)
        {
            var text = new StringBuilder(path.Length);
            for (var i = 0; i < path.Length; i++)
            {
                if (PatternCharacters.Contains(path[i]))
                {
                    return null;
                }

                text.Append(path[i] == '\\' && i + 1 < path.Length ? path[++i] : path[i]);
            }

            return text.ToString();
        }

        /// <summary>What every path that the pattern matches starts with.</summary>
        private static string LiteralPrefix(string path)
        {
            var end = path.IndexOfAny([.. PatternCharacters, '\\']);
            if (end < 0)
            {
                return path;
            }

            // "/libx?" may come without the x. Alternatives of the whole path, which nobody writes, may start with anything.
            return path.Contains('|') && !path.Contains('(') ? "" : path[..(path[end] is '?' or '*' or '{' ? Math.Max(0, end - 1) : end)];
        }
    }
}
