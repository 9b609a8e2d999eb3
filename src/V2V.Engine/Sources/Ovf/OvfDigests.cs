using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources.Ovf;

/// <summary>
/// The digests of a package: those of the descriptor are checked at once, those of the disks during the conversion. A manifest behind the disks
/// of a compressed archive is read only then, with what it says of the descriptor.
/// </summary>
internal sealed class OvfDigests
{
    private readonly OvfPackage _package;
    private readonly byte[] _descriptor;
    private readonly Lazy<OvfManifest?> _manifest;

    public OvfDigests(OvfPackage package, byte[] descriptor)
    {
        _package = package;
        _descriptor = descriptor;
        _manifest = new Lazy<OvfManifest?>(Read);
    }

    /// <summary>What the manifest and its signature have to say about the package as a whole.</summary>
    /// <exception cref="SourceException">The descriptor or the manifest is not what was signed.</exception>
    public IEnumerable<Concern> Check()
    {
        if (_package.ManifestIsFarOff || _manifest.Value is not { } manifest)
        {
            yield break;
        }

        foreach (var concern in manifest.Concerns)
        {
            yield return concern;
        }

        foreach (var name in manifest.FileNames.Where(_package.Lacks).Take(SourceConcerns.MaximumLinesReported))
        {
            yield return new Concern(ConcernSeverity.Warning, "ManifestFileMissing", $"{manifest.Path} has a digest for {name}, which the package does not have.");
        }

        if (_package.FindCertificate(manifest) is { } certificate)
        {
            yield return OvfCertificate.Check(certificate, manifest);
        }
    }

    /// <summary>The digest of a file's contents; null when it has none, nor checksums of what it is packed in.</summary>
    public SourceDigest? Of(OvfContent content, List<Concern> concerns)
    {
        if (_package.ManifestIsFarOff)
        {
            return new SourceDigest(content.Name, () => _manifest.Value is { } late ? Find(late, content) : [], content.Open);
        }

        if (_manifest.Value is not { } manifest)
        {
            using var file = content.Open();
            return file.IsPacked ? new SourceDigest(content.Name, () => [], content.Open) : null;
        }

        var found = Find(manifest, content);
        if (found.Count < content.Pieces.Count)
        {
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "DiskNotInManifest", $"{manifest.Path} has no digest for {content.Name}; damage to it would go unnoticed."));
        }

        return found.Count switch
        {
            0 => null,
            1 => new SourceDigest(content.Name, found[0]),
            _ => new SourceDigest(content.Name, () => found),
        };
    }

    /// <summary>One for both.</summary>
    public static SourceDigest? Join(SourceDigest? first, SourceDigest? second) =>
        first is null || second is null ? first ?? second : first.And(second);

    private static List<FileDigest> Find(OvfManifest manifest, OvfContent content) =>
    [
        .. from piece in content.Pieces
           let digest = manifest[piece.Name]
           where digest is not null
           select new FileDigest(digest.Algorithm, digest.Hex, piece.Open),
    ];

    private OvfManifest? Read()
    {
        var manifest = _package.ReadManifest();
        var name = StoreName.Base(_package.Descriptor.Name);
        if (manifest?[name] is { } digest)
        {
            SourceDigest.Verify(_package.Descriptor.Path, _descriptor, digest.Algorithm, digest.Hex);
        }

        return manifest;
    }
}
