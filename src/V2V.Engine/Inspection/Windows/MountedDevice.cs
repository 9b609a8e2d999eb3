using System.Buffers.Binary;
using V2V.Engine.Registry;
using V2V.Engine.Volumes;

namespace V2V.Engine.Inspection.Windows;

/// <summary>
/// A value of SYSTEM\MountedDevices: what the mount manager gave a letter or a volume name to. The data is the volume's unique id, which says
/// where a basic partition is: on MBR the disk's signature and the partition's offset, on GPT the partition's GUID. A dynamic volume has the GUID
/// that its database gives it, in the same form.
/// </summary>
/// <param name="Name">"\DosDevices\C:", "\??\Volume{...}".</param>
/// <param name="Signature">The disk's signature (MBR).</param>
/// <param name="Offset">The partition's first byte (MBR).</param>
/// <param name="Id">The partition's GUID, or that of a dynamic volume.</param>
internal sealed record MountedDevice(string Name, uint? Signature, long? Offset, Guid? Id)
{
    private const int MbrLength = 12;

    private const int GptLength = 24;

    private const string LetterPrefix = @"\DosDevices\";

    private const string VolumePrefix = @"\??\Volume{";

    /// <summary>A drive has 26 letters; volumes that were ever seen, removable ones too, are rarely more than some hundred.</summary>
    private const int MaxValues = 10_000;

    /// <summary>Upper-case, or null when the name is no letter.</summary>
    public char? Letter =>
        Name.StartsWith(LetterPrefix, StringComparison.OrdinalIgnoreCase) && Name[LetterPrefix.Length..] is [var letter, ':'] && char.IsAsciiLetter(letter)
            ? char.ToUpperInvariant(letter)
            : null;

    /// <summary>The GUID of a volume name in lower case, without braces; null for letters.</summary>
    public string? VolumeGuid =>
        Name.StartsWith(VolumePrefix, StringComparison.OrdinalIgnoreCase) && Guid.TryParse(Name[(VolumePrefix.Length - 1)..], out var guid)
            ? guid.ToString()
            : null;

    /// <summary>Those values that name a partition or a dynamic volume; CD-ROMs, floppies and USB devices have a device path instead.</summary>
    public static IReadOnlyList<MountedDevice> Read(RegistryHive system) =>
        [.. (system.Find("MountedDevices")?.Values ?? []).Take(MaxValues).Select(v => TryParse(v.Name, v.Data.Span)).OfType<MountedDevice>()];

    internal static MountedDevice? TryParse(string name, ReadOnlySpan<byte> data) =>
        data.Length == MbrLength
            ? new MountedDevice(name, BinaryPrimitives.ReadUInt32LittleEndian(data), BinaryPrimitives.ReadInt64LittleEndian(data[4..]), null)
        : data.Length >= GptLength && data.StartsWith("DMIO:ID:"u8) ? new MountedDevice(name, null, null, new Guid(data[8..GptLength]))
        : null;

    /// <summary>True when the id is this volume's.</summary>
    public bool Is(Volume volume) =>
        Signature is { } signature
            ? volume.Kind == VolumeKind.MbrPartition && volume.StartOffset == Offset && volume.PartitionUuid is { Length: > 8 } id
                && id.StartsWith(signature.ToString("x8", null), StringComparison.Ordinal)
            : volume.Kind == VolumeKind.GptPartition && Guid.TryParse(volume.PartitionUuid, out var guid) && guid == Id;

    /// <summary>
    /// The volume name that Windows 8 and later give a basic partition without asking the registry: the partition's GUID on GPT; on MBR one that is
    /// made of the disk's signature and the offset. Null for other volumes.
    /// </summary>
    public static string? StableName(Volume volume)
    {
        switch (volume.Kind)
        {
            case VolumeKind.GptPartition:
                return Guid.TryParse(volume.PartitionUuid, out var guid) ? guid.ToString() : null;
            case VolumeKind.MbrPartition when uint.TryParse(
                volume.PartitionUuid?.Split('-')[0], System.Globalization.NumberStyles.AllowHexSpecifier, null, out var signature):
                Span<byte> bytes = stackalloc byte[16];
                bytes.Clear();
                BinaryPrimitives.WriteUInt32LittleEndian(bytes, signature);
                BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], volume.StartOffset);
                return new Guid(bytes).ToString();
            default:
                return null;
        }
    }
}
