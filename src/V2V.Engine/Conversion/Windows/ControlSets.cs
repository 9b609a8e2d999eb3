using System.Globalization;
using V2V.Engine.Inspection.Windows;

namespace V2V.Engine.Conversion.Windows;

/// <summary>
/// The sets of drivers and services that Windows chooses from when it starts. SYSTEM\Select tells which one it ran with last (Current) and which
/// one it takes next (Default); they differ after a failed start, and always-current tools edit only the first.
/// </summary>
internal static class ControlSets
{
    private const uint Highest = 999;

    /// <summary>The current one, then the default one if it is another and there is one of its name.</summary>
    public static IReadOnlyList<string> Of(WindowsSystem windows)
    {
        var system = windows.Registry.System;
        return system.Find("Select")?.GetUInt32("Default") is { } number and > 0 and <= Highest
            && string.Create(CultureInfo.InvariantCulture, $"ControlSet{number:000}") is var other
            && !other.Equals(windows.ControlSet, StringComparison.OrdinalIgnoreCase) && system.Find(other) is not null
            ? [windows.ControlSet, other]
            : [windows.ControlSet];
    }
}
