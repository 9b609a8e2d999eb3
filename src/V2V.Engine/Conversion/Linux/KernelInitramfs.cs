using System.Security.Cryptography;
using V2V.Engine.Conversion.Initramfs;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// The initramfs of one of the guest's kernels. It is read once, however many buses are tried on it, and on another thread, so that the next
/// kernel's is decompressed while this one's is worked on.
/// </summary>
internal sealed class KernelInitramfs
{
    /// <summary>Room for the metadata that growing a file takes, and to leave /boot not quite full.</summary>
    private const long SpareBytes = 256 << 10;

    private readonly ConversionContext _context;
    private readonly InstalledKernel _kernel;
    private InitramfsImage? _image;
    private Task<InitramfsContents>? _contents;

    public KernelInitramfs(ConversionContext context, InstalledKernel kernel)
    {
        _context = context;
        _kernel = kernel;
    }

    public InstalledKernel Kernel => _kernel;

    /// <summary>Why the image could not be read, once that was tried.</summary>
    public V2VException? ReadError { get; private set; }

    /// <summary>Length of the file in bytes; zero when there is none.</summary>
    public long FileLength => _kernel.InitramfsPath is { } path && _context.Guest.Root.Find(path) is { } file ? file.Length : 0;

    /// <summary>Reads the file and starts to decompress it. Errors come when the contents are asked for.</summary>
    public void StartReading()
    {
        if (_contents is not null || ReadError is not null || _kernel.InitramfsPath is not { } path)
        {
            return;
        }

        try
        {
            var image = _image = InitramfsImage.Read(_context.Guest.Root, path);
            var cancellation = _context.Cancellation;
            _contents = Task.Run(() => InitramfsReader.Read(image.Content, cancellation: cancellation), cancellation);
        }
        catch (V2VException e)
        {
            ReadError = e;
        }
    }

    /// <summary>Makes the image able to find disks on a bus; one that already is stays as it is.</summary>
    /// <exception cref="V2VException">That is not possible; nothing was written.</exception>
    public void Serve(DiskBus bus)
    {
        var needs = RequireDrivers(bus);
        var isBuiltin = needs.Required.All(d => _kernel.Builtin.Contains(d.Module));
        if (isBuiltin && _kernel.InitramfsPath is null)
        {
            return;
        }

        var path = RequirePath();
        var contents = ReadContents(path);
        if (contents is null)
        {
            ServeUnread(isBuiltin);
            return;
        }

        var modules = new KernelModules(_context.Guest.Root, _kernel);
        var plan = InitramfsPlanner.Plan(contents.Tree, modules, needs, new ImageDeviceNames(_context, _kernel, path, needs.KeepsScsiNames));
        if (!plan.IsEmpty)
        {
            Extend(path, contents, modules, plan);
        }
    }

    /// <summary>Without a look into the image, drivers that are part of the kernel are enough to go on; host names in it stay unseen.</summary>
    private void ServeUnread(bool isBuiltin)
    {
        if (!isBuiltin)
        {
            throw ReadError!;
        }

        _context.Add(new Concern(
            ConcernSeverity.Warning, "InitramfsNotChecked",
            $"The initramfs of the kernel {_kernel} was not checked for names of the old machine's disks: {ReadError!.Message}", ReadError.Advice));
    }

    private void Extend(string path, InitramfsContents contents, KernelModules modules, InitramfsPlan plan)
    {
        RequireSameVersion();
        var isRewritten = InitramfsExtension.MustRewriteLz4(contents, _kernel.Version);
        if (isRewritten)
        {
            RequireGzip();
        }

        var length = _image!.Length;
        try
        {
            var extended = InitramfsExtension.Build(_image, contents, plan, isRewritten);
            InitramfsExtension.Verify(extended.Content, contents, plan, modules, isRewritten, _context.Cancellation);
            RequireSpace(path, extended.Length);
            _context.Files.Replace(path, extended.Content, What(plan), Why(plan));
            UpdateChecksum(extended);
        }
        finally
        {
            _image.Truncate(length);
        }
    }

    private static string What(InitramfsPlan plan)
    {
        var added = plan.Modules.Count > 0 ? [$"added {string.Join(", ", plan.Modules.Select(m => m.Name))}"]
            : plan.Drivers.Count > 0 ? ["module indexes completed"] : Array.Empty<string>();
        return string.Join("; ", added.Concat(plan.Corrections));
    }

    private static string Why(InitramfsPlan plan)
    {
        var drivers = plan.Modules.Count > 0 ? [$"it had no driver for the new disks: {string.Join("; ", plan.Modules.Select(m => $"{m.Name} {m.Why}"))}"]
            : plan.Drivers.Count > 0 ? ["its indexes did not lead from the new devices to their modules"] : Array.Empty<string>();
        return string.Join("; ", plan.Corrections.Count > 0 ? drivers.Append("it was made for the old machine's disks") : drivers);
    }

    private InitramfsContents? ReadContents(string path)
    {
        StartReading();
        if (ReadError is null)
        {
            try
            {
                return _contents!.GetAwaiter().GetResult();
            }
            catch (ConversionException e)
            {
                ReadError = new ConversionException(e.Error, $"{path}: {e.Message}", e) { Path = path, Format = e.Format, Offset = e.Offset, Advice = e.Advice };
            }
        }

        return null;
    }

    /// <summary>The drivers for a bus, if the kernel has them.</summary>
    private InitramfsNeeds RequireDrivers(DiskBus bus)
    {
        var needs = InitramfsNeeds.For(bus);
        if (bus == DiskBus.Ide && HasBuiltinIde())
        {
            return needs with { Required = [] };
        }

        if (needs.Required.FirstOrDefault(d => !_kernel.Supports(d.Module)) is { } missing)
        {
            throw InitramfsErrors.Unsupported(
                $"The guest's kernel {_kernel} has no driver {missing.Module}.", "Install a kernel with virtio drivers in the guest before converting it.");
        }

        return needs;
    }

    /// <summary>The IDE drivers of before libata were part of RHEL 5's and SLES 10's kernels.</summary>
    private bool HasBuiltinIde() =>
        _context.Guest.Root.TryReadAllText($"/boot/config-{_kernel.Version}") is { } configuration
        && configuration.Split('\n') is var options
        && options.Contains("CONFIG_BLK_DEV_PIIX=y") && (options.Contains("CONFIG_BLK_DEV_IDEDISK=y") || options.Contains("CONFIG_IDE_GD=y"));

    private string RequirePath() => _kernel.InitramfsPath switch
    {
        null => throw InitramfsErrors.Unsupported(
            $"The guest's kernel {_kernel} has no initramfs, and the drivers for its disks are not built in.",
            "Make an initramfs for it in the guest before converting it."),
        var path when path.StartsWith("/boot/ostree/", StringComparison.Ordinal) || path.StartsWith("/usr/lib/ostree-boot/", StringComparison.Ordinal) =>
            throw InitramfsErrors.Unsupported($"The initramfs {path} belongs to an ostree deployment, whose files V2V does not change."),
        var path => path,
    };

    private void RequireSameVersion()
    {
        var at = _context.Guest.Root.Resolve(_kernel.ImagePath);
        if (at.FileSystem.Find(at.Path) is not { IsRegular: true })
        {
            throw InitramfsErrors.Unsupported($"The guest's kernel {_kernel.ImagePath} does not exist.");
        }

        var head = new byte[KernelImage.HeadLength];
        var length = at.FileSystem.Read(at.Path, 0, head);
        if (KernelImage.ReadVersion(head.AsSpan(0, length)) is { } version && version != _kernel.Version)
        {
            throw InitramfsErrors.Unsupported(
                $"The guest's kernel {_kernel.ImagePath} is of version {version}, the modules found for it are of {_kernel.Version}.",
                "Reinstall the kernel package in the guest before converting it.");
        }
    }

    /// <summary>An lz4 image is rewritten with gzip, which nearly every kernel unpacks; its build configuration tells.</summary>
    private void RequireGzip()
    {
        if (_context.Guest.Root.TryReadAllText($"/boot/config-{_kernel.Version}") is { } configuration
            && !configuration.Contains("CONFIG_RD_GZIP=y", StringComparison.Ordinal))
        {
            throw InitramfsErrors.Unsupported(
                "The initramfs is compressed with lz4, to which nothing can be appended, and the guest's kernel cannot unpack gzip.",
                "Rebuild the initramfs in the guest with zstd or xz before converting it.");
        }
    }

    private void RequireSpace(string path, long length)
    {
        var at = _context.Guest.Root.Resolve(path);
        var free = at.FileSystem.Space.FreeBytes;
        if (free < length + SpareBytes)
        {
            throw new ConversionException(
                V2VError.FileSystemFull,
                $"{path} has to be replaced by a file of {length >> 10} KiB, but only {free >> 10} KiB are free on the guest's {at.Mount.MountPoint}.")
            {
                Path = path,
                Advice = $"Free space on {at.Mount.MountPoint} in the guest, for example by removing old kernels, before converting it.",
            };
        }
    }

    /// <summary>
    /// update-initramfs of Debian up to 9 and Ubuntu up to 18.04 notes each image's checksum and will not replace one that somebody else
    /// has altered.
    /// </summary>
    private void UpdateChecksum(InitramfsImage image)
    {
        var path = $"/var/lib/initramfs-tools/{_kernel.Version}";
        if (_context.Files.TryReadAllText(path) is not { } record || record.IndexOf("  ", StringComparison.Ordinal) != SHA1.HashSizeInBytes * 2)
        {
            return;
        }

#pragma warning disable CA5350 // The guest's own format.
        var checksum = Convert.ToHexStringLower(SHA1.HashData(image.Content));
#pragma warning restore CA5350
        _context.Files.WriteAllText(
            path, checksum + record[checksum.Length..], "checksum of the extended initramfs", "update-initramfs does not touch images that it did not make");
    }
}
