using V2V.Engine.FileSystems;

namespace V2V.Engine.Inspection.Boot;

/// <summary>
/// The program that firmware starts from an EFI system partition when its NVRAM has no entry (UEFI specification 3.5.1.1). Entries stay behind
/// with the source's firmware, so a converted guest starts by this one. OVMF is made for x64 here, whatever the guest's kernel is built for.
/// </summary>
internal static class UefiFallback
{
    public const string Directory = "/EFI/BOOT";

    public const string Program = "BOOTX64.EFI";

    /// <summary>The EFI system partition in the guest's tree, if it has a place there.</summary>
    public static GuestMount? FindSystemPartition(GuestRoot root) => root.Mounts.FirstOrDefault(m => BootDevices.IsEfiSystemPartition(m.Volume));

    /// <param name="root">A tree.</param>
    /// <param name="systemPartition">Where the EFI system partition is in it; FAT does not tell upper from lower case.</param>
    public static bool IsPresent(GuestRoot root, string systemPartition) => root.FileExists($"{systemPartition.TrimEnd('/')}{Directory}/{Program}");
}
