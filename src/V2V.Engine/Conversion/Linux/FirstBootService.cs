using V2V.Engine.FileSystems;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// A shell script that the guest runs when it has booted, beside everything else, until the script disables it from within: by systemd, OpenRC or
/// SysV's init, whichever the guest has.
/// </summary>
/// <param name="Name">Of the service and its script: "v2v-firstboot".</param>
/// <param name="Task">What it does, as an order without a full stop: "Install the QEMU guest agent after the conversion to KVM".</param>
/// <param name="Done">The same as a statement: "Installs the QEMU guest agent after the conversion to KVM".</param>
/// <param name="Why">For the record of changes.</param>
internal sealed record FirstBootService(string Name, string Task, string Done, string Why)
{
    /// <summary>Start links, by the directories that hold them: Red Hat's, SUSE's, Debian's.</summary>
    private static readonly string[] StartLinkParents = ["/etc/rc.d", "/etc/init.d", "/etc"];

    private static readonly string[] RunLevels = ["2", "3", "4", "5"];

    /// <summary>Lines of the unit's section [Unit] that order it among others.</summary>
    public string UnitOrder { get; init; } = "";

    /// <summary>How systemd starts it: "simple", or "oneshot" when what is ordered after it has to wait until it has ended.</summary>
    public string UnitType { get; init; } = "simple";

    private string ScriptPath => $"/usr/local/sbin/{Name}";

    private string UnitPath => $"/etc/systemd/system/{Name}.service";

    private string InitScriptPath => $"/etc/init.d/{Name}";

    private string OpenRcLink => $"/etc/runlevels/default/{Name}";

    private string Unit =>
        $"""
        [Unit]
        Description={Task}
        {UnitOrder}
        ConditionPathExists={ScriptPath}
        ConditionVirtualization=vm

        [Service]
        Type={UnitType}
        ExecStart={ScriptPath}
        Nice=10
        # The package manager must not be killed in the middle of its work when the guest is shut down.
        TimeoutStopSec=300

        [Install]
        WantedBy=multi-user.target

        """;

    /// <summary>Started in the background, so that the boot goes on.</summary>
    private string InitScript =>
        $"""
        #!/bin/sh
        # chkconfig: 2345 99 01
        # description: {Done}.
        ### BEGIN INIT INFO
        # Provides: {Name}
        # Required-Start: $remote_fs $network
        # Required-Stop: $remote_fs
        # Default-Start: 2 3 4 5
        # Default-Stop: 0 1 6
        # Short-Description: {Task}
        ### END INIT INFO
        case $1 in
            start) [ ! -x {ScriptPath} ] || {ScriptPath} & ;;
        esac
        exit 0

        """;

    private string OpenRcScript =>
        $$"""
        #!/sbin/openrc-run
        description="{{Done}}"
        depend() {
            after net
        }
        start() {
            [ ! -x {{ScriptPath}} ] || {{ScriptPath}} &
            return 0
        }
        stop() {
            return 0
        }

        """;

    /// <summary>Writes the script and enables the service.</summary>
    /// <param name="files">The guest's files.</param>
    /// <param name="script">A POSIX shell script, given the command by which it disables the service.</param>
    /// <param name="what">What the script does, for the record of changes.</param>
    public void Install(GuestEditor files, Func<string, string> script, string what)
    {
        var root = files.Root;
        if (SystemManager.IsSystemd(root))
        {
            WriteScript(files, script($"systemctl disable {Name}.service"), what);
            files.WriteAllText(UnitPath, Unit, "runs the script at boot", Why);
            files.CreateSymbolicLink($"/etc/systemd/system/multi-user.target.wants/{Name}.service", UnitPath, "enables the service", Why);
            return;
        }

        var isOpenRc = root.DirectoryExists("/etc/runlevels/default");
        string[] links = isOpenRc ? [OpenRcLink] : SysVLinks(root);
        WriteScript(files, script($"rm -f {string.Join(' ', links)}"), what);
        files.WriteAllText(InitScriptPath, isOpenRc ? OpenRcScript : InitScript, "runs the script at boot", Why, mode: 0x1ED);
        foreach (var link in links)
        {
            files.CreateSymbolicLink(link, InitScriptPath, "enables the service", Why);
        }
    }

    private void WriteScript(GuestEditor files, string script, string what) =>
        files.WriteAllText(ScriptPath, script, what, Why, mode: 0x1ED /* 0755 */);

    private string[] SysVLinks(GuestRoot root) =>
    [
        .. StartLinkParents.Select(parent => RunLevels.Select(level => $"{parent}/rc{level}.d").Where(root.DirectoryExists).ToArray())
            .FirstOrDefault(d => d.Length > 0, [])
            .Select(directory => $"{directory}/S99{Name}"),
    ];
}
