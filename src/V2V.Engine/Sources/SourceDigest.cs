using System.Buffers;
using System.Security.Cryptography;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources;

/// <summary>
/// The digest that a guest's package gives for one of its files, as stored. Checking it reads the whole file, so that is left to the
/// conversion, which can do it on a thread of its own while it works.
/// </summary>
public sealed class SourceDigest
{
    private const int ReadSize = 2 << 20;

    private readonly Func<DiskFile> _openFile;

    internal SourceDigest(string fileName, HashAlgorithmName algorithm, string expected, Func<DiskFile> openFile)
    {
        FileName = fileName;
        Algorithm = algorithm;
        Expected = expected;
        _openFile = openFile;
    }

    /// <summary>The file's name in the package.</summary>
    public string FileName { get; }

    /// <summary>SHA1, SHA256, SHA384 or SHA512.</summary>
    public HashAlgorithmName Algorithm { get; }

    /// <summary>Lower-case hexadecimal digits.</summary>
    public string Expected { get; }

    /// <summary>Reads the file and compares its digest. May run beside other work.</summary>
    /// <param name="progress">Told the number of bytes read so far.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="SourceException">The digest is another: <see cref="V2VError.SourceChecksumMismatch"/>.</exception>
    public void Verify(IProgress<long>? progress = null, CancellationToken cancellation = default)
    {
        using var file = _openFile();
        using var hash = IncrementalHash.CreateHash(Algorithm);
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
                progress?.Report(position);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        Compare(file.Path, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    /// <summary>The same for a file whose content is at hand.</summary>
    internal void Verify(string path, ReadOnlySpan<byte> content)
    {
        using var hash = IncrementalHash.CreateHash(Algorithm);
        hash.AppendData(content);
        Compare(path, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    private void Compare(string path, string actual)
    {
        if (actual != Expected)
        {
            throw new SourceException(
                V2VError.SourceChecksumMismatch,
                $"The {Algorithm.Name} of {path} is {actual}, but the manifest says {Expected}: the file was damaged or changed after the export.")
            {
                Path = path,
                Advice = "Copy or export the guest again. If the file was changed on purpose, correct or delete the .mf file.",
            };
        }
    }
}
