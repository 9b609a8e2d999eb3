using V2V.Engine.Registry;

namespace V2V.Engine.Conversion.Windows;

/// <summary>What a change did to the registry, so that it can be checked when the guest is read back.</summary>
/// <param name="Name">The value; null when the whole key was deleted.</param>
/// <param name="Kind">Its type; null when it was deleted.</param>
/// <param name="Data">Its content; null when it was deleted.</param>
internal sealed record RegistryWrite(string? Name, RegistryValueKind? Kind, byte[]? Data)
{
    /// <summary>The hive's file; null for those of Windows itself.</summary>
    public RegistryFile? File { get; init; }
}

/// <param name="Volume">Display name of the volume that holds it.</param>
/// <param name="Path">Its path there.</param>
/// <param name="Prefix">What the paths of its keys start with.</param>
internal sealed record RegistryFile(string Volume, string Path, string Prefix);
