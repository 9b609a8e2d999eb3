using V2V.Engine.Disks.Raw;
using V2V.Engine.Disks.Transports;
using V2V.Engine.FileSystems.Iso9660;

namespace V2V.Engine.Conversion.Windows.Drivers;

/// <summary>Finds out what a path that was given as the source of drivers is.</summary>
internal static class DriverSourceOpening
{
    private const string Variable = "VIRTIO_WIN";

    /// <summary>An INF file below a folder of the driver's name, as in every tree of virtio-win.</summary>
    private const string Example = "viostor/w10/amd64/viostor.inf";

    private const string Advice = "Give a virtio-win ISO image, or a folder with what is in it, by -DriverSource.";

    /// <summary>Where Fedora's and RHEL's package puts the image, and the unpacked drivers beside it.</summary>
    private static readonly string[] s_installed = ["/usr/share/virtio-win/virtio-win.iso", "/usr/share/virtio-win"];

    public static string? FindInstalled() => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } chosen
        ? chosen
        : s_installed.FirstOrDefault(Path.Exists);

    public static DriverSource Open(string path, bool isForGuest = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        path = Path.GetFullPath(path);
        if (Directory.Exists(path))
        {
            return OpenFolder(path, isForGuest);
        }

        return File.Exists(path)
            ? OpenImage(path)
            : throw new DriverSourceException(V2VError.DriverSourceNotFound, $"The source of Windows drivers {path} does not exist.")
            { Path = path, Advice = $"Check the path, be it of -DriverSource, of the profile or of the environment variable {Variable}." };
    }

    private static DriverSource OpenFolder(string path, bool isForGuest)
    {
        var folder = new FolderDriverSource(path, isForGuest);
        if (HasDrivers(folder))
        {
            return folder;
        }

        folder.Dispose();
        return FindImage(path) is { } image
            ? OpenImage(image)
            : throw NoDrivers(folder, $", nor an ISO image named virtio-win*.iso");
    }

    /// <summary>The image that a package or a download left in a folder: the one without a version in its name, which is the current one, else the last.</summary>
    private static string? FindImage(string folder) =>
        Directory.EnumerateFiles(folder, "virtio-win*.iso", new EnumerationOptions { MatchCasing = MatchCasing.CaseInsensitive })
            .OrderByDescending(f => Path.GetFileNameWithoutExtension(f).Length == "virtio-win".Length)
            .ThenByDescending(f => f, StringComparer.OrdinalIgnoreCase)
            .FirstOrDefault();

    private static IsoDriverSource OpenImage(string path)
    {
        RawDisk? device = null;
        try
        {
            device = new RawDisk(HostFile.Open(path));
            if (!IsoProbe.Recognises(device))
            {
                throw new DriverSourceException(
                    V2VError.DriverSourceInvalid,
                    $"The source of Windows drivers {path} is neither a folder nor an ISO image: it has no ISO 9660 volume descriptor at byte {IsoVolumeDescriptor.FirstOffset}.")
                { Path = path, Format = IsoErrors.Format, Offset = IsoVolumeDescriptor.FirstOffset, Advice = Advice };
            }

            var source = new IsoDriverSource(path, device);
            return HasDrivers(source) ? source : throw NoDrivers(source);
        }
        catch (Exception e) when (e is DiskImageException or GuestFileSystemException)
        {
            device?.Dispose();
            throw IsoDriverSource.Unreadable(path, (V2VException)e);
        }
        catch
        {
            device?.Dispose();
            throw;
        }
    }

    private static bool HasDrivers(DriverSource source) => source.Files.Any(f => f.Name.EndsWith(".inf", StringComparison.OrdinalIgnoreCase));

    private static DriverSourceException NoDrivers(DriverSource source, string more = "") =>
        new(V2VError.DriverSourceInvalid, $"No Windows driver is in {source.Description}: no INF file, such as {Example}, was found in it{more}.")
        { Path = source.Path, Advice = Advice };
}
