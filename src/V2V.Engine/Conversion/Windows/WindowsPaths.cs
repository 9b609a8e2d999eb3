using V2V.Engine.Inspection.Windows;

namespace V2V.Engine.Conversion.Windows;

/// <summary>Paths of the guest's tree, in which the system volume stands at "/" and drives at "/D:", as Windows spells them: "C:\Windows\System32".</summary>
internal sealed class WindowsPaths(WindowsSystem windows)
{
    /// <summary>The drive that Windows itself is on: "C:" unless the registry knows better.</summary>
    public string SystemDrive { get; } = Drive(windows);

    public string Show(string guestPath)
    {
        var path = guestPath.Length > 2 && guestPath[2] == ':' && char.IsAsciiLetter(guestPath[1]) ? guestPath[1..] : SystemDrive + guestPath;
        return path.Replace('/', '\\');
    }

    private static string Drive(WindowsSystem windows)
    {
        // SystemRoot of a running Windows: where it was installed, and calls itself ever since.
        var installed = windows.Registry.Software.Find(@"Microsoft\Windows NT\CurrentVersion")?.GetString("SystemRoot");
        return installed is [var letter, ':', '\\', ..] && char.IsAsciiLetter(letter) ? $"{char.ToUpperInvariant(letter)}:" : "C:";
    }
}
