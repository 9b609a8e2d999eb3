using V2V.Engine.FileSystems;

namespace V2V.Engine.Conversion.Linux;

/// <summary>What runs as process 1 in the guest.</summary>
internal static class SystemManager
{
    /// <summary>Ubuntu 14.04 and Debian 7 carry parts of systemd under another init, so it is /sbin/init that counts.</summary>
    public static bool IsSystemd(GuestRoot root) =>
        root.FileExists("/sbin/init") && root.RealPath("/sbin/init").EndsWith("/systemd", StringComparison.Ordinal);
}
