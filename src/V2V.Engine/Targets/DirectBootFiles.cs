using V2V.Engine.Conversion;
using V2V.Engine.FileSystems;

namespace V2V.Engine.Targets;

/// <summary>
/// The kernel and initramfs of a guest without a boot loader, as files beside its disks. To a target they are raw disks: they are named,
/// checked, taken back and given to QEMU like these.
/// </summary>
internal sealed class DirectBootFiles
{
    private const int BlockSize = 1 << 20;

    private readonly DirectBoot _boot;
    private readonly List<(GuestLocation Source, TargetDiskRequest Request)> _files = [];

    /// <param name="guest">The converted guest's name.</param>
    /// <param name="root">Its tree.</param>
    /// <param name="boot">Where the files are in it.</param>
    public DirectBootFiles(string guest, GuestRoot root, DirectBoot boot)
    {
        _boot = boot;
        Add(root, boot.KernelPath, TargetNames.Kernel(guest));
        if (boot.InitramfsPath is not null)
        {
            Add(root, boot.InitramfsPath, TargetNames.Initramfs(guest));
        }
    }

    public IEnumerable<TargetDiskRequest> Requests => _files.Select(f => f.Request);

    /// <summary>Copies the files out of the guest, as the conversion left them.</summary>
    public DomainDirectBoot Write(ConversionTarget target, CancellationToken cancellation)
    {
        var paths = _files.ConvertAll(f => Write(f.Source, f.Request, target, cancellation));
        return new DomainDirectBoot(paths[0], paths.ElementAtOrDefault(1), _boot.CommandLine);
    }

    private void Add(GuestRoot root, string path, string name)
    {
        var at = root.Resolve(path);
        var length = at.FileSystem.Find(at.Path)!.Length;
        _files.Add((at, new TargetDiskRequest(name, ImageFormat.Raw, length, length)));
    }

    private static string Write(GuestLocation source, TargetDiskRequest request, ConversionTarget target, CancellationToken cancellation)
    {
        var file = target.CreateDisk(request);
        var buffer = new byte[BlockSize];
        long offset = 0;
        for (int read; offset < request.Capacity && (read = source.FileSystem.Read(source.Path, offset, buffer)) > 0; offset += read)
        {
            cancellation.ThrowIfCancellationRequested();
            file.Writer.Write(offset, buffer.AsSpan(0, read));
        }

        file.Writer.Complete();
        return file.Source.Path
            ?? throw new TargetException(V2VError.TargetUnsupported, $"{target.Description} does not tell where {request.FileName} is, which the domain has to start.")
            {
                Path = request.FileName,
                Advice = "Install a boot loader in the guest before converting it, or choose another target.",
            };
    }
}
