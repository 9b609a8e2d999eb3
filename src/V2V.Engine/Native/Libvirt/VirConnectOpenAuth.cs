using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

/// <summary>virConnectCredentialType: what a driver asks for.</summary>
internal enum VirCredentialType
{
    UserName = 1,
    AuthenticationName = 2,
    Passphrase = 5,
    EchoPrompt = 6,
    NoEchoPrompt = 7,
}

/// <summary>virConnectCredential.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VirCredential
{
    public VirCredentialType Type;
    public nint Prompt;
    public nint Challenge;
    public nint DefaultResult;
    public nint Result;
    public uint ResultLength;
}

/// <summary>virConnectAuth.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct VirAuthentication
{
    public VirCredentialType* Types;
    public uint TypeCount;
    public delegate* unmanaged[Cdecl]<VirCredential*, uint, nint, int> Callback;
    public nint UserData;
}

internal static unsafe partial class VirConnectOpenAuth
{
    private static readonly VirCredentialType[] Answerable =
    [
        VirCredentialType.UserName, VirCredentialType.AuthenticationName, VirCredentialType.Passphrase,
        VirCredentialType.EchoPrompt, VirCredentialType.NoEchoPrompt,
    ];

    /// <summary>Opens a connection, answering what its driver asks for. Nothing is ever asked on the console.</summary>
    /// <param name="uri">The connection's URI.</param>
    /// <param name="message">What libvirt's error follows: "libvirt cannot be reached at qemu:///system".</param>
    /// <param name="answer">Gives the answer to a question, from what it asks for and how the driver words it; null when there is none.</param>
    /// <exception cref="LibvirtException">Nothing answers at the URI, or it does not let this user in.</exception>
    public static ConnectHandle Call(string uri, string message, Func<VirCredentialType, string, string?> answer)
    {
        LibvirtLibrary.EnsureLoaded();
        var state = GCHandle.Alloc(answer);
        try
        {
            fixed (VirCredentialType* types = Answerable)
            {
                var authentication = new VirAuthentication
                {
                    Types = types,
                    TypeCount = (uint)Answerable.Length,
                    Callback = &Answer,
                    UserData = GCHandle.ToIntPtr(state),
                };
                return LibvirtError.CheckOpened(virConnectOpenAuth(uri, &authentication, 0), message, uri);
            }
        }
        finally
        {
            state.Free();
        }
    }

    /// <summary>Fills in all results, or says with -1 that the connection cannot be made.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Answer(VirCredential* credentials, uint count, nint userData)
    {
        var answer = (Func<VirCredentialType, string, string?>)GCHandle.FromIntPtr(userData).Target!;
        for (var i = 0; i < count; i++)
        {
            if (answer(credentials[i].Type, Marshal.PtrToStringUTF8(credentials[i].Prompt) ?? "") is not { } text)
            {
                return -1;
            }

            credentials[i].Result = LibvirtString.Give(text, out credentials[i].ResultLength);
        }

        return 0;
    }

    [LibraryImport(LibvirtLibrary.Name, StringMarshalling = StringMarshalling.Utf8)]
    private static partial ConnectHandle virConnectOpenAuth(string uri, VirAuthentication* authentication, uint flags);
}
