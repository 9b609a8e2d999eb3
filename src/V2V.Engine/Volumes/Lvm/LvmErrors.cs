namespace V2V.Engine.Volumes.Lvm;

/// <summary>The exceptions of LVM2, each with the format's name and what to do.</summary>
internal static class LvmErrors
{
    internal const string Format = "LVM2";

    internal static VolumeException Corrupt(string what, long? offset = null) =>
        new(V2VError.VolumeCorrupt, $"{what}.")
        {
            Format = Format,
            Offset = offset,
            Advice = "Look at it in the guest with pvck and vgck; vgcfgrestore writes the metadata back that LVM keeps in /etc/lvm/backup.",
        };

    internal static VolumeException Unsupported(string what, string advice) =>
        new(V2VError.VolumeUnsupported, $"{what}.") { Format = Format, Advice = advice };
}
