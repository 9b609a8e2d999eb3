using V2V.Engine.Inspection.Windows;

namespace V2V.Engine.Conversion.Windows;

/// <summary>Paths of the guest's tree, in which the system volume stands at "/" and drives at "/D:", as Windows spells them: "C:\Windows\System32".</summary>
internal sealed class WindowsPaths(WindowsSystem windows)
{
    /// <summary>The drive that Windows itself is on.</summary>
    public string SystemDrive { get; } = windows.Drives.FirstOrDefault(d => d.Volume.MountPoint == "/") is { } drive ? $"{drive.Letter}:" : "C:";

    public string Show(string guestPath)
    {
        var path = guestPath.Length > 2 && guestPath[2] == ':' && char.IsAsciiLetter(guestPath[1]) ? guestPath[1..] : SystemDrive + guestPath;
        return path.Replace('/', '\\');
    }
}
