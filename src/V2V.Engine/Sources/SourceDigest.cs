using System.Buffers;
using System.Security.Cryptography;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources;

/// <summary>A digest of one file, as stored.</summary>
/// <param name="Algorithm">SHA1, SHA256, SHA384, SHA512, SHA3-256, SHA3-384, SHA3-512 or MD5.</param>
/// <param name="Hex">Lower-case hexadecimal digits.</param>
/// <param name="Open">Opens the file.</param>
internal sealed record FileDigest(HashAlgorithmName Algorithm, string Hex, Func<DiskFile> Open);

/// <summary>
/// The digest that a guest's package gives for one of its files, as stored. Checking it reads the whole file, so that is left to the
/// conversion, which can do it on a thread of its own while it works.
/// </summary>
public sealed class SourceDigest
{
    private const int ReadSize = 2 << 20;

    private readonly Func<IReadOnlyList<FileDigest>> _find;
    private readonly FileDigest? _known;
    private readonly Func<DiskFile>? _packed;

    internal SourceDigest(string fileName, FileDigest digest)
    {
        FileName = fileName;
        _known = digest;
        _find = () => [digest];
    }

    /// <param name="fileName">The file's name in the package.</param>
    /// <param name="find">
    /// Finds the digests of the pieces that the file is stored in, when they are wanted: the manifest may stand at the end of an archive that would
    /// have to be unpacked. None when there is none.
    /// </param>
    /// <param name="packed">Opens the file, if it is packed in a format that has checksums of its own; they serve where there is no digest.</param>
    internal SourceDigest(string fileName, Func<IReadOnlyList<FileDigest>> find, Func<DiskFile>? packed = null)
    {
        FileName = fileName;
        _find = find;
        _packed = packed;
    }

    /// <summary>The file's name in the package.</summary>
    public string FileName { get; }

    /// <summary>This digest and another, of a disk that both files belong to.</summary>
    internal SourceDigest And(SourceDigest other) => new(FileName, () => [.. _find(), .. other._find()], _packed ?? other._packed);

    /// <summary>SHA1, SHA256, SHA384, SHA512 or what else the package uses; null for a file in several pieces, and when the manifest has not been read yet.</summary>
    public HashAlgorithmName? Algorithm => _known?.Algorithm;

    /// <summary>Lower-case hexadecimal digits; null when <see cref="Algorithm"/> is.</summary>
    public string? Expected => _known?.Hex;

    /// <summary>Reads the file and compares its digest. May run beside other work.</summary>
    /// <param name="progress">Told the number of bytes read so far.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="SourceException">The digest is another: <see cref="V2VError.SourceChecksumMismatch"/>.</exception>
    public void Verify(IProgress<long>? progress = null, CancellationToken cancellation = default)
    {
        long total = 0;
        var digests = _find();
        foreach (var digest in digests)
        {
            total = Verify(digest, total, progress, cancellation);
        }

        if (digests.Count == 0 && _packed is not null)
        {
            using var file = _packed();
            file.CheckWhole();
        }
    }

    /// <summary>Compares the digest of a file whose content is at hand.</summary>
    internal static void Verify(string path, ReadOnlySpan<byte> content, HashAlgorithmName algorithm, string expected)
    {
        using var hash = IncrementalHash.CreateHash(algorithm);
        hash.AppendData(content);
        Compare(path, algorithm, expected, hash);
    }

    private static long Verify(FileDigest digest, long total, IProgress<long>? progress, CancellationToken cancellation)
    {
        using var file = digest.Open();
        using var hash = IncrementalHash.CreateHash(digest.Algorithm);
        var buffer = ArrayPool<byte>.Shared.Rent(ReadSize);
        try
        {
            for (long position = 0; position < file.Length;)
            {
                cancellation.ThrowIfCancellationRequested();
                var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, file.Length - position));
                file.Read(position, part);
                hash.AppendData(part);
                position += part.Length;
                total += part.Length;
                progress?.Report(total);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        Compare(file.Path, digest.Algorithm, digest.Hex, hash);
        return total;
    }

    private static void Compare(string path, HashAlgorithmName algorithm, string expected, IncrementalHash hash)
    {
        var actual = Convert.ToHexStringLower(hash.GetHashAndReset());
        if (actual != expected)
        {
            throw new SourceException(
                V2VError.SourceChecksumMismatch,
                $"The {algorithm.Name} of {path} is {actual}, but the manifest says {expected}: the file was damaged or changed after the export.")
            {
                Path = path,
                Advice = "Copy or export the guest again. If the file was changed on purpose, correct or delete the .mf file.",
            };
        }
    }
}
