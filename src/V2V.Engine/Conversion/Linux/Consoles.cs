using System.Text.RegularExpressions;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Moves logins from Xen's consoles to the serial port in SysV guests. No console= is added to any command line: the guest keeps the consoles that
/// its owner chose, the first serial port is a console already when the guest uses it, and systemd starts a getty on every kernel console by itself
/// (systemd-getty-generator(8)).
/// </summary>
public sealed partial class Consoles : LinuxStep
{
    private const string Why = "Xen's console does not exist on KVM; the domain has a serial port.";

    public override string Name => "Moving consoles to the serial port";

    public override void Apply(ConversionContext context)
    {
        if (context.Files.TryReadAllText("/etc/inittab") is { } inittab)
        {
            context.Files.WriteAllText("/etc/inittab", Inittab(inittab, context.Guest.HasPackage("xe-guest-utilities")), "logins are on ttyS0", Why);
        }

        if (context.Files.TryReadAllText("/etc/securetty") is { } securetty)
        {
            context.Files.WriteAllText("/etc/securetty", Securetty(securetty), "root may log in on ttyS0", Why);
        }
    }

    private static string Inittab(string text, bool hasXenTools)
    {
        var hasSerial = TextLines.Split(text).Any(l => !l.StartsWith('#') && SerialPort().IsMatch(l));
        return TextLines.Edit(text, line =>
        {
            if (hasXenTools && CommentedGetty().IsMatch(line))
            {
                return line[1..]; // XenServer's tools take the gettys of the virtual terminals away.
            }

            if (line.StartsWith('#') || !XenConsole().IsMatch(line))
            {
                return line;
            }

            if (hasSerial)
            {
                return "#" + line; // Two gettys on one line take each other's characters.
            }

            hasSerial = true;
            return XenConsole().Replace(line, "ttyS0");
        });
    }

    private static string Securetty(string text)
    {
        var hasSerial = TextLines.Split(text).Any(l => l.Trim() == "ttyS0");
        return string.Concat(TextLines.Split(text).Select(line =>
        {
            if (line.Trim() is not ("xvc0" or "hvc0") || hasSerial)
            {
                return line;
            }

            hasSerial = true;
            return XenConsole().Replace(line, "ttyS0");
        }));
    }

    [GeneratedRegex(@"\b[xh]vc0\b")]
    private static partial Regex XenConsole();

    [GeneratedRegex(@"\bttyS0\b")]
    private static partial Regex SerialPort();

    [GeneratedRegex(@"^#[1-6]:[0-9]+:respawn:.*getty")]
    private static partial Regex CommentedGetty();
}
