using V2V.Engine.Disks.Transports;
using V2V.Engine.Native.Libvirt;

namespace V2V.Engine.Sources.Libvirt;

/// <summary>Opens a connection, with user name and password where libvirt asks for them.</summary>
internal sealed class LibvirtCredentials(LibvirtUri uri, RemoteAccess access)
{
    private string? _missing;
    private string? _advice;

    /// <exception cref="LibvirtException">Nothing answers, it does not let this user in, or it asks for what was not given.</exception>
    public ConnectHandle Open()
    {
        var message = $"libvirt cannot be reached at {uri.Text}";
        try
        {
            return VirConnectOpenAuth.Call(uri.ForOpening(access), message, Answer);
        }
        catch (LibvirtException) when (_missing is not null)
        {
            throw new LibvirtException(V2VError.AuthenticationFailed, $"{message}: it asks for {_missing}, which was not given.")
            {
                Path = uri.Text,
                Advice = _advice,
            };
        }
        catch (LibvirtException e) when (uri.Transport == "ssh")
        {
            e.AddAdvice(
                "ssh has to let this user in without a question: by a key that an agent has or that needs no password, and with the host's key known. "
                + $"With a password, connect by {uri.Driver}+libssh2.");
            throw;
        }
    }

    private string? Answer(VirCredentialType type, string prompt)
    {
        const string Give = "Give user name and password with -Credential.";
        var (answer, what, advice) = type switch
        {
            VirCredentialType.UserName or VirCredentialType.AuthenticationName => (NonEmpty(access.Credential?.UserName) ?? uri.User, "a user name", Give),
            VirCredentialType.Passphrase or VirCredentialType.NoEchoPrompt => (NonEmpty(access.Credential?.Password), "a password", Give),
            // Above all whether an SSH host's unknown key is accepted.
            _ => (null, $"an answer to \"{prompt.Trim()}\"", "If it is about the host's key, connect once with ssh, so that it is known."),
        };
        if (answer is null)
        {
            _missing ??= what;
            _advice ??= advice;
        }

        return answer;
    }

    private static string? NonEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
