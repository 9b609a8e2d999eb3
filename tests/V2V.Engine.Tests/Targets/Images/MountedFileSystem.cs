namespace V2V.Engine.Tests.Targets.Images;

/// <summary>A new file system that the kernel has mounted. Needs root.</summary>
internal sealed class MountedFileSystem : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <param name="type">As in mkfs.TYPE.</param>
    /// <param name="mib">Its size; what is not written takes no space.</param>
    public MountedFileSystem(string type, int mib)
    {
        try
        {
            ExternalTool.NeedRoot();
            ExternalTool.Need("mount", "umount", $"mkfs.{type}");
            Directory.CreateDirectory(Files);
            using (var image = File.Create(_folder["image"]))
            {
                image.SetLength((long)mib << 20);
            }

            ExternalTool.Check($"mkfs.{type}", "-q", _folder["image"]);
            ExternalTool.Check("mount", "-o", "loop", _folder["image"], Files);
        }
        catch
        {
            _folder.Dispose();
            throw;
        }
    }

    public string this[string name] => Path.Combine(Files, name);

    private string Files => _folder["files"];

    /// <summary>Writes everything that waits for it.</summary>
    public void Sync() => ExternalTool.Check("sync", "-f", Files);

    /// <summary>Bytes, when everything is written.</summary>
    public long Free()
    {
        Sync();
        return new DriveInfo(Files).AvailableFreeSpace;
    }

    public void Dispose()
    {
        Mounts.Remove(Files);
        _folder.Dispose();
    }
}
