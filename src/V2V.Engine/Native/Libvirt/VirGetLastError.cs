using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

/// <summary>The start of libvirt's virError; the fields after the message are not used.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VirError
{
    public int Code;
    public int Domain;
    public nint Message;
}

internal static unsafe partial class VirGetLastError
{
    /// <summary>The error of the call before, on this thread.</summary>
    public static (VirErrorCode Code, string Message) Call()
    {
        var error = virGetLastError();
        return error is null
            ? (VirErrorCode.Ok, "libvirt gave no reason")
            : ((VirErrorCode)error->Code, Marshal.PtrToStringUTF8(error->Message) ?? "libvirt gave no reason");
    }

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial VirError* virGetLastError();
}
