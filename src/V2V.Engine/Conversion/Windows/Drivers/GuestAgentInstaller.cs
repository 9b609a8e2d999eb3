namespace V2V.Engine.Conversion.Windows.Drivers;

/// <summary>The Windows Installer package of QEMU's guest agent.</summary>
/// <param name="File">The package.</param>
public sealed record GuestAgentInstaller(DriverSourceFile File)
{
    /// <summary>The names that virtio-win and the images of oVirt and RHEV have had for it.</summary>
    private static readonly string[] s_x64 = ["qemu-ga-x86_64.msi", "qemu-ga-x64.msi", "rhev-qga64.msi"];
    private static readonly string[] s_x86 = ["qemu-ga-i386.msi", "qemu-ga-x86.msi", "rhev-qga.msi"];

    /// <summary>The one for the guest's architecture, wherever it lies; null when there is none.</summary>
    internal static GuestAgentInstaller? Find(DriverSource source, DriverTarget target)
    {
        var names = target.Architecture switch { "x86_64" => s_x64, "i686" => s_x86, _ => [] };
        return names
            .Select(name => source.Files.Where(f => f.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).MinBy(f => f.Path.Length))
            .FirstOrDefault(f => f is not null) is { } file
            ? new GuestAgentInstaller(file)
            : null;
    }
}
