using System.Text.RegularExpressions;

namespace V2V.Engine.Conversion.Linux;

/// <summary>Corrects the arguments of a kernel command line wherever one is written; everything else of the line stays.</summary>
internal static partial class KernelArguments
{
    /// <param name="line">A line that holds a kernel command line, or a part of one.</param>
    /// <param name="file">The file, for reports.</param>
    /// <param name="names">Finds lasting names.</param>
    /// <param name="hasInitramfs">The kernel itself, without an initramfs, finds a root by PARTUUID only (init/do_mounts.c).</param>
    public static string Correct(string line, string file, StableNames names, bool hasInitramfs = true)
    {
        line = DeviceArgument().Replace(line, match =>
        {
            var isResume = match.Groups["name"].Value == "resume";
            var stable = names.Replace(match.Groups["device"].Value, file, isResume ? "swap" : null, contentLasts: hasInitramfs);
            return stable is null ? match.Value : $"{match.Groups["name"].Value}={stable}";
        });

        // The consoles of Xen's paravirtual guests do not exist on KVM; its serial port takes their place.
        return XenConsole().Replace(line, "console=ttyS0");
    }

    [GeneratedRegex(@"(?<![^\s""'=])(?<name>root|resume|cryptdevice)=(?<device>/dev/[^\s""':,]+)")]
    private static partial Regex DeviceArgument();

    [GeneratedRegex(@"(?<![^\s""'=])console=[xh]vc0(?![0-9A-Za-z])")]
    private static partial Regex XenConsole();
}
