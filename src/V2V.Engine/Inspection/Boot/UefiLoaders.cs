using System.Text;
using System.Text.RegularExpressions;
using V2V.Engine.FileSystems;

namespace V2V.Engine.Inspection.Boot;

/// <summary>
/// Finds what a distribution has put on the EFI system partition to boot itself, and what of it works from another directory.
/// <para>
/// shim starts GRUB from the directory that it was started from itself. Its companion fbx64.efi is not copied along: shim would start it in
/// GRUB's place, and it makes NVRAM entries from BOOTX64.CSV and resets the machine, which never ends where NVRAM is not kept.
/// </para>
/// <para>
/// GRUB 2 finds its configuration by what is built into it: a directory of the partition in a signed one (/EFI/debian), /boot/grub by UUID
/// in one made by grub-install. So its menu is not copied, and stays the one that the distribution updates.
/// </para>
/// </summary>
internal static partial class UefiLoaders
{
    /// <summary>The largest signed GRUB has 6 MB.</summary>
    private const long MaxLoaderLength = 32 << 20;

    private static readonly string[] Foreign = ["BOOT", "Microsoft"];

    private static readonly string[] Shims = ["shimx64.efi", "shim.efi"];

    /// <summary>What shim starts. SUSE's looks for the second, and the first is often there too.</summary>
    private static readonly string[] Grubs = ["grubx64.efi", "grub.efi"];

    /// <summary>What shim starts to enroll a key that was asked for.</summary>
    private static readonly string[] KeyManagers = ["mmx64.efi", "MokManager.efi"];

    private const string SystemdBoot = "systemd-bootx64.efi";

    /// <param name="guest">The guest.</param>
    /// <param name="systemPartition">Where its EFI system partition is mounted.</param>
    /// <returns>The loader of the guest's own distribution if there are several; null when there is none.</returns>
    public static UefiLoader? Find(InspectedGuest guest, string systemPartition)
    {
        var efi = systemPartition.TrimEnd('/') + "/EFI";
        return guest.Root.Enumerate(efi)
            .Where(e => e.Type == GuestFileType.Directory && !Foreign.Contains(e.Name, StringComparer.OrdinalIgnoreCase))
            .Select(e => e.Name)
            .OrderBy(name => Distance(guest, name))
            .Select(name => InDirectory(guest, efi, name))
            .FirstOrDefault(loader => loader is not null);
    }

    /// <summary>Whether there is anything that 32-bit firmware starts.</summary>
    public static bool HasLoaderFor32Bits(GuestRoot root, string systemPartition)
    {
        var efi = systemPartition.TrimEnd('/') + "/EFI";
        return root.Enumerate(efi).Any(d => root.Enumerate($"{efi}/{d.Name}").Any(f => f.Name.EndsWith("ia32.efi", StringComparison.OrdinalIgnoreCase)));
    }

    private static int Distance(InspectedGuest guest, string directory)
    {
        var system = guest.OperatingSystem;
        var name = directory.ToLowerInvariant();
        var isSystemd = name == "systemd";
        return isSystemd && guest.BootLoader.Kind == BootLoaderKind.SystemdBoot ? 0
            : name == system.Distribution ? 1
            : LinuxFamilies.Of(system with { Distribution = name, Like = [] }) == LinuxFamilies.Of(system) ? 2
            : isSystemd ? 4 : 3;
    }

    private static UefiLoader? InDirectory(InspectedGuest guest, string efi, string name)
    {
        var root = guest.Root;
        var directory = $"{efi}/{name}";
        string[] Programs(params string[] names) => Array.FindAll(names, n => PeMachine.Read(root, $"{directory}/{n}") == PeMachine.X64);
        UefiLoaderFile Copy(string file, string? to = null) => new($"{directory}/{file}", to ?? file);
        UefiLoaderFile[] Copies(string[] files) => [.. files.Select(f => Copy(f))];

        if (Programs(Grubs) is [var grub, ..] grubs)
        {
            if (guest.BootLoader.Kind == BootLoaderKind.GrubLegacy)
            {
                // It looks for its menu beside itself, under its own name.
                return root.FileExists($"{directory}/grub.conf")
                    ? new UefiLoader($"GRUB of EFI/{name}", [Copy(grub, UefiFallback.Program), Copy("grub.conf", "BOOTX64.conf")]) { HasCopyOfMenu = true }
                    : null;
            }

            string[] configuration = NeedsConfiguration(root, efi, $"{directory}/{grub}") && root.FileExists($"{directory}/grub.cfg") ? ["grub.cfg"] : [];
            return Programs(Shims) is [var shim, ..]
                ? new UefiLoader($"shim and GRUB of EFI/{name}", [Copy(shim, UefiFallback.Program), .. Copies([.. grubs, .. Programs(KeyManagers), .. configuration])])
                : new UefiLoader($"GRUB of EFI/{name}", [Copy(grub, UefiFallback.Program), .. Copies(configuration)]);
        }

        // systemd-boot reads its entries from fixed places of the partition.
        return Programs(SystemdBoot) is [var systemdBoot] ? new UefiLoader("systemd-boot", [Copy(systemdBoot, UefiFallback.Program)]) : null;
    }

    /// <summary>
    /// Whether a directory of the partition is built into this GRUB that has no configuration, as when GRUB was installed with a bootloader id of
    /// its own. Then it reads the one beside itself.
    /// </summary>
    private static bool NeedsConfiguration(GuestRoot root, string efi, string grub)
    {
        var program = Encoding.Latin1.GetString(root.ReadAllBytes(grub, MaxLoaderLength));
        var builtIn = BuiltInDirectory().Matches(program).Select(m => m.Groups[1].Value).ToList();
        return builtIn.Count > 0 && !builtIn.Any(d => root.FileExists($"{efi}/{d}/grub.cfg"));
    }

    [GeneratedRegex(@"\0/EFI/([A-Za-z0-9._-]{1,64})\0", RegexOptions.IgnoreCase)]
    private static partial Regex BuiltInDirectory();
}
