namespace V2V.Engine.Conversion.Windows.Drivers;

/// <summary>The drivers that Windows can start from: virtio-win's, and SUSE's Virtual Machine Driver Pack's.</summary>
internal static class StorageDrivers
{
    /// <summary>Programs by preference. SUSE's two are for virtio-blk; a source has either them or virtio-win's.</summary>
    private static readonly string[] s_blk = ["virtio_blk.sys", "vrtioblk.sys", "viostor.sys"];
    private static readonly string[] s_scsi = ["vioscsi.sys"];

    public static FoundPackage? Choose(IEnumerable<FoundPackage> packages, StoragePreference preference)
    {
        var all = packages.ToList();
        return (preference == StoragePreference.Vioscsi ? s_scsi.Concat(s_blk) : s_blk.Concat(s_scsi))
            .Select(program => all.Find(p => program.Equals(p.Package.Driver?.Name, StringComparison.OrdinalIgnoreCase)))
            .FirstOrDefault(p => p is not null);
    }

    /// <summary>Whether a package of that name is one of them.</summary>
    public static bool IsName(string name) => s_blk.Concat(s_scsi).Contains($"{name}.sys", StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether it drives disks of virtio-scsi, in distinction from virtio-blk.</summary>
    public static bool IsScsi(DriverPackage package) => s_scsi.Contains(package.Driver?.Name, StringComparer.OrdinalIgnoreCase);

    public static IEnumerable<Concern> Concerns(DriverPackage? chosen, StoragePreference preference)
    {
        if (chosen is not null && IsScsi(chosen) != (preference == StoragePreference.Vioscsi))
        {
            yield return new Concern(
                ConcernSeverity.Warning, "OtherStorageDriver",
                $"The source has no {preference.ToString().ToLowerInvariant()} for this guest: it starts from {chosen.Name}.",
                "Use a source that has both storage drivers if the kind of disk matters.");
        }
    }
}
