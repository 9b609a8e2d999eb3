namespace V2V.Engine.Inspection;

/// <summary>The names that libosinfo's database has for operating systems.</summary>
internal static class LibosinfoIds
{
    /// <summary>Null when the database has no such entry, as for derivatives and testing releases.</summary>
    public static string? Linux(OperatingSystemInfo system) => system.Distribution switch
    {
        // Since squeeze the second number is a point release; before, it was part of the release's name (3.1 sarge).
        "debian" when system.MajorVersion >= 4 => $"http://debian.org/debian/{system.MajorVersion}",
        "debian" when system.MajorVersion == 3 => $"http://debian.org/debian/3.{system.MinorVersion}",
        "ubuntu" when system.MajorVersion >= 4 => $"http://ubuntu.com/ubuntu/{system.MajorVersion}.{system.MinorVersion:00}",
        _ => null,
    };
}
