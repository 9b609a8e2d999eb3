using System.Globalization;

namespace V2V.Benchmarks;

/// <summary>A process and all that it started, as Linux's /proc shows them.</summary>
internal sealed class ProcessTree(int root)
{
    // Fields of /proc/PID/stat, counted from the one behind the command's name (proc(5)).
    private const int ParentField = 1;
    private const int UserTimeField = 11;
    private const int SystemTimeField = 12;
    private const int ChildrenUserTimeField = 13;
    private const int ChildrenSystemTimeField = 14;

    // USER_HZ, which is 100 on every architecture that .NET runs on.
    private const double TicksPerSecond = 100;

    private readonly HashSet<int> _members = [root];
    private readonly Dictionary<int, double> _cpu = [];

    /// <summary>
    /// Bytes at the most: of a single process its resident set, of several the sum of their proportional set sizes (what n processes share
    /// counts as 1/n for each).
    /// </summary>
    public long PeakMemory { get; private set; }

    /// <summary>User and system time that the members had used when they were last seen.</summary>
    public double SampledCpuSeconds => _cpu.Values.Sum();

    /// <summary>User and system time of the children of this process that have ended, and of their children that they waited for.</summary>
    public static double CpuSecondsOfEndedChildren()
    {
        var fields = StatFields("self")!;
        return Seconds(fields, ChildrenUserTimeField) + Seconds(fields, ChildrenSystemTimeField);
    }

    public void Sample()
    {
        var parents = new Dictionary<int, int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            var name = Path.GetFileName(folder);
            if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && StatFields(name) is { } fields)
            {
                parents[id] = int.Parse(fields[ParentField], CultureInfo.InvariantCulture);
                if (_members.Contains(id))
                {
                    _cpu[id] = Seconds(fields, UserTimeField) + Seconds(fields, SystemTimeField);
                }
            }
        }

        // A member that loses its parent stays one; new ones are found through theirs, however deep.
        while (parents.Where(p => _members.Contains(p.Value) && !_members.Contains(p.Key)).Select(p => p.Key).ToList() is { Count: > 0 } found)
        {
            _members.UnionWith(found);
        }

        var alive = _members.Where(parents.ContainsKey).ToArray();
        PeakMemory = Math.Max(PeakMemory, alive.Length == 1 ? PeakResidentSet(alive[0]) : alive.Sum(ProportionalSetSize));
    }

    private static long PeakResidentSet(int id) => Kilobytes($"/proc/{id}/status", "VmHWM:") * 1024;

    private static long ProportionalSetSize(int id) => Kilobytes($"/proc/{id}/smaps_rollup", "Pss:") * 1024;

    private static long Kilobytes(string path, string field)
    {
        var line = ReadLines(path).FirstOrDefault(l => l.StartsWith(field, StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line[field.Length..^"kB".Length].Trim(), CultureInfo.InvariantCulture);
    }

    private static string[]? StatFields(string process)
    {
        var line = ReadLines($"/proc/{process}/stat").FirstOrDefault();
        return line?[(line.LastIndexOf(')') + 2)..].Split(' ');
    }

    private static double Seconds(string[] fields, int field) => long.Parse(fields[field], CultureInfo.InvariantCulture) / TicksPerSecond;

    /// <summary>Nothing when the process has ended meanwhile.</summary>
    private static string[] ReadLines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
