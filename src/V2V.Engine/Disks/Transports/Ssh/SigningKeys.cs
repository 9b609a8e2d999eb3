using System.Globalization;
using System.Text.RegularExpressions;
using Renci.SshNet;
using Renci.SshNet.Security;

namespace V2V.Engine.Disks.Transports.Ssh;

/// <summary>
/// Keys of the user with the ways in which each can sign. An RSA key has three, and each that a server refuses counts as a failed attempt,
/// of which servers bear about six: so what the server's version cannot know, or would refuse as outdated, is not tried.
/// </summary>
/// <param name="ways">Every key in every way.</param>
/// <param name="serverVersion">The server's identification, known when the keys are asked for.</param>
internal sealed partial class SigningKeys(IEnumerable<HostAlgorithm> ways, Func<string?> serverVersion) : IPrivateKeySource
{
    private static readonly string[] RsaOrder = PublicKeyBlob.Algorithms("ssh-rsa");

    /// <summary>OpenSSH knows RSA with SHA-2 since this version, and takes it from everybody.</summary>
    private static readonly Version Sha2Since = new(7, 2);

    public IReadOnlyCollection<HostAlgorithm> HostKeyAlgorithms
    {
        get
        {
            Match match = OpenSsh().Match(serverVersion() ?? "");
            Version? version = match.Success
                ? new Version(Number(match.Groups[1]), Number(match.Groups[2]))
                : null;
            return
            [
                .. ways
                    .Where(w => version is null || !RsaOrder.Contains(w.Name) || (w.Name == "ssh-rsa") == (version < Sha2Since))
                    .OrderBy(w => Math.Max(0, Array.IndexOf(RsaOrder, w.Name))),
            ];
        }
    }

    private static int Number(Group digits) => int.Parse(digits.ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^SSH-[0-9.]+-OpenSSH_([0-9]{1,3})\.([0-9]{1,3})")]
    private static partial Regex OpenSsh();
}
