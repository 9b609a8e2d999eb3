using System.Globalization;
using System.Text.RegularExpressions;

namespace V2V.Engine.Tests.FileSystems.Ntfs.Compression;

/// <summary>
/// Content compressed by wimlib: a resource of a WIM file has the format of the stream WofCompressedData, table and chunks.
/// </summary>
internal static partial class WimResource
{
    /// <summary>Compresses <paramref name="content"/>, which must get smaller.</summary>
    public static byte[] Compress(byte[] content, string type, int chunkSize)
    {
        ExternalTool.Need("wimcapture", "wiminfo");
        var folder = Directory.CreateTempSubdirectory("v2v-wim-");
        try
        {
            var source = folder.CreateSubdirectory("source");
            var image = Path.Combine(folder.FullName, "image.wim");
            File.WriteAllBytes(Path.Combine(source.FullName, "file"), content);
            ExternalTool.Check("wimcapture", source.FullName, image, $"--compress={type}", $"--chunk-size={chunkSize}");
            foreach (var block in ExternalTool.Check("wiminfo", image, "--blobs").Split("\n\n"))
            {
                var fields = Field().Matches(block).ToDictionary(m => m.Groups["name"].Value, m => m.Groups["value"].Value);
                if (fields.TryGetValue("Uncompressed size", out var length) && Number(length) == content.Length && !block.Contains("METADATA", StringComparison.Ordinal))
                {
                    return File.ReadAllBytes(image).AsSpan(Number(fields["Offset in WIM"]), Number(fields["Compressed size"])).ToArray();
                }
            }

            throw new InvalidOperationException("wiminfo does not show the file.");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static int Number(string value) => int.Parse(value.Split(' ')[0], CultureInfo.InvariantCulture);

    [GeneratedRegex("^(?<name>[A-Z][A-Za-z ]*?) *= (?<value>.*)$", RegexOptions.Multiline)]
    private static partial Regex Field();
}
