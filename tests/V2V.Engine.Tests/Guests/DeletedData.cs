using System.Globalization;
using Xunit;

namespace V2V.Engine.Tests.Guests;

/// <summary>Fills a guest's file systems with data and deletes it, as the kernel that mounts them does.</summary>
internal sealed class DeletedData(string disk, string folder)
{
    /// <summary>Fills what is free of the largest file system, deletes that again, and returns the bytes that are in use on all of them, by df.</summary>
    internal long Leave()
    {
        var volumes = DiskVolumes.Find(disk).Where(v => v.Kind is "ext4" or "xfs").ToList();
        Mounted(volumes.MaxBy(v => v.Length)!, "", root =>
        {
            // Random bytes, so that nothing else keeps them out of the copy. It ends when the file system is full, which is dd's failure.
            var noise = Path.Combine(root, "noise");
            Assert.Contains("No space left", ExternalTool.Run("dd", "if=/dev/urandom", $"of={noise}", "bs=1M", "conv=fsync").Output, StringComparison.Ordinal);
            File.Delete(noise);
        });
        return volumes.Sum(Used);
    }

    private long Used(DiskVolume volume)
    {
        var used = 0L;
        Mounted(volume, ",ro", root => used = long.Parse(
            ExternalTool.Check("df", "-B1", "--output=used", root).Split('\n', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture));
        return used;
    }

    private void Mounted(DiskVolume volume, string options, Action<string> work)
    {
        var root = Path.Combine(folder, "mounted");
        Directory.CreateDirectory(root);
        ExternalTool.Check("mount", "-t", volume.Kind, "-o", volume.MountOptions + options, disk, root);
        try
        {
            work(root);
        }
        finally
        {
            Mounts.Remove(root);
        }
    }
}
