using System.Net;
using Renci.SshNet;
using Renci.SshNet.Common;
using Renci.SshNet.Security;

namespace V2V.Engine.Disks.Transports.Ssh;

/// <summary>
/// The ways to log in that are at hand, in the order in which they are tried: the key file that was given, or else the agent's keys and the
/// user's own that need no passphrase; then the password, in both ways in which servers ask for it.
/// </summary>
internal sealed class SshLogin : IDisposable
{
    private static readonly string[] DefaultKeys = ["id_ed25519", "id_ecdsa", "id_rsa"];

    /// <summary>Rounds of questions that are answered with the password; a server that asks on is refused.</summary>
    private const int MaximumRounds = 3;

    private readonly List<(string Way, AuthenticationMethod Method)> _ways = [];
    private readonly List<string> _unusable = [];
    private readonly List<IDisposable> _keys = [];
    private readonly SshAddress _address;
    private ConnectionInfo? _connection;

    private SshLogin(SshAddress address) => _address = address;

    /// <summary>The host and the ways, as the library takes them.</summary>
    public ConnectionInfo Connection => _connection!;

    /// <exception cref="DiskImageException">There is no way to log in, or the key file cannot be used.</exception>
    public static SshLogin Gather(SshAddress address, RemoteAccess access)
    {
        var login = new SshLogin(address);
        try
        {
            bool passwordIsForKey = false;
            if (access.KeyFile is { } keyFile)
            {
                passwordIsForKey = login.AddKeyFile(keyFile, access.Credential?.Password);
            }
            else
            {
                login.AddAgent();
                login.AddDefaultKeys();
            }

            // What decrypts a key is nothing for the host to know.
            if (access.Credential is { Password.Length: > 0 } credential && !passwordIsForKey)
            {
                login.AddPassword(credential);
            }

            if (login._ways.Count == 0)
            {
                throw SshFault.LoginFailed(address, login.Describe("there is nothing to log in with."), null);
            }

            login._connection = new ConnectionInfo(address.Host, address.Port, address.User, [.. login._ways.Select(w => w.Method)]);
            return login;
        }
        catch
        {
            login.Dispose();
            throw;
        }
    }

    /// <summary>What was tried, what could not be, and what the host would have taken.</summary>
    public string Describe(string reason)
    {
        string[] accepted = [.. _ways.SelectMany(w => w.Method.AllowedAuthentications ?? []).Select(ServerText.Clean).Distinct()];
        return ServerText.Clean(reason).TrimEnd('.') + "."
            + (_ways.Count > 0 ? $" Tried were {string.Join(", ", _ways.Select(w => w.Way))}." : "")
            + (_unusable.Count > 0 ? $" Not tried: {string.Join(", ", _unusable)}." : "")
            + (accepted.Length > 0 ? $" The host accepts {string.Join(", ", accepted)}." : "");
    }

    public void Dispose()
    {
        _ways.ForEach(w => w.Method.Dispose());
        _keys.ForEach(k => k.Dispose());
    }

    /// <summary>Whether the password was needed to decrypt the key.</summary>
    private bool AddKeyFile(string path, string? password)
    {
        bool isEncrypted = false;
        PrivateKeyFile key;
        try
        {
            key = Open(path, null);
        }
        catch (SshPassPhraseNullOrEmptyException) when (!string.IsNullOrEmpty(password))
        {
            isEncrypted = true;
            try
            {
                key = Open(path, password);
            }
            catch (Exception e) when (e is not V2VException)
            {
                throw KeyFault(path, "cannot be decrypted with the credential's password", e);
            }
        }
        catch (SshPassPhraseNullOrEmptyException e)
        {
            throw KeyFault(path, "is encrypted, and no password for it was given", e);
        }
        catch (Exception e) when (e is not V2VException)
        {
            // The library reports a damaged key by exceptions of many kinds.
            throw KeyFault(path, "cannot be used", e);
        }

        AddKeys($"the key '{path}'", key.HostKeyAlgorithms);
        return isEncrypted;
    }

    private void AddAgent()
    {
        if (SshAgent.Current() is not { } agent)
        {
            _unusable.Add("an agent (SSH_AUTH_SOCK is not set)");
            return;
        }

        try
        {
            List<AgentIdentity> identities = agent.Identities();
            if (identities.Count == 0)
            {
                _unusable.Add($"the agent at '{agent.SocketPath}' (it holds no keys)");
                return;
            }

            AddKeys(
                $"{identities.Count} {(identities.Count == 1 ? "key" : "keys")} of the agent",
                identities.SelectMany(i => PublicKeyBlob.Algorithms(i.Type).Select(a => new AgentKey(agent, i, a))));
        }
        catch (DiskImageException e)
        {
            _unusable.Add($"the agent at '{agent.SocketPath}' ({e.InnerException?.Message ?? e.Message})");
        }
    }

    private void AddDefaultKeys()
    {
        string folder = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".ssh");
        foreach (string path in DefaultKeys.Select(n => Path.Combine(folder, n)).Where(File.Exists))
        {
            try
            {
                AddKeys($"the key '{path}'", Open(path, null).HostKeyAlgorithms);
            }
            catch (SshPassPhraseNullOrEmptyException)
            {
                _unusable.Add($"the key '{path}' (it is encrypted)");
            }
            catch (Exception e) when (e is not V2VException)
            {
                _unusable.Add($"the key '{path}' ({e.Message})");
            }
        }
    }

    private void AddPassword(NetworkCredential credential)
    {
        _ways.Add(("the password", new PasswordAuthenticationMethod(_address.User, credential.Password)));
        var questions = new KeyboardInteractiveAuthenticationMethod(_address.User);
        int round = 0;
        questions.AuthenticationPrompt += (_, e) =>
        {
            // Without an answer the library ends this way to log in. Echoed questions ask for something else than the password.
            if (round++ < MaximumRounds)
            {
                foreach (AuthenticationPrompt prompt in e.Prompts)
                {
                    prompt.Response = prompt.IsEchoed ? "" : credential.Password;
                }
            }
        };
        _ways.Add(("the password (keyboard-interactive)", questions));
    }

    private void AddKeys(string way, IEnumerable<HostAlgorithm> keys) =>
        _ways.Add((way, new PrivateKeyAuthenticationMethod(_address.User, new SigningKeys([.. keys], () => _connection?.ServerVersion))));

    private PrivateKeyFile Open(string path, string? password)
    {
        var key = new PrivateKeyFile(path, password);
        _keys.Add(key);
        return key;
    }

    private DiskImageException KeyFault(string path, string what, Exception inner) =>
        new(V2VError.AuthenticationFailed, $"The key '{path}' for the SSH host {_address.KnownName} {what}: {inner.Message}", inner)
        {
            Path = path,
            Advice = "Give the key's password as the credential's password, or a key that is not encrypted, or add it to the agent (ssh-add).",
        };
}
