using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Comments out what only a kernel on Xen understands: the mount of its control files, without which systemd goes into emergency mode, and the
/// setting of its clock.
/// </summary>
public sealed class XenRemnants : LinuxStep
{
    public override string Name => "Removing settings for Xen";

    public override void Apply(ConversionContext context)
    {
        Comment(context, "/etc/fstab", IsXenfs, "the mount of xenfs is commented out", "This file system exists on Xen only, and a mount that fails can stop the boot.");

        var settings = context.Files.Root.Enumerate("/etc/sysctl.d")
            .Where(f => f.Name.EndsWith(".conf", StringComparison.Ordinal))
            .Select(f => $"/etc/sysctl.d/{f.Name}")
            .Prepend("/etc/sysctl.conf")
            .Where(context.Files.Root.FileExists)
            // 99-sysctl.conf is a link to sysctl.conf.
            .DistinctBy(context.Files.Root.RealPath);
        foreach (var path in settings.ToList())
        {
            Comment(context, path, IsXenSetting, "settings below xen. are commented out", "A kernel that does not run on Xen has no such setting.");
        }
    }

    private static bool IsXenfs(string line) => FstabEntry.TryParseLine(line) is { Kind: "xenfs" } or { MountPoint: "/proc/xen" };

    /// <summary>sysctl.d(5): a minus sign has failures ignored, '/' may stand for '.'.</summary>
    private static bool IsXenSetting(string line) =>
        line.TrimStart().TrimStart('-').TrimStart() is var setting
        && (setting.StartsWith("xen.", StringComparison.Ordinal) || setting.StartsWith("xen/", StringComparison.Ordinal));

    private static void Comment(ConversionContext context, string path, Func<string, bool> isForeign, string what, string why)
    {
        if (context.Files.TryReadAllText(path) is { } text)
        {
            context.Files.WriteAllText(path, TextLines.Edit(text, line => isForeign(line) ? "# " + line : line), what, why);
        }
    }
}
