using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Lets the guest install the QEMU guest agent from its own package sources, on one of the first boots on which it has a network. The
/// service waits beside the boot, not in it, never fails, and disables itself when it is done or has tried often enough.
/// </summary>
public sealed class FirstBootAgent : LinuxStep
{
    private const string ScriptPath = "/usr/local/sbin/v2v-firstboot";

    private const string UnitPath = "/etc/systemd/system/v2v-firstboot.service";

    private const string Why = "With the QEMU guest agent the host can shut the guest down and freeze its file systems for backups.";

    private const string Unit =
        """
        [Unit]
        Description=Install the QEMU guest agent after the conversion to KVM
        Documentation=man:qemu-ga(8)
        # network-online.target is not asked for: waiting for it would hold up the boot. The script waits by itself.
        After=network.target
        ConditionPathExists=/usr/local/sbin/v2v-firstboot
        ConditionVirtualization=vm

        [Service]
        Type=simple
        ExecStart=/usr/local/sbin/v2v-firstboot
        Nice=10
        # dpkg must not be killed in the middle of its work when the guest is shut down.
        TimeoutStopSec=300

        [Install]
        WantedBy=multi-user.target

        """;

    private const string Script =
        """
        #!/bin/sh
        # Installs the QEMU guest agent after the conversion to KVM, once the network is up.
        # It may be deleted together with v2v-firstboot.service. Log: /var/log/v2v-firstboot.log
        umask 022
        PATH=/usr/sbin:/usr/bin:/sbin:/bin
        DEBIAN_FRONTEND=noninteractive
        export PATH DEBIAN_FRONTEND
        package=qemu-guest-agent
        state=/var/lib/v2v-firstboot
        max_boots=5

        exec >>/var/log/v2v-firstboot.log 2>&1 </dev/null
        say() { echo "$(date '+%Y-%m-%d %H:%M:%S') $*"; }

        installed() { dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$'; }

        finish() {
            say "$1"
            rm -rf "$state"
            systemctl disable v2v-firstboot.service
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

        # Only the downloads are limited in time: dpkg itself is never interrupted.
        options='-q -y -o Acquire::Retries=1 -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30 -o DPkg::Lock::Timeout=300'
        say "installing $package (boot $boots of $max_boots)"
        timeout 600 apt-get $options update
        if timeout 600 apt-get $options --no-install-recommends --download-only install "$package"; then
            apt-get $options --no-install-recommends --no-download \
                -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold install "$package"
        fi
        installed && finish "$package has been installed"
        say "$package could not be installed: trying again at the next boot"
        exit 0

        """;

    public override string Name => "Arranging for the guest agent";

    public override bool AppliesTo(InspectedGuest guest) =>
        base.AppliesTo(guest) && LinuxDistribution.IsDebianFamily(guest.OperatingSystem) && !guest.HasPackage("qemu-guest-agent");

    public override void Apply(ConversionContext context)
    {
        if (!SystemManager.IsSystemd(context.Files.Root))
        {
            context.Add(new Concern(
                ConcernSeverity.Information, "GuestAgentMissing", $"{context.Guest.OperatingSystem.ProductName} does not run systemd, so the QEMU guest agent is not installed by itself.",
                "Install qemu-guest-agent by hand if the distribution has it."));
            return;
        }

        context.Files.WriteAllText(ScriptPath, Script, "installs qemu-guest-agent when the network is up", Why, mode: 0x1ED /* 0755 */);
        context.Files.WriteAllText(UnitPath, Unit, "runs the script at boot", Why);
        context.Files.CreateSymbolicLink(
            "/etc/systemd/system/multi-user.target.wants/v2v-firstboot.service", UnitPath, "enables the service", Why);
    }
}
