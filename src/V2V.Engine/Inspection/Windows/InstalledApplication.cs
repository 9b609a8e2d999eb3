namespace V2V.Engine.Inspection.Windows;

/// <summary>An entry of Windows' list of installed programs (CurrentVersion\Uninstall).</summary>
public sealed record InstalledApplication
{
    /// <summary>Name of its key; the product code of what the Windows Installer has installed.</summary>
    public required string KeyName { get; init; }

    /// <summary>"HKLM\SOFTWARE\...\Uninstall\{...}".</summary>
    public required string KeyPath { get; init; }

    public required string DisplayName { get; init; }

    public string? DisplayVersion { get; init; }

    public string? Publisher { get; init; }

    /// <summary>As Windows writes it: "C:\Program Files\VMware\VMware Tools\".</summary>
    public string? InstallLocation { get; init; }

    /// <summary>The command that takes it away, unexpanded.</summary>
    public string? UninstallString { get; init; }

    /// <summary>The same without questions; few programs give one.</summary>
    public string? QuietUninstallString { get; init; }

    /// <summary>Installed by the Windows Installer (msiexec), which takes it away by its product code.</summary>
    public bool IsWindowsInstaller { get; init; }

    /// <summary>A program for 32 bits, on systems of both kinds.</summary>
    public bool Is32Bit { get; init; }

    public override string ToString() => DisplayVersion is null ? DisplayName : $"{DisplayName} {DisplayVersion}";
}
