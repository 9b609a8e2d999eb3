using System.Text.Json;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources.Vagrant;

/// <summary>What a box's metadata.json tells.</summary>
/// <param name="Provider">Which hypervisor the box is for; null when it does not tell.</param>
/// <param name="Format">The format of the images, for libvirt.</param>
/// <param name="Disks">The images by their paths in the box, each with its own format if it has one; for libvirt, and not in older boxes.</param>
internal sealed record VagrantMetadata(string? Provider, string? Format, IReadOnlyList<(string Path, string? Format)> Disks)
{
    public const string FileName = "metadata.json";

    private const int MaximumDepth = 16;
    private const int MaximumDisks = 64;

    public static bool Recognises(SourceFile file) => StoreName.Base(file.Name) == FileName && HasProvider(WithoutMark(file.Head));

    /// <exception cref="SourceException">It is no JSON, or lists what cannot be disks.</exception>
    public static VagrantMetadata Parse(SourceFile file)
    {
        var content = file.ReadDescriptor(VagrantSource.Format);
        try
        {
            using var document = JsonDocument.Parse(
                content.AsMemory(content.Length - WithoutMark(content).Length),
                new JsonDocumentOptions { MaxDepth = MaximumDepth, AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new VagrantMetadata(Text(document.RootElement, "provider"), Text(document.RootElement, "format"), ReadDisks(file, document.RootElement))
                : throw VagrantSource.Invalid(file, "is no JSON object");
        }
        catch (JsonException e)
        {
            throw VagrantSource.Invalid(file, $"is no well-formed JSON: {e.Message.TrimEnd('.')}", e);
        }
        catch (InvalidOperationException e)
        {
            // What JsonElement throws for bytes and escapes that are no Unicode.
            throw VagrantSource.Invalid(file, "holds text that is no Unicode", e);
        }
    }

    private static List<(string Path, string? Format)> ReadDisks(SourceFile file, JsonElement metadata)
    {
        if (!metadata.TryGetProperty("disks", out var disks) || disks.ValueKind != JsonValueKind.Array)
        {
            return [];
        }

        return disks.GetArrayLength() <= MaximumDisks
            ? [.. disks.EnumerateArray().Select(disk => disk.ValueKind == JsonValueKind.Object && Text(disk, "path") is { } path
                ? (path, Text(disk, "format"))
                : throw VagrantSource.Invalid(file, "lists a disk without a path"))]
            : throw VagrantSource.Invalid(file, $"lists {disks.GetArrayLength()} disks; a box has at most {MaximumDisks}");
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;

    /// <summary>Whether an object begins here that has a property of that name on its first level.</summary>
    private static bool HasProvider(ReadOnlySpan<byte> head)
    {
        var options = new JsonReaderOptions { MaxDepth = MaximumDepth, AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };
        try
        {
            var reader = new Utf8JsonReader(head, isFinalBlock: false, new JsonReaderState(options));
            while (reader.Read())
            {
                if (reader.CurrentDepth == 0 && reader.TokenType != JsonTokenType.StartObject)
                {
                    return false;
                }

                if (reader is { CurrentDepth: 1, TokenType: JsonTokenType.PropertyName } && reader.ValueTextEquals("provider"u8))
                {
                    return true;
                }
            }
        }
        catch (JsonException)
        {
            // Some other file of that name.
        }

        return false;
    }

    private static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> content) => content.StartsWith("\uFEFF"u8) ? content[3..] : content;
}
