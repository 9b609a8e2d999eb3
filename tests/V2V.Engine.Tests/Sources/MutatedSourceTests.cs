using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace V2V.Engine.Tests.Sources;

/// <summary>
/// Damaged and hostile descriptors, and headers of archives, end in the engine's exception or in a guest: never in another exception, nor
/// in a loop, nor in much memory. (Headers of disk images: the tests of each format in Disks.)
/// </summary>
public sealed partial class MutatedSourceTests
{
    /// <summary>Of each kind.</summary>
    private const int Mutations = 500;

    private const long MemoryLimit = 256 << 20;

    private static readonly string[] Extremes =
    [
        "", "0", "-1", "1", "255", "65536", "2147483647", "4294967296", "9223372036854775807", "-9223372036854775808", "18446744073709551616", "1e400", "NaN", "0x",
        "../../etc/passwd", "/etc/passwd", "\\\\server\\share", "C:\\x", "%00", "%2e%2e/", ".", "/", "*", "\u0000", "\uFFFF", "TRUE", new string('9', 5000), new string('a', 70_000),
    ];

    [Theory]
    [InlineData(".vmx")]
    [InlineData(".ovf")]
    [InlineData(".vbox")]
    [InlineData(".xml")]
    public void A_damaged_descriptor_is_read_or_refused(string extension)
    {
        string[] names = [.. SourceSample.Names.Where(n => SourceSample.Opened(n).EndsWith(extension, StringComparison.Ordinal))];
        var refused = 0;
        var done = 0;
        for (var i = 0; i < names.Length; i++)
        {
            using var sample = SourceSample.Make(names[i]);
            // A manifest would refuse every change before the descriptor is looked at.
            foreach (var manifest in Directory.GetFiles(sample.Folder.Path, "*.mf"))
            {
                File.Delete(manifest);
            }

            var original = File.ReadAllBytes(sample.SourcePath);
            for (; done < Mutations * (i + 1) / names.Length; done++)
            {
                File.WriteAllBytes(sample.SourcePath, MutateText(original, new Random(done)));
                refused += Open(sample, done) ? 0 : 1;
            }
        }

        // Proof that the mutations reach something, and that not all of them end at the first check.
        Assert.InRange(refused, Mutations / 20, Mutations * 19 / 20);
    }

    /// <summary>Headers of members, manifest and descriptor of archives.</summary>
    [Theory]
    [InlineData(".ova")]
    [InlineData(".xva")]
    public void A_damaged_archive_is_read_or_refused(string extension)
    {
        string[] names = [.. SourceSample.Names.Where(n => SourceSample.Opened(n).EndsWith(extension, StringComparison.Ordinal))];
        var refused = 0;
        var done = 0;
        for (var i = 0; i < names.Length; i++)
        {
            using var sample = SourceSample.Make(names[i]);
            var original = File.ReadAllBytes(sample.SourcePath);
            var headers = TarHeaders(original);
            for (; done < Mutations * (i + 1) / names.Length; done++)
            {
                File.WriteAllBytes(sample.SourcePath, MutateArchive(original, headers, new Random(done)));
                refused += Open(sample, done) ? 0 : 1;
            }
        }

        Assert.InRange(refused, Mutations / 20, Mutations * 19 / 20);
    }

    /// <returns>False when it was refused.</returns>
    private static bool Open(SourceSample sample, int number)
    {
        var task = Task.Run(() =>
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var isRead = true;
            try
            {
                foreach (var disk in sample.Open().SelectMany(g => g.Disks))
                {
                    disk.Open().Dispose();
                }
            }
            catch (V2VException)
            {
                isRead = false;
            }

            return (isRead, Memory: GC.GetAllocatedBytesForCurrentThread() - before);
        });
        try
        {
            Assert.True(task.Wait(Watchdog.Limit), $"mutation {number} of {sample.Name} did not end");
        }
        catch (AggregateException e)
        {
            Assert.Fail($"mutation {number} of {sample.Name} ended in {e.InnerException}");
        }

        Assert.True(task.Result.Memory < MemoryLimit, $"mutation {number} of {sample.Name} took {task.Result.Memory} bytes of memory");
        return task.Result.isRead;
    }

    private static byte[] MutateText(byte[] original, Random random)
    {
        if (random.Next(4) == 0)
        {
            return MutateBytes(original, random);
        }

        var text = Encoding.UTF8.GetString(original);
        for (var n = random.Next(1, 4); n > 0; n--)
        {
            var lines = text.Split('\n').ToList();
            var line = random.Next(lines.Count);
            switch (random.Next(5))
            {
                case 0:
                    lines.RemoveAt(line);
                    break;
                case 1:
                    lines.InsertRange(random.Next(lines.Count), Enumerable.Repeat(lines[line], random.Next(20) == 0 ? 3000 : 1));
                    break;
                default:
                    // A value between quotes or tags.
                    var extreme = Extremes[random.Next(Extremes.Length)];
                    lines[line] = Value().Replace(lines[line], extreme.Replace("$", "$$", StringComparison.Ordinal), 1, random.Next(lines[line].Length + 1));
                    break;
            }

            text = string.Join('\n', lines);
        }

        return random.Next(12) switch
        {
            0 => [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes(text)],
            1 => Encoding.Unicode.GetBytes(text),
            2 => [.. Encoding.BigEndianUnicode.GetPreamble(), .. Encoding.BigEndianUnicode.GetBytes(text)],
            3 => Encoding.Latin1.GetBytes(text.Replace("name", "n\u00E4me", StringComparison.OrdinalIgnoreCase)),
            4 => [.. Encoding.UTF8.GetPreamble(), .. Encoding.UTF8.GetBytes(text)],
            5 => Encoding.UTF8.GetBytes(text)[..random.Next(text.Length)],
            _ => Encoding.UTF8.GetBytes(text),
        };
    }

    private static byte[] MutateBytes(byte[] original, Random random)
    {
        var damaged = original.ToArray();
        for (var n = random.Next(1, 20); n > 0; n--)
        {
            damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
        }

        return damaged;
    }

    private static byte[] MutateArchive(byte[] original, List<int> headers, Random random)
    {
        if (random.Next(12) == 0)
        {
            return original[..random.Next(original.Length)];
        }

        var damaged = original.ToArray();
        for (var n = random.Next(1, 4); n > 0; n--)
        {
            var header = damaged.AsSpan(headers[random.Next(headers.Count)], 512);
            switch (random.Next(5))
            {
                case 0:
                    // The size, as large as it can be written, and in base 256.
                    Encoding.ASCII.GetBytes(random.Next(2) == 0 ? "77777777777\0" : "\u0001\u0001\u0001\u0001\u0001\u0001\u0001\u0001\u0001\u0001\u0001\u0001").CopyTo(header[124..]);
                    header[124] |= (byte)(random.Next(2) << 7);
                    break;
                case 1:
                    header[156] = (byte)"0123456789LKxgSVD\0"[random.Next(18)];
                    break;
                case 2:
                    header[..100].Clear();
                    Encoding.UTF8.GetBytes(Extremes[random.Next(20)]).CopyTo(header);
                    break;
                case 3:
                    header[random.Next(512)] = (byte)random.Next(256);
                    break;
                default:
                    damaged[random.Next(Math.Min(damaged.Length, 40_000))] = (byte)random.Next(256);
                    break;
            }

            if (random.Next(4) > 0)
            {
                Checksum(header);
            }
        }

        return damaged;
    }

    /// <summary>So that a reader does not stop at the sum.</summary>
    private static void Checksum(Span<byte> header)
    {
        header.Slice(148, 8).Fill((byte)' ');
        var sum = 0;
        foreach (var b in header)
        {
            sum += b;
        }

        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(header[148..]);
    }

    private static List<int> TarHeaders(byte[] archive)
    {
        List<int> headers = [];
        for (var at = 0; at + 512 <= archive.Length && archive[at] != 0;)
        {
            headers.Add(at);
            var size = Convert.ToInt32(Encoding.ASCII.GetString(archive, at + 124, 11), 8);
            at += 512 + ((size + 511) & -512);
        }

        return headers;
    }

    [GeneratedRegex("(?<=[\"'])[^\"']*(?=[\"'])|(?<=>)[^<]+(?=<)")]
    private static partial Regex Value();
}
