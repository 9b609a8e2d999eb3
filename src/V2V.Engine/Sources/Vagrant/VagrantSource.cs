using System.Text.Json;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources.Vagrant;

/// <summary>
/// A Vagrant box, unpacked or in its archive: metadata.json says for which provider it is, and the provider what lies beside. The Vagrantfile is a
/// program and is not looked at.
/// </summary>
internal sealed class VagrantSource : GuestSource
{
    public const string Format = "Vagrant box";
    public const string MetadataName = "metadata.json";

    private const int MaximumDepth = 16;

    private static readonly JsonReaderOptions s_reading = new() { MaxDepth = MaximumDepth, AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    public override string Kind => "Vagrant";

    public override bool Recognises(SourceFile file) => StoreName.Base(file.Name) == MetadataName && HasProvider(file.Head);

    public override IReadOnlyList<SourceGuest> Read(SourceFile file, SourceOptions options, CancellationToken cancellation)
    {
        using var metadata = Parse(file);
        var provider = Text(metadata.RootElement, "provider");
        cancellation.ThrowIfCancellationRequested();
        return provider switch
        {
            "libvirt" or "qemu" => [VagrantLibvirtBox.Read(file, metadata.RootElement, options)],
            "virtualbox" => Inside(file, Only(file, "", ".ovf"), options, cancellation),
            "vmware_desktop" or "vmware_fusion" or "vmware_workstation" or "vmware" => Inside(file, Only(file, "", ".vmx"), options, cancellation),
            "hyperv" => Inside(file, Only(file, "Virtual Machines", ".vmcx", ".xml"), options, cancellation),
            "parallels" => throw Unsupported(
                file, "is for the provider parallels, whose machines are not read", "Get the box for another provider: libvirt, virtualbox, vmware_desktop or hyperv."),
            _ => throw Unsupported(
                file, $"is for the provider {provider ?? "(none)"}, which has no virtual machine that could be converted", "Get the box for one of the providers libvirt, virtualbox, vmware_desktop and hyperv."),
        };
    }

    public static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;

    public static SourceException Invalid(SourceFile file, string what, Exception? inner = null) => new(V2VError.SourceInvalid, $"{file.Path} {what}.", inner)
    {
        Path = file.Path,
        Format = Format,
        Advice = "Download the box again, or convert its disk images with -Disk.",
    };

    private static SourceException Unsupported(SourceFile file, string what, string advice) =>
        new(V2VError.SourceUnsupported, $"{file.Path} {what}.") { Path = file.Path, Format = Format, Advice = advice };

    private static JsonDocument Parse(SourceFile file)
    {
        var content = file.ReadDescriptor(Format).AsMemory();
        try
        {
            var options = new JsonDocumentOptions { MaxDepth = MaximumDepth, AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };
            var document = JsonDocument.Parse(content.Span.StartsWith("\uFEFF"u8) ? content[3..] : content, options);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return document;
            }

            document.Dispose();
            throw Invalid(file, "is no JSON object");
        }
        catch (JsonException e)
        {
            throw Invalid(file, $"is no well-formed JSON: {e.Message.TrimEnd('.')}", e);
        }
    }

    /// <summary>Whether an object begins here that has a property of that name on its first level.</summary>
    private static bool HasProvider(ReadOnlySpan<byte> head)
    {
        try
        {
            var reader = new Utf8JsonReader(head.StartsWith("\uFEFF"u8) ? head[3..] : head, isFinalBlock: false, new JsonReaderState(s_reading));
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

    /// <summary>The one description of a machine that the box has for its provider.</summary>
    private static SourceFile Only(SourceFile metadata, string folder, params string[] extensions)
    {
        var found = metadata.Siblings(folder).Where(f => extensions.Any(f.HasExtension) && !StoreName.Base(f.Name).StartsWith("._", StringComparison.Ordinal)).Take(2).ToList();
        return found.Count == 1
            ? found[0]
            : throw Invalid(metadata, $"belongs to a box that has {(found.Count == 0 ? "no" : "several")} {string.Join(" or ", extensions)} files{(folder.Length == 0 ? "" : $" in '{folder}'")}");
    }

    private IReadOnlyList<SourceGuest> Inside(SourceFile metadata, SourceFile descriptor, SourceOptions options, CancellationToken cancellation) =>
        [.. GuestSources.Read(descriptor, options, cancellation).Select(g => g with { SourceKind = Kind, Path = metadata.Path })];
}
