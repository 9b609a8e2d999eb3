using Renci.SshNet.Security;

namespace V2V.Engine.Disks.Transports.Ssh;

/// <summary>A key of the agent with one way to sign, as the library takes it.</summary>
/// <param name="agent">Who signs.</param>
/// <param name="identity">The key.</param>
/// <param name="algorithm">The way.</param>
internal sealed class AgentKey(SshAgent agent, AgentIdentity identity, string algorithm) : HostAlgorithm(algorithm)
{
    public override byte[] Data => identity.Key;

    /// <summary>Has the agent sign. When it does not, the signature is empty: the host refuses it, and the next way to log in is tried.</summary>
    public override byte[] Sign(byte[] data)
    {
        try
        {
            return agent.Sign(identity.Key, Name, data) ?? [];
        }
        catch (DiskImageException)
        {
            return [];
        }
    }

    /// <summary>The key is the user's. Only hosts' keys are asked to verify.</summary>
    public override bool VerifySignature(byte[] data, byte[] signature) => throw new NotSupportedException();
}
