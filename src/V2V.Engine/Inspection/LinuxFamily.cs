namespace V2V.Engine.Inspection;

/// <summary>The distributions that share a package format, a layout of configuration files and the tools behind them.</summary>
internal enum LinuxFamily
{
    /// <summary>A distribution that nothing is known of.</summary>
    Other,

    /// <summary>Debian, Ubuntu and what is built from them.</summary>
    Debian,

    /// <summary>RHEL, its rebuilds, Fedora, Amazon Linux.</summary>
    RedHat,

    /// <summary>SUSE Linux Enterprise and openSUSE.</summary>
    Suse,

    Arch,

    Alpine,
}
