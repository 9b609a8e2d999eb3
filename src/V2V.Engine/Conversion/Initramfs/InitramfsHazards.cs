namespace V2V.Engine.Conversion.Initramfs;

/// <summary>What hides the contents of an image.</summary>
internal static class InitramfsHazards
{
    private static readonly string[] s_squashImages =
        ["squash-root.img", "squashfs-root.img", "erofs-root.img", "squash/root.img", "root.squashfs"];

    /// <summary>Path of a file system image inside the image, which hides the rest of it; null when there is none.</summary>
    public static string? FindSquashImage(InitramfsTree tree) => Array.Find(s_squashImages, tree.FileExists);
}
