using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using V2V.Engine.Tests.Disks;
using V2V.Engine.Volumes;
using Xunit;

namespace V2V.Engine.Tests.Volumes;

/// <summary>A disk image that is partitioned by sfdisk or sgdisk. Deleted when disposed.</summary>
internal sealed class DiskImage : IDisposable
{
    internal DiskImage(long length)
    {
        using var file = File.OpenHandle(Path, FileMode.Open, FileAccess.Write);
        RandomAccess.SetLength(file, length);
    }

    internal string Path { get; } = System.IO.Path.GetTempFileName();

    public void Dispose() => File.Delete(Path);

    /// <summary>Partitions the image with an sfdisk script.</summary>
    internal DiskImage Sfdisk(string script, params string[] options)
    {
        var (exitCode, output) = ExternalTool.RunWithInput(script, "sfdisk", [.. options, "--no-reread", "--no-tell-kernel", "-q", Path]);
        Assert.True(exitCode == 0, output);
        return this;
    }

    internal DiskImage Sgdisk(params string[] arguments)
    {
        ExternalTool.Check("sgdisk", [.. arguments, Path]);
        return this;
    }

    internal ArrayDevice Load() => new(File.ReadAllBytes(Path));

    internal IReadOnlyList<Volume> Discover() => GuestVolumes.Discover([Load()]);

    /// <summary>What sfdisk says of every partition that can hold something, as text lines that can be compared.</summary>
    internal IReadOnlyList<string> DescribedBySfdisk()
    {
        var table = JsonDocument.Parse(ExternalTool.Check("sfdisk", "--json", Path)).RootElement.GetProperty("partitiontable");
        var isGpt = table.GetProperty("label").GetString() == "gpt";
        var sectorSize = table.GetProperty("sectorsize").GetInt64();
        var lines = new List<string>();
        foreach (var partition in table.GetProperty("partitions").EnumerateArray())
        {
            string? Text(string property) => partition.TryGetProperty(property, out var value) ? value.GetString() : null;
            var number = int.Parse(Text("node")![Path.Length..].TrimStart('p'), CultureInfo.InvariantCulture);
            var type = Text("type")!.ToLowerInvariant();
            if (!isGpt && type is "5" or "f" or "85")
            {
                continue;
            }

            var id = isGpt ? Text("uuid")!.ToLowerInvariant() : $"{table.GetProperty("id").GetString()![2..]}-{number:x2}";
            var isActive = isGpt
                ? Text("attrs")?.Contains("LegacyBIOSBootable", StringComparison.Ordinal) == true
                : partition.TryGetProperty("bootable", out var bootable) && bootable.GetBoolean();
            lines.Add(Line(
                number, partition.GetProperty("start").GetInt64() * sectorSize, partition.GetProperty("size").GetInt64() * sectorSize,
                type, id, Text("name"), isActive));
        }

        return [.. lines.Order(StringComparer.Ordinal)];
    }

    internal static IReadOnlyList<string> Describe(IEnumerable<Volume> volumes) =>
        [.. volumes.Select(v => Line(
            v.PartitionNumber!.Value, v.StartOffset, v.Device.Length, v.GptType?.ToString() ?? v.MbrType?.ToString("x", CultureInfo.InvariantCulture),
            v.PartitionUuid, v.PartitionLabel, v.IsActive)).Order(StringComparer.Ordinal)];

    /// <summary>Brings the checksums of the GPT header in a sector up to date after a test has changed it.</summary>
    internal static void SealHeader(byte[] disk, int headerOffset)
    {
        var header = disk.AsSpan(headerOffset, 92);
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], 0);
        var crc = ~0u;
        foreach (var b in header)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
            }
        }

        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], ~crc);
    }

    private static string Line(int number, long start, long length, string? type, string? id, string? name, bool isActive) =>
        $"{number:00} {start} {length} {type} {id} '{name}' {(isActive ? "active" : "")}";
}
