using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Lets the guest install the QEMU guest agent from its own package sources, on one of the first boots on which it has a network. The
/// service waits beside the boot, not in it, never fails, and disables itself when it is done or has tried often enough.
/// </summary>
public sealed class FirstBootAgent : LinuxStep
{
    private const string Package = "qemu-guest-agent";

    private const string Why = "With the QEMU guest agent the host can shut the guest down and freeze its file systems for backups.";

    private static readonly FirstBootService Service = new(
        "v2v-firstboot", "Install the QEMU guest agent after the conversion to KVM", "Installs the QEMU guest agent after the conversion to KVM", Why)
    {
        UnitOrder =
            """
            Documentation=man:qemu-ga(8)
            # network-online.target is not asked for: waiting for it would hold up the boot. The script waits by itself.
            After=network.target
            """,
    };

    private const string Script =
        """
        #!/bin/sh
        # Installs the QEMU guest agent after the conversion to KVM, once the network is up.
        # It may be deleted together with the service of its name. Log: /var/log/v2v-firstboot.log
        umask 022
        PATH=/usr/sbin:/usr/bin:/sbin:/bin
        export PATH
        package=qemu-guest-agent
        state=/var/lib/v2v-firstboot
        max_boots=5

        exec >>/var/log/v2v-firstboot.log 2>&1 </dev/null
        say() { echo "$(date '+%Y-%m-%d %H:%M:%S') $*"; }

        installed() {
            @INSTALLED@
        }

        install() {
            @INSTALL@
        }

        # Whichever of these the guest has; a service that udev or the package starts itself is running already.
        start_agent() {
            if command -v systemctl >/dev/null 2>&1 && [ -d /run/systemd/system ]; then
                systemctl enable qemu-guest-agent.service
                systemctl start qemu-guest-agent.service
            elif command -v rc-update >/dev/null 2>&1; then
                rc-update add qemu-guest-agent default
                rc-service qemu-guest-agent start
            else
                for service in qemu-ga qemu-guest-agent; do
                    [ -x "/etc/init.d/$service" ] || continue
                    ! command -v chkconfig >/dev/null 2>&1 || chkconfig "$service" on
                    "/etc/init.d/$service" start
                done
            fi
        }

        finish() {
            say "$1"
            rm -rf "$state"
            @DISABLE@
            exit 0
        }

        installed && finish "$package is installed"

        boots=$(cat "$state/boots" 2>/dev/null)
        case $boots in '' | *[!0-9]*) boots=0 ;; esac
        boots=$((boots + 1))
        [ "$boots" -le "$max_boots" ] || finish "giving up after $max_boots boots: install $package by hand"
        mkdir -p "$state" && echo "$boots" >"$state/boots"

        seconds=0
        until [ -n "$(ip route show default 2>/dev/null)$(ip -6 route show default 2>/dev/null)" ]; do
            if [ "$seconds" -ge 180 ]; then
                say "no network within $seconds seconds: trying again at the next boot ($boots of $max_boots)"
                exit 0
            fi
            sleep 5
            seconds=$((seconds + 5))
        done

        say "installing $package (boot $boots of $max_boots)"
        install
        if installed; then
            start_agent
            finish "$package has been installed"
        fi
        say "$package could not be installed: trying again at the next boot"
        exit 0

        """;

    public override string Name => "Arranging for the guest agent";

    public override bool AppliesTo(InspectedGuest guest) => base.AppliesTo(guest) && !guest.HasPackage(Package);

    public override void Apply(ConversionContext context)
    {
        var root = context.Files.Root;
        if (root.FileExists("/usr/bin/qemu-ga") || root.FileExists("/usr/sbin/qemu-ga"))
        {
            return;
        }

        if (IsWithoutPackage(context.Guest.OperatingSystem) || GuestPackageManager.Find(root, context.Guest.OperatingSystem) is not { } manager)
        {
            context.Add(new Concern(
                ConcernSeverity.Information, "GuestAgentMissing", $"{context.Guest.OperatingSystem.ProductName} has no package of the QEMU guest agent that could be installed by itself.",
                "Install the QEMU guest agent by hand if there is one for the distribution."));
            return;
        }

        var script = Script.Replace("@INSTALLED@", manager.Installed, StringComparison.Ordinal).Replace("@INSTALL@", manager.Install, StringComparison.Ordinal);
        Service.Install(context.Files, disable => script.Replace("@DISABLE@", disable, StringComparison.Ordinal), $"installs {Package} when the network is up");
    }

    /// <summary>Distributions from before the agent (2011): their sources are closed, and never had it.</summary>
    private static bool IsWithoutPackage(OperatingSystemInfo system) => system switch
    {
        { Distribution: "rhel" or "centos" or "ol" or "scientific", MajorVersion: > 0 and < 6 } => true,
        { Distribution: "sles" or "sled", MajorVersion: > 0 and < 11 } => true,
        { Distribution: "debian", MajorVersion: > 0 and < 7 } => true,
        { Distribution: "ubuntu", MajorVersion: > 0 and < 12 } => true,
        _ => false,
    };
}
