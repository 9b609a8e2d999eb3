using V2V.Engine.Registry;

namespace V2V.Engine.Inspection.Windows;

/// <summary>
/// Third parties' drivers in the stacks of disks and volumes (UpperFilters and LowerFilters of their setup classes). Windows starts no disk
/// without every driver that is named there, and such drivers often look for the hardware that they were made for.
/// </summary>
internal static class StorageFilters
{
    /// <summary>Setup classes that the system disk depends on (devguid.h).</summary>
    private static readonly (string Guid, string Name)[] Classes =
    [
        ("{4D36E967-E325-11CE-BFC1-08002BE10318}", "disks"),
        ("{4D36E97B-E325-11CE-BFC1-08002BE10318}", "storage controllers"),
        ("{4D36E96A-E325-11CE-BFC1-08002BE10318}", "IDE controllers"),
        ("{71A27CDD-812A-11D0-BEC7-08002BE2092F}", "volumes"),
    ];

    /// <summary>Those that come with Windows: partitions, shadow copies, BitLocker, ReadyBoost, I/O rates, enhanced storage, multipath.</summary>
    private static readonly HashSet<string> Windows = new(StringComparer.OrdinalIgnoreCase)
    {
        "partmgr", "volsnap", "fvevol", "rdyboost", "iorate", "ehstorclass", "ehstortcgdrv", "mpio", "msdsm", "msiscsi", "volume", "storqosflt", "sbp2port",
        "dumpfve", "crashdmp", "diskdump", "scmdisk0101", "wcifs", "bflt", "spaceport", "csvflt", "pmem", "applockerfltr",
    };

    public static IEnumerable<Concern> Check(WindowsSystem windows)
    {
        foreach (var (guid, name) in Classes)
        {
            if (windows.Registry.System.Find($@"{windows.ControlSet}\Control\Class\{guid}") is not { } key)
            {
                continue;
            }

            var foreign = key.Texts("UpperFilters").Concat(key.Texts("LowerFilters")).Where(f => !Windows.Contains(f)).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
            if (foreign.Count > 0)
            {
                yield return new Concern(
                    ConcernSeverity.Warning, "StorageFilterInstalled",
                    $"Drivers of other vendors stand in the stack of all {name}: {string.Join(", ", foreign.Select(f => Describe(windows, f)))}. Where one of them does not start "
                    + "on KVM, Windows stops with the error 0x7B.",
                    "Uninstall multipath, backup and encryption software in the guest before the conversion if it is not needed on KVM.");
            }
        }
    }

    private static string Describe(WindowsSystem windows, string service) =>
        windows.Registry.System.Find($@"{windows.ControlSet}\Services\{service}") is not { } key ? $"{service} (which is not installed)"
        : key.Text("DisplayName") is { } name && !name.StartsWith('@') && !name.Equals(service, StringComparison.OrdinalIgnoreCase) ? $"{service} ({name})"
        : service;
}
