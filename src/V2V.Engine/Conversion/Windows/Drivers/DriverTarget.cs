using System.Globalization;
using V2V.Engine.Inspection;
using V2V.Engine.Inspection.Windows;

namespace V2V.Engine.Conversion.Windows.Drivers;

/// <summary>The Windows that drivers are chosen for, as directories and INF files call it.</summary>
/// <param name="Name">For messages: "Windows Server 2019 Standard (x86_64)".</param>
/// <param name="Architecture">As Linux names it: "x86_64", "i686", "aarch64".</param>
/// <param name="Major">10 of 10.0.</param>
/// <param name="Minor">0 of 10.0.</param>
/// <param name="Build">19045; 0 when it is not known.</param>
/// <param name="IsServer">Server editions have drivers of their own.</param>
/// <param name="ProductName">Tells 2016, 2019, 2022 and 2025 apart.</param>
internal sealed record DriverTarget(string Name, string Architecture, int Major, int Minor, int Build, bool IsServer, string ProductName)
{
    /// <summary>"amd64", "x86", "arm64": how INF files name it.</summary>
    public string InfArchitecture => Architecture switch { "x86_64" => "amd64", "i686" => "x86", "aarch64" => "arm64", _ => Architecture };

    public static DriverTarget From(OperatingSystemInfo system, WindowsSystem windows) => new(
        system.ToString(), system.Architecture, system.MajorVersion, system.MinorVersion, windows.BuildNumber, windows.IsServer, system.ProductName);

    /// <summary>
    /// How well a decoration suits, such as "NTamd64.10.0...17763" (INF Manufacturer Section: architecture, major, minor, product type, suite mask,
    /// build); null when it is for others. The greatest is the best.
    /// </summary>
    /// <param name="decoration">What follows the section's name and a dot.</param>
    /// <param name="plainIsAny">Whether one without architecture is for all of them, and not for x86 alone.</param>
    public (Version Version, int Detail)? Rank(string decoration, bool plainIsAny)
    {
        var parts = decoration.Split('.');
        if (parts.Length > 6 || !parts[0].StartsWith("NT", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var numbers = new int[6];
        for (var i = 1; i < parts.Length; i++)
        {
            if (parts[i].Length > 0 && !TryNumber(parts[i], out numbers[i]))
            {
                return null;
            }
        }

        var architecture = parts[0][2..];
        var isPlain = architecture.Length == 0;
        if (isPlain ? !plainIsAny && InfArchitecture != "x86" : !architecture.Equals(InfArchitecture, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var version = new Version(numbers[1], numbers[2], numbers[5]);
        const int Workstation = 1;
        const int Unknown = 0;
        var suitsProduct = numbers[3] == Unknown || (numbers[3] == Workstation) != IsServer;
        return suitsProduct && version <= new Version(Major, Minor, Build == Unknown ? int.MaxValue : Build)
            ? (version, (isPlain ? 0 : 1) + (numbers[3] == Unknown ? 0 : 2))
            : null;
    }

    private static bool TryNumber(string text, out int number) =>
        text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? int.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number) && number >= 0
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
