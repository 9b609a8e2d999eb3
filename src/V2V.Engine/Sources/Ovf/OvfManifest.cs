using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace V2V.Engine.Sources.Ovf;

/// <summary>A digest of one file in a manifest.</summary>
/// <param name="Algorithm">SHA1, SHA256, SHA384 or SHA512.</param>
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

    private OvfManifest(string path) => Path = path;

    public string Path { get; }

    /// <summary>Lines that could not be understood.</summary>
    public IReadOnlyList<Concern> Concerns => _concerns;

    public IEnumerable<string> FileNames => _digests.Keys;

    public OvfDigest? this[string fileName] => _digests.GetValueOrDefault(fileName);

    public static OvfManifest Parse(string path, ReadOnlySpan<byte> content)
    {
        var manifest = new OvfManifest(path);
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

    private static bool TryParseLine(ReadOnlySpan<char> line, out string name, out OvfDigest digest)
    {
        name = "";
        digest = null!;
        // The name may hold any of the separators, so it ends at the last of them.
        var open = line.IndexOf('(');
        var equals = line.LastIndexOf('=');
        var close = equals < 0 ? -1 : line[..equals].LastIndexOf(')');
        if (open < 0 || close <= open + 1 || !line[(close + 1)..equals].IsWhiteSpace()
            || FindAlgorithm(line[..open].Trim()) is not var (algorithm, length))
        {
            return false;
        }

        var hex = line[(equals + 1)..].Trim();
        if (hex.Length != 2 * length || hex.ContainsAnyExcept(HexDigits))
        {
            return false;
        }

        name = line[(open + 1)..close].Trim().ToString();
        digest = new OvfDigest(algorithm, hex.ToString().ToLowerInvariant());
        return name.Length > 0;
    }

    private static (HashAlgorithmName Algorithm, int Length)? FindAlgorithm(ReadOnlySpan<char> name) => name.ToString().ToUpperInvariant() switch
    {
        "SHA1" or "SHA-1" => (HashAlgorithmName.SHA1, SHA1.HashSizeInBytes),
        "SHA256" or "SHA-256" => (HashAlgorithmName.SHA256, SHA256.HashSizeInBytes),
        "SHA384" or "SHA-384" => (HashAlgorithmName.SHA384, SHA384.HashSizeInBytes),
        "SHA512" or "SHA-512" => (HashAlgorithmName.SHA512, SHA512.HashSizeInBytes),
        _ => null,
    };
}
