using System.Text.Json.Serialization;
using V2V.Engine.Targets;

namespace V2V.Engine.Profiles;

/// <summary>
/// Settings of a conversion under a name. What is null is not decided by the profile: a parameter or the default decides.
/// <see cref="ProfileStore"/> keeps each as a JSON file.
/// </summary>
public sealed record ConversionProfile
{
    public const string DefaultConnection = "qemu:///system";
    public const string DefaultStoragePool = "default";

    /// <summary>The profile's name, which is also its file's.</summary>
    [JsonIgnore]
    public string Name { get; init; } = "";

    /// <summary>What the profile is for, in the words of who made it.</summary>
    public string? Description { get; init; }

    /// <summary>libvirt URI of the host that will run the guests. Excludes <see cref="OutputDirectory"/>.</summary>
    public string? Connection { get; init; }

    /// <summary>libvirt storage pool that takes the disks. Excludes <see cref="OutputDirectory"/>.</summary>
    public string? StoragePool { get; init; }

    /// <summary>Folder that takes disks and domain XML, in place of libvirt.</summary>
    public string? OutputDirectory { get; init; }

    public ImageFormat? Format { get; init; }

    /// <summary>Compression of qcow2 images.</summary>
    public ImageCompression? Compression { get; init; }

    /// <summary>Where adapters go: rules tried in order, the one for every other network last.</summary>
    [JsonPropertyName("networks")]
    public IReadOnlyList<NetworkRule> NetworkRules
    {
        get;
        // The serializer's generated code sets null where the file has no rules.
        init => field = value ?? [];
    } = [];

    /// <summary>A virtio-win ISO image, or a folder with its tree, that Windows guests get their drivers from.</summary>
    public string? DriverSource { get; init; }

    /// <summary>The storage driver of Windows guests.</summary>
    public StoragePreference? BlockDriver { get; init; }

    /// <summary>Convert a Windows guest also when there are no drivers for it, to slower hardware that it has drivers for.</summary>
    public bool? AllowNoDrivers { get; init; }

    /// <summary>Folder for the overlay when it outgrows memory.</summary>
    public string? TemporaryDirectory { get; init; }

    /// <summary>Where guests go: "folder /srv/vms", "pool default at qemu:///system".</summary>
    [JsonIgnore]
    public string TargetDescription => OutputDirectory is null
        ? $"pool {StoragePool ?? DefaultStoragePool} at {Connection ?? DefaultConnection}"
        : $"folder {OutputDirectory}";

    /// <summary>What stands against using these settings together, as one sentence; null when nothing does.</summary>
    public string? FindConflict()
    {
        if (OutputDirectory is not null && (Connection ?? StoragePool) is not null)
        {
            return "A folder and a libvirt connection or storage pool are both given as the target; only one can be.";
        }

        if (Format is ImageFormat.Raw && Compression is not (null or ImageCompression.None))
        {
            return $"Raw images cannot be compressed, but the compression {Compression} is asked for.";
        }

        return NetworkRules.GroupBy(rule => rule.SourceNetwork, StringComparer.OrdinalIgnoreCase).FirstOrDefault(rules => rules.Count() > 1) is not { } twice
            ? null
            : twice.Key is null
                ? "More than one network or bridge is given for all the networks that no rule names."
                : $"The source network '{twice.Key}' is mapped more than once.";
    }

    /// <summary>The options of one conversion with these settings.</summary>
    /// <param name="guestName">Name of the converted guest; null keeps the source's.</param>
    /// <param name="overwrite">Replace volumes and a domain of the same names.</param>
    public ConversionOptions ToOptions(string? guestName = null, bool overwrite = false) => new()
    {
        Name = guestName,
        Format = Format ?? ImageFormat.Qcow2,
        Compression = Compression ?? ImageCompression.None,
        NetworkRules = NetworkRules,
        DriverSource = DriverSource,
        BlockDriver = BlockDriver ?? StoragePreference.Viostor,
        AllowNoDrivers = AllowNoDrivers ?? false,
        TemporaryDirectory = TemporaryDirectory,
        Overwrite = overwrite,
    };
}
