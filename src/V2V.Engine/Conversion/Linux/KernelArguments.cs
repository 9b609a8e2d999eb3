using System.Text.RegularExpressions;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux;

/// <summary>Corrects the arguments of a kernel command line wherever one is written; everything else of the line stays.</summary>
internal sealed partial class KernelArguments(ConversionContext context)
{
    private readonly StableNames _names = new(context);

    /// <summary>
    /// The initrd of SUSE's mkinitrd, which dracut replaced in SLES 12, waits for the device by its path and does not know resume=UUID=; its udev
    /// makes the links by UUID.
    /// </summary>
    private readonly bool _wantsPaths =
        IsSuse(context.Guest.OperatingSystem) && !context.Guest.Root.FileExists("/usr/bin/dracut") && !context.Guest.Root.FileExists("/sbin/dracut");

    /// <param name="line">A line that holds a kernel command line, or a part of one.</param>
    /// <param name="file">The file, for reports.</param>
    /// <param name="hasInitramfs">The kernel itself, without an initramfs, finds a root by PARTUUID only (init/do_mounts.c).</param>
    public string Correct(string line, string file, bool hasInitramfs = true)
    {
        line = DeviceArgument().Replace(line, match =>
        {
            var name = match.Groups["name"].Value;
            var kind = name is "resume" or "real_resume" or "swap" ? "swap" : name is "cryptdevice" or "cryptroot" or "crypt_root" ? "crypto_LUKS" : null;
            var stable = _names.Replace(match.Groups["device"].Value, file, kind, contentLasts: hasInitramfs);
            return stable is null ? match.Value : $"{name}={Spell(stable)}";
        });

        // The consoles of Xen's paravirtual guests do not exist on KVM; its serial port takes their place. Nor do its early console and its clock,
        // and the clock that old kernels under Xen were told to use in place of it is too coarse elsewhere.
        return XenOnly().Replace(XenConsole().Replace(line, "console=ttyS0"), "");
    }

    private string Spell(string tag) => !_wantsPaths ? tag
        : tag.StartsWith("UUID=", StringComparison.Ordinal) ? "/dev/disk/by-uuid/" + tag["UUID=".Length..]
        : tag.Replace("PARTUUID=", "/dev/disk/by-partuuid/", StringComparison.Ordinal);

    private static bool IsSuse(OperatingSystemInfo system) =>
        system.Distribution is "sles" or "sled" or "suse" || system.Distribution.StartsWith("opensuse", StringComparison.Ordinal) || system.Like.Contains("suse");

    /// <summary>
    /// The kernel's own, and those of initramfs-tools, mkinitcpio (cryptdevice), Alpine (cryptroot) and Gentoo (real_root). Those of encrypted
    /// devices have a name behind a colon, and names by path have colons themselves.
    /// </summary>
    [GeneratedRegex(
        @"(?<![^\s""'=])((?<name>root|resume|real_root|real_resume|swap)=(?<device>/dev/[^\s""',]+)"
        + @"|(?<name>cryptdevice|cryptroot|crypt_root)=(?<device>/dev/disk/by-path/[^\s""',]+-part[0-9]+|/dev/[^\s""':,]+))")]
    private static partial Regex DeviceArgument();

    [GeneratedRegex(@"(?<![^\s""'=])(earlyprintk=xen|clocksource=(xen|jiffies)|xencons=\w+)(?![^\s""'])[ \t]?")]
    private static partial Regex XenOnly();

    [GeneratedRegex(@"(?<![^\s""'=])console=[xh]vc0(?![0-9A-Za-z])")]
    private static partial Regex XenConsole();
}
