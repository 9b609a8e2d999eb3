namespace V2V.Engine.Native.Libvirt;

/// <summary>The one map from libvirt's errors to those of the engine, and the checks of its two result conventions.</summary>
internal static class LibvirtError
{
    /// <summary>What the last call on this thread failed with.</summary>
    /// <param name="what">What was attempted, as the start of a sentence: "The domain web cannot be defined".</param>
    /// <param name="path">URI, domain, pool or volume.</param>
    public static TargetException Last(string what, string path)
    {
        var (code, message) = VirGetLastError.Call();
        return new TargetException(V2VError.LibvirtFailed, $"{what}: {message}.")
        {
            Path = path,
            Advice = code is VirErrorCode.AuthenticationFailed or VirErrorCode.AuthenticationUnavailable or VirErrorCode.AuthenticationCancelled
                or VirErrorCode.AccessDenied or VirErrorCode.OperationDenied
                ? "Run as a user who may manage this libvirt (root or a member of the group libvirt), or use qemu:///session."
                : null,
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

    /// <summary>For look-ups: null when there is no such object, which is no error.</summary>
    public static THandle? CheckFound<THandle>(THandle handle, VirErrorCode notFound, string what, string path)
        where THandle : LibvirtHandle
    {
        if (!handle.IsInvalid)
        {
            return handle;
        }

        var code = VirGetLastError.Call().Code;
        var error = Last(what, path);
        handle.Dispose();
        return code == notFound ? null : throw error;
    }
}
