using System.IO.Enumeration;
using System.Security.Cryptography;
using System.Text;

namespace V2V.Engine.Disks.Transports.Ssh;

/// <summary>A line of known_hosts that is about a host.</summary>
/// <param name="Marker">"@revoked", "@cert-authority", or "".</param>
/// <param name="Type">The key's type.</param>
/// <param name="Key">The key as SSH encodes it.</param>
/// <param name="Place">The file and the line's number, for messages.</param>
internal sealed record KnownHost(string Marker, string Type, byte[] Key, string Place);

/// <summary>
/// Reads known_hosts (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): plain and hashed names, patterns and their negation, ports, markers. Lines that
/// are no such thing are passed over, as OpenSSH does.
/// </summary>
internal static class KnownHosts
{
    private const long MaximumSize = 16 << 20;
    private const string HashedName = "|1|";

    /// <summary>What a file says of a host.</summary>
    /// <param name="file">The file's path.</param>
    /// <param name="name">The host, "[host]:port" unless the port is 22.</param>
    /// <exception cref="DiskImageException">The file cannot be read, or is no list of hosts by its size.</exception>
    public static List<KnownHost> Read(string file, string name)
    {
        try
        {
            using var stream = File.OpenRead(file);
            if (stream.CanSeek && stream.Length > MaximumSize)
            {
                throw new IOException($"it has more than {MaximumSize >> 20} MiB");
            }

            using var reader = new StreamReader(stream, Encoding.Latin1);
            return Parse(reader, name, file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DiskImageException(V2VError.AuthenticationFailed, $"The list of known SSH hosts '{file}' cannot be read: {e.Message}", e)
            {
                Path = file,
                Advice = "Make it with ssh-keyscan, or give the host key's fingerprint instead.",
            };
        }
    }

    internal static List<KnownHost> Parse(TextReader lines, string name, string file)
    {
        var found = new List<KnownHost>();
        for (int number = 1; lines.ReadLine() is { } line; number++)
        {
            string[] fields = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            string marker = fields is [{ } first, ..] && first.StartsWith('@') ? first : "";
            if (marker.Length > 0)
            {
                fields = fields[1..];
            }

            if (fields.Length < 3 || fields[0].StartsWith('#') || marker is not ("" or "@revoked" or "@cert-authority"))
            {
                continue;
            }

            if (FromBase64(fields[2]) is { } key && PublicKeyBlob.TypeOf(key) == fields[1] && IsFor(fields[0], name))
            {
                found.Add(new KnownHost(marker, fields[1], key, $"{file}, line {number}"));
            }
        }

        return found;
    }

    private static bool IsFor(string names, string name)
    {
        // Names are compared, and were hashed, in lower case.
        string lower = name.ToLowerInvariant();
        if (names.StartsWith(HashedName, StringComparison.Ordinal))
        {
            return names[HashedName.Length..].Split('|') is [{ } salt, { } hash]
                && FromBase64(salt) is { } key && FromBase64(hash) is { } expected && HashMatches(key, lower, expected);
        }

        bool matches = false;
        foreach (string pattern in names.Split(','))
        {
            bool negated = pattern.StartsWith('!');
            if (FileSystemName.MatchesSimpleExpression(pattern.AsSpan(negated ? 1 : 0), lower))
            {
                if (negated)
                {
                    return false;
                }

                matches = true;
            }
        }

        return matches;
    }

    private static bool HashMatches(byte[] salt, string name, byte[] expected)
    {
        // SHA-1 hides names here, it proves nothing: the format has no other.
#pragma warning disable CA5350
        byte[] actual = HMACSHA1.HashData(salt, Encoding.UTF8.GetBytes(name));
#pragma warning restore CA5350
        return actual.AsSpan().SequenceEqual(expected);
    }

    private static byte[]? FromBase64(string text)
    {
        byte[] bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out int length) ? bytes[..length] : null;
    }
}
