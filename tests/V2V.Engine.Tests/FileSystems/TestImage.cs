namespace V2V.Engine.Tests.FileSystems;

/// <summary>An image file with a file system that the kernel can mount. Deleted when disposed.</summary>
internal abstract class TestImage : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("v2v-fs-");
    private bool _isMounted;

    protected TestImage() => Directory.CreateDirectory(MountPoint);

    internal string Path => System.IO.Path.Combine(_folder.FullName, "image");

    internal string MountPoint => System.IO.Path.Combine(_folder.FullName, "mnt");

    /// <summary>The file system's name for mount -t.</summary>
    protected abstract string Kind { get; }

    /// <summary>Mount options besides "loop", such as ",nouuid" for a copy that is mounted beside its original.</summary>
    protected virtual string MountOptions => "";

    /// <summary>Another image with the same contents.</summary>
    internal abstract TestImage Copy();

    /// <summary>Fails when the format's own checker, changing nothing, finds anything.</summary>
    internal abstract void Check();

    public void Dispose()
    {
        Unmount();
        _folder.Delete(recursive: true);
    }

    internal void Mount(string options = "loop")
    {
        ExternalTool.NeedRoot();
        ExternalTool.Check("mount", "-t", Kind, "-o", options + MountOptions, Path, MountPoint);
        _isMounted = true;
    }

    internal void Unmount()
    {
        if (!_isMounted)
        {
            return;
        }

        Mounts.Remove(MountPoint);
        Mounts.WaitForLoopDevices(Path);

        _isMounted = false;
    }

    /// <summary>A file next to the image that goes away with it.</summary>
    internal string WriteFile(string name, ReadOnlySpan<byte> content)
    {
        var path = System.IO.Path.Combine(_folder.FullName, name);
        File.WriteAllBytes(path, content);
        return path;
    }
}
