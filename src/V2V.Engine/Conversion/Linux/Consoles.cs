using System.Text.RegularExpressions;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Moves logins from Xen's consoles to the serial port. No console= is added to any command line: the guest keeps the consoles that its owner
/// chose, the first serial port is a console already when the guest uses it, and systemd starts a getty on every kernel console by itself
/// (systemd-getty-generator(8)).
/// </summary>
public sealed partial class Consoles : LinuxStep
{
    private const string Why = "Xen's console does not exist on KVM; the domain has a serial port.";

    /// <summary>Where Upstart keeps its jobs, since and before its version 0.6.</summary>
    private static readonly (string Directory, string Suffix)[] UpstartJobs = [("/etc/init", ".conf"), ("/etc/event.d", "")];

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

        MoveUpstartJobs(context);
        MoveSystemdUnits(context);
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

    /// <summary>The job itself is renamed: Upstart before 1.3 knows no .override files that could switch it off.</summary>
    private static void MoveUpstartJobs(ConversionContext context)
    {
        foreach (var (directory, suffix) in UpstartJobs)
        {
            foreach (var console in (ReadOnlySpan<string>)["hvc0", "xvc0"])
            {
                var job = $"{directory}/{console}{suffix}";
                if (context.Files.TryReadAllText(job) is not { } text)
                {
                    continue;
                }

                var serial = $"{directory}/ttyS0{suffix}";
                // RHEL 6's own job starts a login on a serial port that is the kernel's console.
                if (!context.Files.Root.FileExists(serial) && !context.Files.Root.FileExists("/etc/init/serial.conf"))
                {
                    context.Files.WriteAllText(serial, XenConsole().Replace(text, "ttyS0"), $"the login of {console} is on ttyS0", Why);
                }

                context.Files.Delete(job, Why);
            }
        }
    }

    /// <summary>
    /// An enabled getty on a device that never appears makes systemd wait 90 seconds for it, and fails. Links are all that there is to an enabled
    /// instance: its name says which device it is for.
    /// </summary>
    private static void MoveSystemdUnits(ConversionContext context)
    {
        const string Units = "/etc/systemd/system";
        foreach (var directory in context.Files.Root.Enumerate(Units).Where(d => WantsDirectory().IsMatch(d.Name)).ToList())
        {
            foreach (var link in context.Files.Root.Enumerate($"{Units}/{directory.Name}").Where(l => XenGetty().IsMatch(l.Name)).ToList())
            {
                var path = $"{Units}/{directory.Name}/{link.Name}";
                var serial = $"{Units}/{directory.Name}/serial-getty@ttyS0.service";
                if (context.Files.Root.TryReadLink(path) is { } template
                    && template.EndsWith("/serial-getty@.service", StringComparison.Ordinal)
                    && context.Files.Root.FindNoFollow(serial) is null)
                {
                    context.Files.CreateSymbolicLink(serial, template, "a login on ttyS0", Why);
                }

                context.Files.Delete(path, Why);
            }
        }
    }

    [GeneratedRegex(@"\b[xh]vc0\b")]
    private static partial Regex XenConsole();

    [GeneratedRegex(@"\bttyS0\b")]
    private static partial Regex SerialPort();

    [GeneratedRegex(@"^#[1-6]:[0-9]+:respawn:.*getty")]
    private static partial Regex CommentedGetty();

    [GeneratedRegex(@"\.(wants|requires)\z")]
    private static partial Regex WantsDirectory();

    [GeneratedRegex(@"^(serial-)?getty@[xh]vc0\.service\z")]
    private static partial Regex XenGetty();
}
