namespace V2V.Engine.Volumes.Lvm;

/// <summary>Parses each text once: every physical volume of a group has copies of the same one.</summary>
internal sealed class LvmMetadataCache
{
    /// <summary>Characters of all texts that differ, so that many disks with large made-up texts do not take all memory.</summary>
    private const long MaxTotalLength = 32 << 20;

    private readonly Dictionary<string, LvmVolumeGroupMetadata> _parsed = new(StringComparer.Ordinal);
    private long _total;

    /// <exception cref="VolumeException">The text is not that of a volume group, or there was too much text before.</exception>
    internal LvmVolumeGroupMetadata Parse(string text)
    {
        if (!_parsed.TryGetValue(text, out var metadata))
        {
            _total += text.Length;
            if (_total > MaxTotalLength)
            {
                throw LvmErrors.Corrupt($"The guest's disks have more than {MaxTotalLength} bytes of LVM metadata");
            }

            metadata = LvmVolumeGroupMetadata.Parse(text);
            _parsed.Add(text, metadata);
        }

        return metadata;
    }
}
