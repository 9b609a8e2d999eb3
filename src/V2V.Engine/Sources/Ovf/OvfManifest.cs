using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources.Ovf;

/// <summary>A digest of one file in a manifest.</summary>
/// <param name="Algorithm">SHA1, SHA256, SHA384, SHA512, one of SHA-3, or MD5.</param>
/// <param name="Hex">Lower-case hexadecimal digits.</param>
internal sealed record OvfDigest(HashAlgorithmName Algorithm, string Hex);

/// <summary>
/// A package's manifest (.mf; DSP0243, section 6.2): lines of <c>SHA256(file)= digest</c>. Writers differ in blanks and in the digits' case.
/// </summary>
internal sealed class OvfManifest
{
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    private readonly Dictionary<string, OvfDigest> _digests = new(StringComparer.Ordinal);
    private readonly List<Concern> _concerns = [];

    private OvfManifest(string path, byte[] content)
    {
        Path = path;
        Content = content;
    }

    public string Path { get; }

    /// <summary>Its name beside the descriptor.</summary>
    public string Name => StoreName.Base(Path[(Path.LastIndexOf('!') + 1)..]);

    /// <summary>What is signed when the package is.</summary>
    public byte[] Content { get; }

    /// <summary>Lines that could not be understood.</summary>
    public IReadOnlyList<Concern> Concerns => _concerns;

    public IEnumerable<string> FileNames => _digests.Keys;

    public OvfDigest? this[string fileName] => _digests.GetValueOrDefault(fileName);

    public static OvfManifest Parse(string path, byte[] content)
    {
        var manifest = new OvfManifest(path, content);
        var number = 0;
        foreach (var line in Encoding.UTF8.GetString(content).AsSpan().EnumerateLines())
        {
            number++;
            var text = line.Trim().Trim("\uFEFF");
            if (text.IsEmpty)
            {
                continue;
            }

            if (TryParseLine(text, out var name, out var digest))
            {
                manifest._digests[name] = digest;
            }
            else
            {
                SourceConcerns.AddLine(manifest._concerns, new Concern(
                    ConcernSeverity.Warning, "ManifestLineIgnored",
                    $"{path}, line {number} is no digest that is known; the file that it speaks of is not checked."));
            }
        }

        return manifest;
    }

    /// <summary>The signature that a certificate file has in its first line: as a digest, but of any length.</summary>
    public static bool TryReadSignature(ReadOnlySpan<char> text, out HashAlgorithmName algorithm, out byte[] signature)
    {
        foreach (var line in text.EnumerateLines())
        {
            if (TrySplit(line.Trim().Trim("\uFEFF"), out algorithm, out _, out _, out var hex) && hex.Length % 2 == 0)
            {
                signature = Convert.FromHexString(hex);
                return signature.Length > 0;
            }
        }

        (algorithm, signature) = (default, []);
        return false;
    }

    private static bool TryParseLine(ReadOnlySpan<char> line, out string name, out OvfDigest digest)
    {
        if (TrySplit(line, out var algorithm, out var length, out name, out var hex) && hex.Length == 2 * length && IsSupported(algorithm))
        {
            digest = new OvfDigest(algorithm, hex.ToLowerInvariant());
            return true;
        }

        digest = null!;
        return false;
    }

    /// <summary>OpenSSL before 1.1.1 and older Windows do not know SHA-3.</summary>
    private static bool IsSupported(HashAlgorithmName algorithm) =>
        algorithm.Name?.StartsWith("SHA3", StringComparison.Ordinal) != true || SHA3_256.IsSupported;

    private static bool TrySplit(ReadOnlySpan<char> line, out HashAlgorithmName algorithm, out int length, out string name, out string hex)
    {
        (algorithm, length, name, hex) = (default, 0, "", "");
        // The name may hold any of the separators, so it ends at the last of them.
        var open = line.IndexOf('(');
        var equals = line.LastIndexOf('=');
        var close = equals < 0 ? -1 : line[..equals].LastIndexOf(')');
        if (open < 0 || close <= open + 1 || !line[(close + 1)..equals].IsWhiteSpace()
            || FindAlgorithm(line[..open].Trim()) is not var (known, size))
        {
            return false;
        }

        var digits = line[(equals + 1)..].Trim();
        if (digits.ContainsAnyExcept(HexDigits))
        {
            return false;
        }

        (algorithm, length, hex) = (known, size, digits.ToString());
        name = line[(open + 1)..close].Trim().ToString();
        name = name.StartsWith("./", StringComparison.Ordinal) ? name[2..] : name;
        return name.Length > 0;
    }

    private static (HashAlgorithmName Algorithm, int Length)? FindAlgorithm(ReadOnlySpan<char> name) => name.ToString().ToUpperInvariant() switch
    {
        "SHA1" or "SHA-1" => (HashAlgorithmName.SHA1, SHA1.HashSizeInBytes),
        "SHA256" or "SHA-256" => (HashAlgorithmName.SHA256, SHA256.HashSizeInBytes),
        "SHA384" or "SHA-384" => (HashAlgorithmName.SHA384, SHA384.HashSizeInBytes),
        "SHA512" or "SHA-512" => (HashAlgorithmName.SHA512, SHA512.HashSizeInBytes),
        "SHA3-256" => (HashAlgorithmName.SHA3_256, SHA3_256.HashSizeInBytes),
        "SHA3-384" => (HashAlgorithmName.SHA3_384, SHA3_384.HashSizeInBytes),
        "SHA3-512" => (HashAlgorithmName.SHA3_512, SHA3_512.HashSizeInBytes),
        // It tells damage from no damage, which is all that a manifest without a signature does.
        "MD5" => (HashAlgorithmName.MD5, MD5.HashSizeInBytes),
        _ => null,
    };
}
