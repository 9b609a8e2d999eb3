using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

/// <summary>virDomainState.</summary>
internal enum VirDomainState
{
    None,
    Running,
    Blocked,
    Paused,
    Shutdown,
    ShutOff,
    Crashed,
    PMSuspended,
}

internal static partial class VirDomainGetState
{
    public static VirDomainState Call(DomainHandle domain, string name)
    {
        LibvirtError.Check(virDomainGetState(domain, out var state, 0, 0), $"The state of the domain {name} cannot be read", name);
        return (VirDomainState)state;
    }

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virDomainGetState(DomainHandle domain, out int state, nint reason, uint flags);
}
