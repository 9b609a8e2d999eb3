using System.Globalization;

namespace V2V.Engine.Disks.Transports.Ssh;

/// <summary>
/// Where a file on a Linux host has data. SFTP cannot tell, so the host is asked by a script that steps through the file as
/// <see cref="FileHoles"/> does. Hosts without Python, ESXi among them, are not asked: there all is data.
/// </summary>
internal sealed class DataMap
{
    // A line of output for each run: 32 MiB are more than a million runs.
    private const int MaximumOutput = 32 << 20;

    /// <summary>Stepping through a fragmented file on a slow file system takes a while.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private const string Python = """
        import os, sys
        f = os.open(sys.argv[1], os.O_RDONLY)
        n = os.fstat(f).st_size
        p = 0
        while p < n:
            try:
                d = os.lseek(f, p, 3)
            except OSError as e:
                if e.errno != 6:
                    raise
                break
            h = os.lseek(f, d, 4)
            print("%d %d" % (d, h - d))
            p = h
        print("end %d" % n)
        """;

    private readonly List<(long Offset, long End)> _data;

    private DataMap(List<(long Offset, long End)> data) => _data = data;

    /// <summary>Asks the host; null when it cannot tell.</summary>
    public static DataMap? Ask(SshLink link, string path, long length)
    {
        string script = $"""
            [ "$(uname -s)" = Linux ] || exit 1
            for python in python3 /usr/libexec/platform-python python2 python; do
                command -v "$python" > /dev/null 2>&1 || continue
                exec "$python" -E -s -c {RemoteShell.Quote(Python)} {RemoteShell.Quote(path)}
            done
            exit 1

            """;
        return RemoteShell.Run(link, script, MaximumOutput, Limit) is { } output ? Parse(output, length) : null;
    }

    /// <summary>Takes the script's output; null when it is anything but runs in order within a file of this length, and the end.</summary>
    internal static DataMap? Parse(string output, long length)
    {
        var data = new List<(long, long)>();
        long position = 0;
        foreach (ReadOnlySpan<char> line in output.AsSpan().EnumerateLines())
        {
            int space = line.IndexOf(' ');
            if (space < 0 || !long.TryParse(line[(space + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out long size))
            {
                return null;
            }

            if (line[..space] is "end")
            {
                return size == length ? new DataMap(data) : null;
            }

            if (!long.TryParse(line[..space], NumberStyles.None, CultureInfo.InvariantCulture, out long offset)
                || offset < position || offset >= length || size <= 0 || size > length - offset)
            {
                return null;
            }

            data.Add((offset, offset + size));
            position = offset + size;
        }

        return null;
    }

    /// <summary>The runs of a range, as <see cref="DiskFile.Extents"/> gives them.</summary>
    public IEnumerable<DiskExtent> Extents(long offset, long length)
    {
        long end = offset + length;
        int index = _data.BinarySearch((offset, long.MaxValue));
        // The run that begins before the offset may reach beyond it.
        for (index = Math.Max(0, ~index - 1); offset < end && index < _data.Count && _data[index].Offset < end; index++)
        {
            (long from, long to) = (Math.Max(_data[index].Offset, offset), Math.Min(_data[index].End, end));
            if (to <= offset)
            {
                continue;
            }

            if (from > offset)
            {
                yield return new DiskExtent(offset, from - offset, IsZero: true);
            }

            yield return new DiskExtent(from, to - from, IsZero: false);
            offset = to;
        }

        if (offset < end)
        {
            yield return new DiskExtent(offset, end - offset, IsZero: true);
        }
    }
}
