using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Targets.Images;

namespace V2V.Engine.Targets.Resume;

/// <summary>What has to be the same for a disk's copy to be taken up again, and what the run that began it had changed on the disk.</summary>
internal sealed record CheckpointHeader
{
    /// <summary>Of V2V, whose versions need not write an image alike.</summary>
    public required string Program { get; init; }

    /// <summary>Name of the converted guest.</summary>
    public required string Guest { get; init; }

    /// <summary><see cref="ConversionTarget.Description"/>.</summary>
    public required string Target { get; init; }

    /// <summary>Full path of the file that is written, under the name that it has until it is complete, as the journal has it.</summary>
    public required string Path { get; init; }

    /// <summary>By which the file is known again, with <see cref="Born"/> (<see cref="FileStamp"/>).</summary>
    public required ulong Inode { get; init; }

    public required long Born { get; init; }

    /// <summary>Format, allocation, size and granularity of the image.</summary>
    public required string Image { get; init; }

    /// <summary>SHA-256 of the source disk's <see cref="Disks.BlockDevice.Version"/>, which may have more in it than should be stored.</summary>
    public required string Source { get; init; }

    /// <summary>Offsets and lengths of what the run had changed on the disk before it copied it: there it did not copy the source.</summary>
    public required long[] Changed { get; init; }

    public static string ThisProgram { get; } =
        $"{typeof(CheckpointHeader).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion} {typeof(CheckpointHeader).Module.ModuleVersionId}";

    public static string Describe(TargetDiskRequest request) =>
        $"{request.Format} {request.Compression} {request.Allocation} {request.Capacity} {ImageWriters.Granularity(request.Format)}";

    public static string Digest(string version) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(version)));

    public bool IsOf(FileStamp stamp) => stamp.Inode == Inode && stamp.Born == Born;

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, CheckpointJson.Default.CheckpointHeader);

    /// <exception cref="InvalidDataException">It is none.</exception>
    public static CheckpointHeader FromBytes(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, CheckpointJson.Default.CheckpointHeader) is { Changed.Length: var numbers } header && numbers % 2 == 0
                ? header
                : throw new InvalidDataException("It has no header.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException("Its header cannot be read.", e);
        }
    }
}

[JsonSerializable(typeof(CheckpointHeader))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class CheckpointJson : JsonSerializerContext;
