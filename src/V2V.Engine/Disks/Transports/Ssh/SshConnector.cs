using Renci.SshNet;
using Renci.SshNet.Common;
using Renci.SshNet.Messages.Transport;

namespace V2V.Engine.Disks.Transports.Ssh;

/// <summary>Makes connections: proves the host by its key, then logs in.</summary>
internal static class SshConnector
{
    /// <summary>
    /// Not offered: broken, and not needed for hosts as old as RHEL 5. What else is old (SHA-1, CBC) the library offers last, and the
    /// exchange is signed, so that nobody can talk two newer hosts into it.
    /// </summary>
    private static readonly string[] Broken = ["diffie-hellman-group1-sha1", "3des-cbc"];

    /// <summary>The ciphers with which most bytes a second are read come first; each is as safe as the others.</summary>
    private static readonly string[] FastCiphers = ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com"];

    /// <param name="address">The account.</param>
    /// <param name="access">Keys, password, known hosts.</param>
    /// <param name="create">Makes the library's client.</param>
    /// <exception cref="DiskImageException">The host cannot be reached, is not the one it should be, or refuses the login.</exception>
    public static T Connect<T>(SshAddress address, RemoteAccess access, Func<ConnectionInfo, T> create)
        where T : BaseClient
    {
        HostKeyCheck check = HostKeyCheck.For(address, access);
        var refusedTypes = new List<string>();
        DiskImageException? firstRefusal = null;
        while (true)
        {
            using SshLogin login = SshLogin.Gather(address, access);
            ConnectionInfo info = login.Connection;
            info.Timeout = access.Timeout;
            ChooseAlgorithms(info, check.Types, refusedTypes);

            DiskImageException? refusal = null;
            string? type = null;
            T client = create(info);
            client.HostKeyReceived += (_, e) =>
            {
                type = PublicKeyBlob.TypeOf(e.HostKey);
                refusal = check.Judge(e.HostKey);
                e.CanTrust = refusal is null;
            };
            try
            {
                client.Connect();
                return client;
            }
            catch (Exception e) when (e is not V2VException)
            {
                client.Dispose();
                firstRefusal ??= refusal;
                if (refusal is not null && type is not null && check.TriesOtherKeys && info.HostKeyAlgorithms.Count > 0)
                {
                    refusedTypes.Add(type);
                    continue;
                }

                // The host has no more keys, or the key is wrong: the first one shown says more than "no common algorithm".
                throw firstRefusal ?? Failure(address, login, e, type is not null);
            }
        }
    }

    private static DiskImageException Failure(SshAddress address, SshLogin login, Exception e, bool hostIsProved)
    {
        if (login.Connection.IsAuthenticated && e is SshException and not SshConnectionException)
        {
            return SshFault.WithoutSftp(address, e);
        }

        // Servers hang up on who has tried too often, in words, which is no loss of the connection.
        bool isTurnedAway = e is SshAuthenticationException or SshPassPhraseNullOrEmptyException
            || (hostIsProved && e is SshConnectionException
            {
                DisconnectReason: DisconnectReason.ProtocolError or DisconnectReason.NoMoreAuthenticationMethodsAvailable,
            });
        return isTurnedAway ? SshFault.LoginFailed(address, login.Describe(e.Message), e) : SshFault.Unavailable(address, e);
    }

    private static void ChooseAlgorithms(ConnectionInfo info, IEnumerable<string> knownTypes, List<string> refusedTypes)
    {
        foreach (string name in Broken)
        {
            info.KeyExchangeAlgorithms.Remove(name);
            info.Encryptions.Remove(name);
        }

        MoveToFront(info.Encryptions, FastCiphers);
        // Certificates would have to be judged by their authority, which is not done: hosts that have one have a plain key too.
        string[] certificates = [.. info.HostKeyAlgorithms.Keys.Where(k => k.Contains("-cert-", StringComparison.Ordinal))];
        foreach (string name in certificates.Concat(refusedTypes.SelectMany(PublicKeyBlob.Algorithms)))
        {
            info.HostKeyAlgorithms.Remove(name);
        }

        MoveToFront(info.HostKeyAlgorithms, [.. knownTypes.SelectMany(PublicKeyBlob.Algorithms)]);
    }

    private static void MoveToFront<TValue>(IOrderedDictionary<string, TValue> algorithms, string[] names)
    {
        int position = 0;
        foreach (string name in names)
        {
            if (((IReadOnlyDictionary<string, TValue>)algorithms).ContainsKey(name))
            {
                algorithms.SetPosition(name, position++);
            }
        }
    }
}
