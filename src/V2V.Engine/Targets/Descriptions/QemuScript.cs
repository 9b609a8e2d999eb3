using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using V2V.Engine.Sources;
using V2V.Engine.Targets.Libvirt;

namespace V2V.Engine.Targets.Descriptions;

/// <summary>
/// A POSIX shell script that starts the guest with QEMU, without libvirt. It finds the disks in its own folder, wherever that is taken to, and asks
/// the host for the rest: KVM, UEFI firmware, bridges, a TPM emulator.
/// </summary>
internal sealed class QemuScript : GuestDescription
{
    public override string Suffix => ".sh";

    public override string Text(DomainDescription domain)
    {
        var script = new StringBuilder();
        script.Append(CultureInfo.InvariantCulture, $"""
            #!/bin/sh
            # Starts the guest {ShellText.Comment(domain.Name)} with QEMU. The disks are looked for in this script's folder.
            #
            # usage: this-script [--serial] [--tcg] [--user] [--] [arguments of QEMU...]
            #   --serial  no window: the guest's first serial port is the terminal (Ctrl-A X ends QEMU)
            #   --tcg     emulate the processor, also where KVM could be used
            #   --user    QEMU's own network for all adapters, also for those on a bridge
            # What follows goes to QEMU: -snapshot tries the guest without changing its disks.

            """);
        script.Append(Adapters(domain)).Append("set -eu\n").Append(Options).Append(QemuProgram(domain)).Append(Processor(domain)).Append(Backend);
        for (var i = 0; i < domain.Networks.Count; i++)
        {
            script.Append(CultureInfo.InvariantCulture, $"net{i}=$(backend net{i} {ShellText.Quote(domain.Networks[i].IsBridge ? domain.Networks[i].Name : "")})\n");
        }

        script.Append(CultureInfo.InvariantCulture, $"machine={ShellText.Quote(Machine(domain))}\n");
        if (domain.Hardware.Firmware == Firmware.Uefi)
        {
            script.Append(Uefi(domain));
        }

        if (domain.Source.HasTpm)
        {
            script.Append(Tpm(domain));
        }

        script.Append(ShellText.Command(["set --", .. QemuArguments.Build(domain), "\"$@\""]));
        script.Append(domain.Source.HasTpm ? "\"$qemu\" \"$@\"\n" : "exec \"$qemu\" \"$@\"\n");
        return script.ToString().ReplaceLineEndings("\n");
    }

    private static string Machine(DomainDescription domain) => DomainXml.IsX86(domain) ? $"{domain.Hardware.Machine},vmport=off" : "virt";

    private static string Adapters(DomainDescription domain)
    {
        var text = new StringBuilder();
        foreach (var network in domain.Networks)
        {
            text.Append(CultureInfo.InvariantCulture, $"# Adapter {network.MacAddress}: {(network.IsBridge ? "bridge" : "network")} {ShellText.Comment(network.Name)}\n");
        }

        return text.Append("""
            # An adapter on a bridge is connected by qemu-bridge-helper, which needs the line 'allow NAME' in /etc/qemu/bridge.conf. All others, and those
            # whose bridge this host does not have, are on QEMU's own network: they reach the world by NAT, and nobody reaches them.

            """).ToString();
    }

    private const string Options = """
        dir=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
        # In QEMU's options a comma separates; two are one.
        escape() { printf '%s' "$1" | sed 's/,/,,/g'; }
        here=$(escape "$dir")
        fail() { printf '%s: %s\n' "${0##*/}" "$1" >&2; exit 1; }
        serial='' accel='' user=''
        while [ $# -gt 0 ]; do
        	case $1 in
        		--serial) serial=yes ;;
        		--tcg) accel=tcg ;;
        		--user) user=yes ;;
        		--) shift; break ;;
        		*) break ;;
        	esac
        	shift
        done
        if [ -n "$serial" ]; then
        	set -- -display none -serial mon:stdio "$@"
        elif [ "$(uname -s)" = Linux ] && [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
        	echo "There is no display: the guest's screen is shown by VNC, on the first free port of localhost from 5900 on." >&2
        	set -- -vnc localhost:0,to=99 -serial vc "$@"
        else
        	set -- -serial vc "$@"
        fi

        """;

    private const string Backend = """
        # backend ID BRIDGE: what an adapter is connected to
        backend() {
        	if [ -z "$user" ] && [ -n "$2" ]; then
        		if [ -d "/sys/class/net/$2/bridge" ]; then
        			printf 'bridge,id=%s,br=%s' "$1" "$(escape "$2")"
        			return
        		fi
        		printf '%s: this host has no bridge %s: the adapter is on a network of QEMU.\n' "${0##*/}" "$2" >&2
        	fi
        	printf 'user,id=%s' "$1"
        }

        """;

    private static string QemuProgram(DomainDescription domain) => $"""
        qemu=$(command -v qemu-system-{DomainXml.Architecture(domain)} || true)
        if [ -z "$qemu" ] && [ -x /usr/libexec/qemu-kvm ]; then qemu=/usr/libexec/qemu-kvm; fi
        [ -n "$qemu" ] || fail 'qemu-system-{DomainXml.Architecture(domain)} is not installed'

        """;

    /// <summary>The part of Hyper-V can only be played by KVM.</summary>
    private static string Processor(DomainDescription domain) => $$"""
        if [ -z "$accel" ]; then
        	accel=tcg
        	if [ "$(uname -m)" = {{DomainXml.Architecture(domain)}} ] && [ -r /dev/kvm ] && [ -w /dev/kvm ]; then accel=kvm; fi
        fi
        cpu=max
        if [ "$accel" = kvm ]; then cpu=host{{QemuArguments.HyperV(domain)}}; fi

        """;

    /// <summary>
    /// Firmware and an empty NVRAM that belongs to it, under the names that distributions give them; the guest writes to a copy of the latter. Builds
    /// differ in the size of the NVRAM, so a copy that is there already decides.
    /// </summary>
    private static string Uefi(DomainDescription domain)
    {
        var nvram = ShellText.Quote($"/{domain.Name}-vars.fd");
        var escaped = ShellText.Quote($"/{QemuArguments.Escape(domain.Name)}-vars.fd,if=pflash,unit=1,format=raw");
        var secure = domain.Source.SecureBoot && DomainXml.IsX86(domain);
        var package = DomainXml.IsX86(domain) ? "ovmf on Debian and SUSE, edk2-ovmf on Fedora and Arch" : "qemu-efi-aarch64 on Debian, edk2-aarch64 on Fedora";
        return $$"""
            nvram=$dir{{nvram}}
            code=''
            while read -r file template; do
            	if [ ! -r "$file" ] || [ ! -r "$template" ]; then continue; fi
            	if [ -e "$nvram" ] && [ "$(wc -c <"$nvram")" -ne "$(wc -c <"$template")" ]; then continue; fi
            	code=$file
            	break
            done <<'END'
            {{string.Join('\n', secure ? UefiFirmware.Secure : DomainXml.IsX86(domain) ? UefiFirmware.X86 : UefiFirmware.Arm)}}
            END
            [ -n "$code" ] || fail 'no {{(secure ? "UEFI firmware with secure boot and its keys" : "UEFI firmware")}} was found that fits; its package is {{package}}'
            if [ ! -e "$nvram" ]; then
            	cp -- "$template" "$nvram.part"
            	chmod u+w -- "$nvram.part"
            	mv -- "$nvram.part" "$nvram"
            fi
            case $code in
            	# These builds keep their variables from the system's reach by the processor's management mode.
            	*secboot*|*.ms.*|*-smm-*) machine=$machine,smm=on; set -- -global driver=cfi.pflash01,property=secure,value=on "$@" ;;
            esac
            set -- -drive "if=pflash,unit=0,format=raw,readonly=on,file=$code" -drive "file=$here"{{escaped}} "$@"

            """;
    }

    /// <summary>
    /// swtpm's options know no escape for a comma, so its files have plain names: the state beside the disks is reached through a link, since
    /// the path of a socket is also limited to 107 bytes (unix(7)).
    /// </summary>
    private static string Tpm(DomainDescription domain)
    {
        var state = ShellText.Quote($"/{domain.Name}-tpm");
        return $$"""
            command -v swtpm >/dev/null || fail 'the guest has a TPM, which the program swtpm emulates; it is not installed (package swtpm, swtpm-tools)'
            mkdir -p -- "$dir"{{state}}
            run=$(mktemp -d /tmp/{{Token(domain.Name)}}.XXXXXX)
            swtpm=''
            trap 'kill "$swtpm" 2>/dev/null || true; rm -rf -- "$run"' EXIT
            ln -s -- "$dir"{{state}} "$run/state"
            swtpm socket --tpm2 --tpmstate "dir=$run/state" --ctrl "type=unixio,path=$run/sock" --terminate &
            swtpm=$!
            for _ in 1 2 3 4 5 6 7 8 9 10; do
            	[ ! -S "$run/sock" ] || break
            	sleep 1
            done
            [ -S "$run/sock" ] || fail 'swtpm does not start'
            set -- -chardev "socket,id=tpm,path=$run/sock" -tpmdev emulator,id=tpm0,chardev=tpm -device tpm-crb,tpmdev=tpm0 "$@"

            """;
    }

    /// <summary>A name of letters and digits that tells the guest from others.</summary>
    private static string Token(string name) => "v2v-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..8];
}
