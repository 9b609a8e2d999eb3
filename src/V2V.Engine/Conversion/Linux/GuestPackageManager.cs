using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux;

/// <summary>How a guest installs a package from its own sources. The commands run in the guest, in a POSIX shell, with $package set.</summary>
/// <param name="Installed">True when the package is there.</param>
/// <param name="Install">Installs it. Downloads end by themselves when the sources do not answer; what installs is never interrupted.</param>
internal sealed record GuestPackageManager(string Installed, string Install)
{
    private const string RpmInstalled = "rpm -q \"$package\" >/dev/null 2>&1";

    private static readonly GuestPackageManager s_apt = new(
        "dpkg-query -W -f '${Status}' \"$package\" 2>/dev/null | grep -q '^install ok installed$'",
        """
        DEBIAN_FRONTEND=noninteractive
            export DEBIAN_FRONTEND
            options='-q -y -o Acquire::Retries=1 -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30 -o DPkg::Lock::Timeout=300'
            timeout 600 apt-get $options update
            timeout 600 apt-get $options --no-install-recommends --download-only install "$package" &&
                apt-get $options --no-install-recommends --no-download \
                    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold install "$package"
        """);

    private static readonly GuestPackageManager s_zypper = new(RpmInstalled, "zypper --non-interactive install --auto-agree-with-licenses \"$package\"");

    private static readonly GuestPackageManager s_dnf = new(RpmInstalled, "dnf -y --setopt=timeout=30 --setopt=retries=2 install \"$package\"");

    private static readonly GuestPackageManager s_yum = new(RpmInstalled, "yum -y --setopt=timeout=30 --setopt=retries=2 install \"$package\"");

    private static readonly GuestPackageManager s_apk = new("apk info -e \"$package\" >/dev/null 2>&1", "apk --no-progress update && apk --no-progress add \"$package\"");

    private static readonly GuestPackageManager s_pacman = new("pacman -Q \"$package\" >/dev/null 2>&1", "pacman -S --noconfirm --needed \"$package\"");

    /// <summary>The guest's package manager; null when it has none that is known.</summary>
    public static GuestPackageManager? Find(GuestRoot root, OperatingSystemInfo system) => system.PackageFormat switch
    {
        "deb" => s_apt,
        "apk" => s_apk,
        "pacman" => s_pacman,
        // SUSE can have dnf beside its own.
        "rpm" => root.FileExists("/usr/bin/zypper") ? s_zypper : root.FileExists("/usr/bin/dnf") ? s_dnf : s_yum,
        _ => null,
    };
}
