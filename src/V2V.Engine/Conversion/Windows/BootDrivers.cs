using System.Globalization;
using V2V.Engine.Inspection;
using V2V.Engine.Inspection.Boot;
using V2V.Engine.Inspection.Windows;
using V2V.Engine.Registry;

namespace V2V.Engine.Conversion.Windows;

/// <summary>
/// The drivers that the conversion made Windows start at boot: each names a program that exists, in the form that the boot loader can read, for
/// the guest's processor. Windows says 0x7B (or its recovery screen) of the ones that do not.
/// </summary>
internal static class BootDrivers
{
    private const uint BootStart = 0;

    /// <exception cref="ConversionException">A boot driver could not be loaded.</exception>
    public static void Verify(InspectedGuest again, WindowsSystem windows, IReadOnlyList<ConversionChange> changes)
    {
        var system = windows.Registry.System;
        foreach (var path in changes
            .Where(c => c.Registry is { Name: "Start", Data: [0, 0, 0, 0] } && c.Path.Contains(@"\Services\", StringComparison.OrdinalIgnoreCase))
            .Select(c => c.Path).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            if (system.Find(path[(RegistryPaths.System.Length + 1)..]) is { } key && key.GetUInt32("Start") == BootStart)
            {
                Check(again, windows, path, key);
            }
        }
    }

    private static void Check(InspectedGuest again, WindowsSystem windows, string path, RegistryKey key)
    {
        var file = ImagePath(windows, key);
        ConversionVerifier.Demand(again.Root.FileExists(file), path, $"its driver {file} is missing");
        var found = PeMachine.Read(again.Root, file);
        ConversionVerifier.Demand(found is not null, path, $"its driver {file} is no program");
        var wanted = Machine(again.OperatingSystem.Architecture);
        ConversionVerifier.Demand(
            wanted is null || found == wanted, path,
            string.Create(CultureInfo.InvariantCulture, $"its driver {file} is for the machine 0x{found:x}, Windows for 0x{wanted:x}"));
    }

    /// <summary>
    /// The guest path of a driver's file. Without ImagePath it is System32\drivers\NAME.sys; a path without a root stands below the Windows
    /// directory, as does one that starts with \SystemRoot.
    /// </summary>
    public static string ImagePath(WindowsSystem windows, RegistryKey service)
    {
        var image = service.GetString("ImagePath") is { Length: > 0 } given ? given.Trim('"') : $@"System32\drivers\{service.Name}.sys";
        var path = image.Replace('\\', '/');
        foreach (var prefix in (ReadOnlySpan<string>)["/SystemRoot/", "%SystemRoot%/"])
        {
            if (path.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            {
                return $"{windows.SystemRoot}/{path[prefix.Length..]}";
            }
        }

        if (path.StartsWith("/??/", StringComparison.Ordinal))
        {
            path = path[4..];
        }

        return path is [var letter, ':', '/', ..] && char.IsAsciiLetter(letter) ? $"/{char.ToUpperInvariant(letter)}{path[1..]}" : $"{windows.SystemRoot}/{path.TrimStart('/')}";
    }

    /// <summary>As PE headers write it (Microsoft's "PE Format", "Machine Types").</summary>
    public static ushort? Machine(string architecture) => architecture switch
    {
        "x86_64" => PeMachine.X64,
        "i686" => 0x14C,
        "aarch64" => 0xAA64,
        _ => null,
    };
}
