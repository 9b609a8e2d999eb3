using System.Text.RegularExpressions;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Replaces the video and mouse drivers that an X configuration names. Without a configuration X finds its drivers by itself, so only what is
/// written is changed.
/// </summary>
public sealed partial class XorgDrivers : LinuxStep
{
    private const string Why = "The display and pointer are others on KVM, and X does not start with drivers for missing ones.";

    /// <summary>X reads the first that exists.</summary>
    private static readonly string[] MainFiles = ["/etc/X11/xorg.conf", "/etc/X11/XF86Config-4", "/etc/X11/XF86Config"];

    private static readonly string[] Modesetting =
    [
        "/usr/lib/xorg/modules/drivers/modesetting_drv.so", "/usr/lib64/xorg/modules/drivers/modesetting_drv.so",
    ];

    public override string Name => "Correcting X drivers";

    public override void Apply(ConversionContext context)
    {
        var root = context.Files.Root;
        var main = MainFiles.Where(root.FileExists).Take(1);
        var parts = root.Enumerate("/etc/X11/xorg.conf.d").Where(f => f.Name.EndsWith(".conf", StringComparison.Ordinal)).Select(f => $"/etc/X11/xorg.conf.d/{f.Name}");

        // The modesetting driver came with X.org's server 1.17; before it, vesa drives any VGA.
        var video = Modesetting.Any(root.FileExists) ? "modesetting" : "vesa";
        foreach (var path in main.Concat(parts).Where(root.FileExists))
        {
            context.Files.WriteAllText(path, Correct(root.ReadAllText(path), video), $"display driver {video}", Why);
        }
    }

    private static string Correct(string text, string video)
    {
        var section = "";
        return string.Concat(TextLines.Split(text).Select(line =>
        {
            if (Section().Match(line) is { Success: true } begin)
            {
                section = begin.Groups["name"].Value.ToLowerInvariant();
            }
            else if (EndSection().IsMatch(line))
            {
                section = "";
            }
            else if (section == "device" && Identification().IsMatch(line))
            {
                return "";
            }
            else if (Driver().Match(line) is { Success: true } match)
            {
                var driver = match.Groups["driver"];
                var replacement = section == "device" ? video : section == "inputdevice" && driver.Value is "vmmouse" or "vboxmouse" ? "mouse" : driver.Value;
                return new FieldSpan(driver.Index, driver.Length).Replace(line, replacement);
            }

            return line;
        }));
    }

    [GeneratedRegex(@"^\s*Section\s+""(?<name>[^""]+)""", RegexOptions.IgnoreCase)]
    private static partial Regex Section();

    [GeneratedRegex(@"^\s*EndSection\b", RegexOptions.IgnoreCase)]
    private static partial Regex EndSection();

    /// <summary>BusID names the old adapter's place.</summary>
    [GeneratedRegex(@"^\s*(VendorName|BoardName|BusID)\s", RegexOptions.IgnoreCase)]
    private static partial Regex Identification();

    [GeneratedRegex(@"^\s*Driver\s+""(?<driver>[^""]*)""", RegexOptions.IgnoreCase)]
    private static partial Regex Driver();
}
