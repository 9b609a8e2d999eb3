using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using V2V.Engine.FileSystems.Ext;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ext;

/// <summary>Every hash is compared with the one that debugfs computes for the same name.</summary>
public sealed partial class ExtDirectoryHashTests : IDisposable
{
    private const string Seed = "01234567-89ab-cdef-fedc-ba9876543210";

    private readonly string _commands = Path.GetTempFileName();

    public void Dispose() => File.Delete(_commands);

    [Theory]
    [InlineData(0, null)]
    [InlineData(1, null)]
    [InlineData(2, null)]
    [InlineData(3, null)]
    [InlineData(4, null)]
    [InlineData(5, null)]
    [InlineData(0, Seed)]
    [InlineData(1, Seed)]
    [InlineData(2, Seed)]
    [InlineData(3, Seed)]
    [InlineData(4, Seed)]
    [InlineData(5, Seed)]
    public void Hashes_equal_those_of_debugfs(int version, string? seed)
    {
        var names = Names().ToList();
        using (var commands = File.Create(_commands))
        {
            foreach (var name in names)
            {
                commands.Write(Encoding.ASCII.GetBytes($"dx_hash -h {version} {(seed is null ? "" : $"-s {seed} ")}"));
                commands.Write(name);
                commands.WriteByte((byte)'\n');
            }
        }

        var expected = HashLine().Matches(ExternalTool.Check("debugfs", "-f", _commands))
            .Select(m => (Parse(m.Groups[1].Value), Parse(m.Groups[2].Value)))
            .ToList();
        var words = seed is null
            ? new uint[4]
            : MemoryMarshal.Cast<byte, uint>(Convert.FromHexString(seed.Replace("-", "", StringComparison.Ordinal))).ToArray();

        Assert.Equal(names.Count, expected.Count);
        for (var i = 0; i < names.Count; i++)
        {
            var actual = ExtDirectoryHash.Compute(names[i], (ExtHashVersion)version, words);
            Assert.True(expected[i] == actual, $"{Convert.ToHexString(names[i])}: expected {expected[i]}, computed {actual}");
        }
    }

    [Fact]
    public void The_value_kept_for_the_end_of_the_directory_is_never_given_to_a_name()
    {
        // Found by search: the one kind of name that the kernel moves away from the mark, and debugfs does not.
        Assert.Contains("is 0xfffffffe", ExternalTool.Check("debugfs", "-R", "dx_hash -h legacy oyle44"), StringComparison.Ordinal);

        Assert.Equal(0xFFFFFFFCu, ExtDirectoryHash.Compute("oyle44"u8, ExtHashVersion.Legacy, new uint[4]).Hash);
    }

    [Theory]
    [InlineData(6)]
    [InlineData(200)]
    public void Hashes_that_cannot_be_computed_are_refused_by_name(byte version)
    {
        var e = Assert.Throws<GuestFileSystemException>(() => ExtDirectoryHash.Compute("x"u8, (ExtHashVersion)version, new uint[4]));

        Assert.Equal(V2VError.FileSystemUnsupported, e.Error);
        Assert.Contains(version == 6 ? "SipHash" : "200", e.Message, StringComparison.Ordinal);
    }

    /// <summary>Names of every length, ASCII, UTF-8, and bytes of no encoding.</summary>
    private static IEnumerable<byte[]> Names()
    {
        yield return "a"u8.ToArray();
        yield return "vmlinuz-6.1.0-18-amd64"u8.ToArray();
        yield return "Grüße-aus-日本.txt"u8.ToArray();
        var random = new Random(20240229);
        for (var length = 1; length <= 255; length++)
        {
            var ascii = new byte[length];
            var high = new byte[length];
            for (var i = 0; i < length; i++)
            {
                ascii[i] = (byte)random.Next('a', 'z' + 1);
                high[i] = (byte)random.Next(0xA1, 0x100);
            }

            // debugfs would take a name starting with a byte such as '-' for an option.
            yield return ascii;
            high[0] = (byte)'h';
            yield return high;
        }
    }

    private static uint Parse(string hex) => uint.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"is 0x([0-9a-f]+) \(minor 0x([0-9a-f]+)\)")]
    private static partial Regex HashLine();
}
