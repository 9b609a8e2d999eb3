using System.Globalization;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Disks.Transports.Archives;
using V2V.Engine.Disks.Vmdk;
using V2V.Engine.Sources.DiskOnly;

namespace V2V.Engine.Sources.Ovf;

/// <summary>The files that an OVF descriptor came with, in a folder or an archive. Names are relative to the descriptor.</summary>
internal sealed class OvfPackage(SourceFile descriptor, SourceOptions options)
{
    /// <summary>A disk of 64 TiB in pieces of 1 GiB.</summary>
    private const int MaximumPieces = 1 << 16;

    private readonly GuestFolder _folder = GuestFolder.Of(descriptor, options);
    private readonly Dictionary<OvfFile, OvfContent> _contents = [];

    public SourceFile Descriptor => descriptor;

    /// <summary>Whether the manifest, if there is one, stands behind disks that would have to be unpacked first.</summary>
    public bool ManifestIsFarOff => IsFarOff(n => n.EndsWith(".mf", StringComparison.OrdinalIgnoreCase));

    public byte[] ReadDescriptor() => descriptor.ReadDescriptor(OvfDescriptor.Format);

    /// <summary>The manifest; null when there is none.</summary>
    public OvfManifest? ReadManifest()
    {
        var name = StoreName.Base(descriptor.Name);
        if (FindSideFile(Path.ChangeExtension(name, ".mf")) is { } own)
        {
            return OvfManifest.Parse(own.Path, own.ReadDescriptor("OVF manifest"));
        }

        // Who renames a package's descriptor by packing it again often forgets the manifest.
        var other = descriptor.Store?.Names(StoreName.Folder(descriptor.Name)).FirstOrDefault(n => n.EndsWith(".mf", StringComparison.OrdinalIgnoreCase));
        return other is null || FindSideFile(StoreName.Base(other)) is not { } file ? null : OvfManifest.Parse(file.Path, file.ReadDescriptor("OVF manifest"));
    }

    /// <summary>The certificate that the manifest is signed with, which stands behind it (DSP0243, section 6.4); null when there is none.</summary>
    public SourceFile? FindCertificate(OvfManifest manifest)
    {
        var name = Path.ChangeExtension(manifest.Name, ".cert");
        return IsFarOff(n => StoreName.Base(n) == name) ? null : FindSideFile(name);
    }

    /// <summary>Whether the package is known not to have a file of this name.</summary>
    public bool Lacks(string name)
    {
        try
        {
            return descriptor.Store is not { IsPacked: true } && _folder.Find(name).Open is null;
        }
        catch (SourceException)
        {
            // It leads out of the package.
            return true;
        }
    }

    /// <summary>What a file holds. hrefs are URI references (DSP0243, section 7.1), but some writers do not escape them.</summary>
    /// <exception cref="SourceException">The package has no such file, or stores it in a way that is not supported.</exception>
    public OvfContent Find(OvfFile file)
    {
        // Two disks, or two guests, of one file share what is unpacked of it.
        if (!_contents.TryGetValue(file, out var content))
        {
            content = Unpacked(file, FindStored(file));
            _contents[file] = content;
        }

        return content;
    }

    /// <summary>Whether files of a compressed archive have to be unpacked to look for another one.</summary>
    private bool IsFarOff(Func<string, bool> isWanted) => descriptor.Store is { IsPacked: true } store
        && ArchivedDisk.FirstNamesOf(store).ToList() is var names && names.Contains(descriptor.Name) && !names.Exists(n => isWanted(n));

    private OvfContent FindStored(OvfFile file)
    {
        var href = file.Href;
        if (href.Contains("://", StringComparison.Ordinal) || href.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
        {
            throw OvfDescriptor.Unsupported(
                descriptor.Path, $"keeps a disk elsewhere, at {(Uri.TryCreate(href, UriKind.Absolute, out var uri) && uri.Host.Length > 0 ? $"{uri.Scheme}://{uri.Host}" : href)}",
                "Download the disk into the package and name it there by its file name.");
        }

        List<string> names = href.Contains('%') ? [href, Uri.UnescapeDataString(href)] : [href];
        foreach (var name in names)
        {
            if (_folder.Find(name).Open is { } open)
            {
                return new OvfContent(name, open, [(name, open)]);
            }
        }

        foreach (var name in names)
        {
            if (FindPieces(file, name) is { } content)
            {
                return content;
            }
        }

        // An export domain of oVirt has descriptors in master/vms/ID/ID.ovf, disks in images.
        foreach (var name in new[] { $"images/{href}", $"../../../images/{href}" })
        {
            if (href.Contains('/') && Guid.TryParse(StoreName.Base(href), out _) && Guid.TryParse(StoreName.Folder(href), out _) && _folder.Find(name).Open is { } open)
            {
                return new OvfContent(name, open, [(name, open)]);
            }
        }

        throw Missing($"the file {href}", file.IsChunked ? $", nor its pieces {href}.000000000 and so on" : "");
    }

    /// <summary>
    /// DSP0243, section 7.1: a file that was cut into pieces is stored as NAME.000000000 and so on. Snapshots that some exports have are called so
    /// too, each of them an image; the last one counts.
    /// </summary>
    private OvfContent? FindPieces(OvfFile file, string name)
    {
        var pieces = new List<(string Name, Func<DiskFile> Open)>();
        while (pieces.Count < MaximumPieces && string.Create(CultureInfo.InvariantCulture, $"{name}.{pieces.Count:D9}") is var next && _folder.Find(next).Open is { } open)
        {
            pieces.Add((next, open));
        }

        if (!file.IsChunked && LastSnapshot(name) is { } snapshot)
        {
            return snapshot;
        }

        if (pieces.Count == 0)
        {
            return null;
        }

        DiskFile Join()
        {
            List<DiskFile> files = [];
            try
            {
                foreach (var piece in pieces)
                {
                    files.Add(piece.Open());
                }

                return new ChunkedFile(_folder.Find(name).Path, files);
            }
            catch
            {
                files.ForEach(f => f.Dispose());
                throw;
            }
        }

        if (file.Size is { } size)
        {
            using var joined = Join();
            if (joined.Length < size)
            {
                throw Missing(
                    $"the piece {name}.{pieces.Count.ToString("D9", CultureInfo.InvariantCulture)}",
                    $" ({pieces.Count} pieces of {name} are there, with {joined.Length} of {size} bytes)");
            }
        }

        return new OvfContent(name, Join, pieces);
    }

    private OvfContent? LastSnapshot(string name)
    {
        var prefix = StoreName.Base(name) + ".";
        var last = NamesBeside(name)
            .Where(n => n.StartsWith(prefix, StringComparison.Ordinal) && n.Length > prefix.Length && n.AsSpan(prefix.Length).IndexOfAnyExceptInRange('0', '9') < 0)
            .Max(StringComparer.Ordinal);
        if (last is null)
        {
            return null;
        }

        var path = StoreName.Folder(name) is { Length: > 0 } folder ? $"{folder}/{last}" : last;
        if (_folder.Find(path).Open is not { } open)
        {
            return null;
        }

        using var image = open();
        var start = image.ReadStart(512);
        return VmdkProbe.Recognises(image, start) ? new OvfContent(path, open, [(path, open)]) : null;
    }

    private IEnumerable<string> NamesBeside(string name)
    {
        if (StoreName.Resolve(descriptor.Name, name) is not { } resolved)
        {
            return [];
        }

        if (descriptor.Store is { } store)
        {
            return store.Names(StoreName.Folder(resolved)).Select(StoreName.Base);
        }

        var folder = Path.GetDirectoryName(_folder.Find(name).Path)!;
        return Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*").Select(f => Path.GetFileName(f)) : [];
    }

    private OvfContent Unpacked(OvfFile file, OvfContent stored)
    {
        if (file.Compression is null)
        {
            return stored;
        }

        if (!file.Compression.Equals("gzip", StringComparison.OrdinalIgnoreCase))
        {
            throw OvfDescriptor.Unsupported(
                descriptor.Path, $"stores {file.Href} compressed with {file.Compression}",
                "Unpack the OVA, decompress the disk, remove ovf:compression from the .ovf file and convert that.");
        }

        var content = Compression.Gzip.Content(stored.Open, options.TemporaryDirectory);
        return stored with { Open = () => content.Open() };
    }

    private SourceException Missing(string what, string more) =>
        new(V2VError.DiskImageNotFound, $"{descriptor.Path} names {what}, which the package does not have{more}.")
        {
            Path = descriptor.Path,
            Format = OvfDescriptor.Format,
            Advice = "Copy the missing file beside the descriptor, or export the guest again.",
        };

    private SourceFile? FindSideFile(string name)
    {
        if (_folder.Find(name) is not { Open: not null } found)
        {
            return null;
        }

        return descriptor.Store is { } store ? SourceFile.In(store, StoreName.Resolve(descriptor.Name, name)!) : SourceFile.OnHost(found.Path);
    }
}
