namespace V2V.Engine.Registry;

/// <summary>Decides what a hive's file and logs are worth: clean, repaired by the logs, or refused.</summary>
internal static class HiveOpening
{
    public static (HiveBaseBlock BaseBlock, HivePages Pages, bool WasDirty) Open(HiveFile file, IReadOnlyList<HiveFile> logs)
    {
        var raw = new byte[HiveBaseBlock.Size];
        file.Read(0, raw);
        var baseBlock = new HiveBaseBlock(raw);
        if (!baseBlock.HasSignature && file.Length > 0 && logs.All(l => l.Length == 0))
        {
            throw RegistryErrors.Corrupt(file.Path, 0, "it does not begin with \"regf\".");
        }

        var isValid = baseBlock.HasSignature && baseBlock.IsChecksumRight;
        if (isValid && baseBlock.PrimarySequence == baseBlock.SecondarySequence)
        {
            Check(file, baseBlock);
            if (file.Length < HiveBaseBlock.Size + (long)baseBlock.DataSize)
            {
                throw RegistryErrors.Corrupt(
                    file.Path, file.Length, $"the file ends there, and should hold {baseBlock.DataSize} bytes behind its first {HiveBaseBlock.Size}.");
            }

            return (baseBlock, new HivePages(file, baseBlock.DataSize), false);
        }

        var (repaired, pages) = HiveLogs.Apply(file, isValid ? baseBlock : null, raw, logs);
        return (repaired, pages, true);
    }

    /// <summary>Refuses what is of another version, or makes no sense.</summary>
    public static void Check(HiveFile file, HiveBaseBlock baseBlock)
    {
        if (baseBlock.Major != 1 || baseBlock.Minor is < 3 or > 6)
        {
            throw RegistryErrors.Unsupported(
                file.Path, $"has the version {baseBlock.Major}.{baseBlock.Minor}; versions 1.3 to 1.6 (Windows NT 4 and later) are understood.");
        }

        if (baseBlock.Type != HiveFileType.Hive || baseBlock.Layout != 1)
        {
            throw RegistryErrors.Corrupt(
                file.Path, 0, $"its first block is of type {(uint)baseBlock.Type} and layout {baseBlock.Layout}; a hive has 0 and 1.");
        }

        if (baseBlock.DataSize is 0 or > HiveBaseBlock.MaxDataSize || baseBlock.DataSize % HivePages.PageSize != 0)
        {
            throw RegistryErrors.Corrupt(file.Path, 0, $"its bins would have {baseBlock.DataSize} bytes, which is no multiple of {HivePages.PageSize}.");
        }
    }
}
