namespace V2V.Engine.Native.Libvirt;

/// <summary>The one map from libvirt's errors to those of the engine, and the checks of its two result conventions.</summary>
internal static class LibvirtError
{
    /// <summary>What the last call on this thread failed with.</summary>
    /// <param name="what">What was attempted, as the start of a sentence: "The domain web cannot be defined".</param>
    /// <param name="path">URI, domain, pool or volume.</param>
    public static LibvirtException Last(string what, string path)
    {
        var (code, message) = VirGetLastError.Call();
        return new LibvirtException(V2VError.LibvirtFailed, $"{what}: {message}.")
        {
            Path = path,
            Advice = AdviceFor(code),
        };
    }

    /// <summary>For functions that return -1 on failure.</summary>
    public static int Check(int result, string what, string path) => result < 0 ? throw Last(what, path) : result;

    /// <summary>For functions that return NULL on failure.</summary>
    public static THandle Check<THandle>(THandle handle, string what, string path)
        where THandle : LibvirtHandle
    {
        if (!handle.IsInvalid)
        {
            return handle;
        }

        var error = Last(what, path);
        handle.Dispose();
        throw error;
    }

    /// <summary>For connections: whatever keeps one from being made, libvirt is not to be had there.</summary>
    public static ConnectHandle CheckOpened(ConnectHandle handle, string what, string uri)
    {
        if (!handle.IsInvalid)
        {
            return handle;
        }

        var refused = Last(what, uri);
        handle.Dispose();
        throw new LibvirtException(V2VError.LibvirtUnavailable, refused.Message)
        {
            Path = uri,
            Advice = refused.Advice ?? $"Check the URI, and that the libvirt daemon runs there: virsh -c '{uri}' version.",
        };
    }

    /// <summary>For look-ups: null when there is no such object, which is no error.</summary>
    public static THandle? CheckFound<THandle>(THandle handle, VirErrorCode notFound, string what, string path)
        where THandle : LibvirtHandle => CheckFound(handle, [notFound], what, path);

    /// <summary>As above, where several codes mean that there is no such object.</summary>
    public static THandle? CheckFound<THandle>(THandle handle, ReadOnlySpan<VirErrorCode> notFound, string what, string path)
        where THandle : LibvirtHandle
    {
        if (!handle.IsInvalid)
        {
            return handle;
        }

        var code = VirGetLastError.Call().Code;
        var error = Last(what, path);
        handle.Dispose();
        return notFound.Contains(code) ? null : throw error;
    }

    private static string? AdviceFor(VirErrorCode code) => code switch
    {
        VirErrorCode.AuthenticationFailed or VirErrorCode.AuthenticationUnavailable or VirErrorCode.AuthenticationCancelled
            or VirErrorCode.AccessDenied or VirErrorCode.OperationDenied
            => "Run as a user who may manage this libvirt (root or a member of the group libvirt), or use qemu:///session.",
        VirErrorCode.NoConnect => "Check the URI; this host's libvirt may lack the driver that it names.",
        VirErrorCode.SystemError or VirErrorCode.Rpc => "Check that the libvirt daemon runs there, and that the host can be reached.",
        _ => null,
    };
}
