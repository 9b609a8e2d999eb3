using System.Buffers.Binary;
using System.Net.Sockets;

namespace V2V.Engine.Disks.Transports.Ssh;

/// <summary>A key that the agent holds.</summary>
/// <param name="Type">The key's type.</param>
/// <param name="Key">The public key as SSH encodes it.</param>
internal sealed record AgentIdentity(string Type, byte[] Key);

/// <summary>
/// Speaks with the agent at a socket (draft-miller-ssh-agent, sections 3 to 4): lists its keys and has it sign. A connection lasts for one
/// question, and no answer is read that is longer than an agent's.
/// </summary>
/// <param name="socketPath">What SSH_AUTH_SOCK names.</param>
internal sealed class SshAgent(string socketPath)
{
    // OpenSSH's own bound for a message of the agent.
    private const int MaximumMessage = 256 << 10;
    private const int MaximumIdentities = 2048;

    private const byte RequestIdentities = 11;
    private const byte IdentitiesAnswer = 12;
    private const byte SignRequest = 13;
    private const byte SignResponse = 14;

    /// <summary>Types that V2V offers: what servers take from an agent, security keys included. Certificates are left out.</summary>
    private static readonly string[] Types =
    [
        "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa",
        "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
    ];

    /// <summary>A user who has to confirm or to touch a security key needs a while.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public string SocketPath => socketPath;

    /// <summary>The agent of this session; null when there is none.</summary>
    public static SshAgent? Current() => Environment.GetEnvironmentVariable("SSH_AUTH_SOCK") is { Length: > 0 } path ? new SshAgent(path) : null;

    /// <summary>The keys that it holds, in its order, as far as V2V can use them.</summary>
    /// <exception cref="DiskImageException">It cannot be reached, or answers what no agent does.</exception>
    public List<AgentIdentity> Identities() => ParseIdentities(Ask([RequestIdentities]));

    /// <summary>Has the agent sign; null when it refuses to.</summary>
    /// <param name="key">The public key.</param>
    /// <param name="algorithm">How: "rsa-sha2-512", "ssh-ed25519".</param>
    /// <param name="data">What.</param>
    /// <returns>The signature as SSH encodes it.</returns>
    public byte[]? Sign(byte[] key, string algorithm, byte[] data)
    {
        // SSH_AGENT_RSA_SHA2_256 and _512.
        uint flags = algorithm switch { "rsa-sha2-256" => 2, "rsa-sha2-512" => 4, _ => 0 };
        byte[] request = new byte[1 + (3 * sizeof(uint)) + key.Length + data.Length];
        request[0] = SignRequest;
        Span<byte> rest = WriteString(request.AsSpan(1), key);
        rest = WriteString(rest, data);
        BinaryPrimitives.WriteUInt32BigEndian(rest, flags);
        return ParseSignature(Ask(request), algorithm);
    }

    /// <exception cref="DiskImageException">The message is not the list that was asked for.</exception>
    internal List<AgentIdentity> ParseIdentities(ReadOnlySpan<byte> answer)
    {
        var reader = new SshReader(answer);
        if (!reader.TryReadByte(out byte kind) || kind != IdentitiesAnswer || !reader.TryReadUInt32(out uint count) || count > MaximumIdentities)
        {
            throw Fault("its answer is not a list of keys.");
        }

        var identities = new List<AgentIdentity>();
        for (; count > 0; count--)
        {
            if (!reader.TryReadString(out ReadOnlySpan<byte> key) || !reader.TryReadString(out _))
            {
                throw Fault("its list of keys is cut short.");
            }

            if (PublicKeyBlob.TypeOf(key) is { } type && Types.Contains(type))
            {
                identities.Add(new AgentIdentity(type, key.ToArray()));
            }
        }

        return identities;
    }

    /// <exception cref="DiskImageException">The message is neither a refusal nor a signature of the kind that was asked for.</exception>
    internal byte[]? ParseSignature(ReadOnlySpan<byte> answer, string algorithm)
    {
        var reader = new SshReader(answer);
        if (!reader.TryReadByte(out byte kind))
        {
            throw Fault("its answer is empty.");
        }

        if (kind != SignResponse)
        {
            return null;
        }

        return reader.TryReadString(out ReadOnlySpan<byte> signature) && PublicKeyBlob.TypeOf(signature) == algorithm
            ? signature.ToArray()
            : throw Fault($"its answer is not a signature by {algorithm}.");
    }

    private byte[] Ask(byte[] request)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            {
                ReceiveTimeout = (int)Patience.TotalMilliseconds,
                SendTimeout = (int)Patience.TotalMilliseconds,
            };
            socket.Connect(new UnixDomainSocketEndPoint(socketPath));
            using var stream = new NetworkStream(socket);
            byte[] length = new byte[sizeof(uint)];
            BinaryPrimitives.WriteInt32BigEndian(length, request.Length);
            stream.Write([.. length, .. request]);
            stream.ReadExactly(length);
            uint size = BinaryPrimitives.ReadUInt32BigEndian(length);
            if (size > MaximumMessage)
            {
                throw Fault($"its answer is said to have {size} bytes.");
            }

            byte[] answer = new byte[size];
            stream.ReadExactly(answer);
            return answer;
        }
        catch (Exception e) when (e is SocketException or IOException or ArgumentException)
        {
            throw Fault(e.Message, e);
        }
    }

    private DiskImageException Fault(string what, Exception? inner = null) =>
        new(V2VError.AuthenticationFailed, $"The SSH agent at '{socketPath}' cannot be used: {what}", inner)
        {
            Path = socketPath,
            Advice = "Check SSH_AUTH_SOCK, or give a key file.",
        };

    private static Span<byte> WriteString(Span<byte> target, ReadOnlySpan<byte> value)
    {
        BinaryPrimitives.WriteInt32BigEndian(target, value.Length);
        value.CopyTo(target[sizeof(uint)..]);
        return target[(sizeof(uint) + value.Length)..];
    }
}
