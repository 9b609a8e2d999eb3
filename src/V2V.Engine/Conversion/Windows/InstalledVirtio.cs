using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;
using V2V.Engine.Inspection.Boot;
using V2V.Engine.Inspection.Windows;

namespace V2V.Engine.Conversion.Windows;

/// <summary>Finds the virtio drivers that a guest has already, as one that ran on KVM or was prepared for it: the service is there, and its program.</summary>
internal static class InstalledVirtio
{
    /// <summary>Far more than any of these drivers has.</summary>
    private const long MaxProgram = 16L << 20;

    /// <summary>Name of the INF file and of the service that it makes.</summary>
    private static readonly (string Name, string Service)[] Known =
    [
        ("viostor", "viostor"), ("vioscsi", "vioscsi"), ("netkvm", "netkvm"), ("balloon", "BALLOON"), ("viorng", "VirtRng"), ("vioser", "VirtioSerial"),
        ("pvpanic", "pvpanic"), ("viosock", "viosock"),
    ];

    public static IReadOnlyList<InstalledDriver> Find(InspectedGuest guest, WindowsSystem windows)
    {
        var services = windows.Registry.System.Find($@"{windows.ControlSet}\Services");
        var found = new List<InstalledDriver>();
        foreach (var (name, service) in Known)
        {
            if (services?.Find(service) is { } key && BootDrivers.ImagePath(windows, key) is var path && guest.Root.FileExists(path)
                && PeMachine.Read(guest.Root, path) == BootDrivers.Machine(guest.OperatingSystem.Architecture))
            {
                found.Add(new InstalledDriver(name, key.Name, path, Version(guest.Root, path)));
            }
        }

        return found;
    }

    private static Version? Version(GuestRoot root, string path) => root.Find(path)!.Length <= MaxProgram ? PeVersion.Of(root.ReadAllBytes(path, MaxProgram)) : null;
}
