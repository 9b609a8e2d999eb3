using V2V.Engine.FileSystems;
using V2V.Engine.Tests.FileSystems;

namespace V2V.Engine.Tests.Inspection.Boot;

/// <summary>What a step changed in a guest's files, as lines that a reader can compare with what they expect.</summary>
internal sealed class FileDifferences
{
    private readonly GuestRoot _root;
    private readonly Dictionary<string, string> _before;

    public FileDifferences(GuestRoot root)
    {
        _root = root;
        _before = Files().ToDictionary(f => f.Path, f => f.Text);
    }

    /// <summary>"path:", then each line that is gone with "-" and each that is new with "+", white space at its ends left out.</summary>
    public string Describe()
    {
        var result = new List<string>();
        foreach (var (path, text) in Files())
        {
            var before = _before.GetValueOrDefault(path, "");
            if (before == text)
            {
                continue;
            }

            result.Add(path + ":");
            var (old, changed) = (before.Split('\n'), text.Split('\n'));
            result.AddRange(Except(old, changed).Select(l => "- " + Line(l)));
            result.AddRange(Except(changed, old).Select(l => "+ " + Line(l)));
        }

        return string.Join(Environment.NewLine, result);
    }

    /// <summary>Lines with repetitions, in order.</summary>
    private static List<string> Except(string[] lines, string[] others)
    {
        var left = others.ToList();
        return lines.Where(l => !left.Remove(l)).ToList();
    }

    private static string Line(string line) => line.StartsWith("##") && line.Trim('#').Length == 0 ? $"{line.Length} #" : line.Trim();

    private IEnumerable<(string Path, string Text)> Files() => _root.Mounts.Reverse()
        .SelectMany(m => ((MemoryFileSystem)m.FileSystem).Listing().Select(l => l.Split(' ')[0])
            .Where(p => m.FileSystem.Find(p) is { IsRegular: true })
            .Select(p => ((m.MountPoint == "/" ? "" : m.MountPoint) + p, m.FileSystem.ReadAllText(p))))
        .OrderBy(f => f.Item1, StringComparer.Ordinal);
}
