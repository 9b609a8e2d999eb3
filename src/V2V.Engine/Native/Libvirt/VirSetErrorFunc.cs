using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static unsafe partial class VirSetErrorFunc
{
    /// <summary>Sets the function that is called for every error of the process, in place of printing.</summary>
    public static void Call(delegate* unmanaged[Cdecl]<nint, nint, void> handler) => virSetErrorFunc(0, handler);

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial void virSetErrorFunc(nint userData, delegate* unmanaged[Cdecl]<nint, nint, void> handler);
}
