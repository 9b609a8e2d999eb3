using System.Globalization;
using System.Text;

namespace V2V.Engine.Targets.Descriptions;

/// <summary>
/// A script that makes of a folder what a server needs: an image of the boot disk, volumes of the others, a port with each adapter's address. What it
/// made it removes when it cannot make the rest.
/// </summary>
internal sealed class OpenStackScript : GuestDescription
{
    public override string Suffix => "-openstack.sh";

    /// <summary>The client would take such a name for an option.</summary>
    public override IEnumerable<Concern> CheckName(string name) =>
        name.StartsWith('-') ? [PlatformLimits.InvalidName(name, "OpenStack's client", "it begins with '-'")] : [];

    public override IEnumerable<Concern> Check(DomainDescription domain) =>
        domain.Networks.Select(n => n.Name).Where(n => n.Length == 0 || n.StartsWith('-') || n.Any(char.IsControl)).Distinct().Select(n => new Concern(
            ConcernSeverity.Critical, "NetworkInvalid", $"OpenStack's client takes no network of the name \"{n}\".",
            "Say with -Network, -NetworkMap or -MacMap which network of OpenStack each adapter is connected to."));

    public override string Text(DomainDescription domain)
    {
        var boot = domain.BootDiskIndex;
        var script = new StringBuilder();
        script.Append(CultureInfo.InvariantCulture, $$"""
            #!/bin/sh
            # Makes an image, volumes and ports for the guest {{ShellText.Comment(domain.Name)}} in the project that the openstack client is logged in to.
            #
            # usage: this-script [--flavor FLAVOR] [arguments of openstack server create...]
            # With a flavour it makes the server too, else it says how. The guest had {{domain.Source.CpuCount}} CPU, {{domain.Source.MemoryMiB}} MiB of memory and a boot disk of {{GiB(Capacity(domain, boot))}} GiB.
            set -eu
            dir=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
            command -v openstack >/dev/null || { echo 'openstack (python-openstackclient) is not installed' >&2; exit 1; }
            flavor=''
            if [ "${1:-}" = --flavor ]; then
            	flavor=${2:?--flavor needs a flavour}
            	shift 2
            fi
            images='' volumes='' ports=''
            undo() {
            	status=$?
            	trap - EXIT
            	[ "$status" -ne 0 ] || exit 0
            	echo 'Removing what was made.' >&2
            	for id in $ports; do openstack port delete "$id" || true; done
            	for id in $volumes; do openstack volume delete "$id" || true; done
            	for id in $images; do openstack image delete "$id" || true; done
            	exit "$status"
            }
            trap undo EXIT
            trap 'exit 130' INT TERM

            """);
        foreach (var network in domain.Networks.Select(n => n.Name).Distinct())
        {
            script.Append(CultureInfo.InvariantCulture, $"openstack network show -f value -c id {ShellText.Quote(network)} >/dev/null\n");
        }

        for (var i = 0; i < domain.Networks.Count; i++)
        {
            var network = domain.Networks[i];
            script.Append(CultureInfo.InvariantCulture, $$"""
                id=$(openstack port create -f value -c id --network {{ShellText.Quote(network.Name)}} --mac-address {{ShellText.Quote(network.MacAddress)}} {{ShellText.Quote(string.Create(CultureInfo.InvariantCulture, $"{domain.Name}-net{i}"))}})
                ports="$ports $id"
                set -- "$@" --port "$id"

                """);
        }

        for (var i = 0; i < domain.Disks.Count; i++)
        {
            if (i != boot)
            {
                script.Append(DataDisk(domain, i));
            }
        }

        script.Append(BootDisk(domain)).Append(CultureInfo.InvariantCulture, $$"""
            set -- --image "$id" "$@"
            if [ -n "$flavor" ]; then
            	openstack server create --flavor "$flavor" "$@" {{ShellText.Quote(domain.Name)}}
            else
            	printf 'Make the server with:\nopenstack server create --flavor FLAVOR'
            	printf ' %s' "$@" {{ShellText.Quote(ShellText.Quote(domain.Name))}}
            	echo
            fi

            """);
        return script.ToString().ReplaceLineEndings("\n");
    }

    /// <summary>Cinder makes volumes of images; the image is removed when that has been done.</summary>
    private static string DataDisk(DomainDescription domain, int disk)
    {
        var name = ShellText.Quote($"{domain.Name}-sd{TargetNames.Letters(disk)}");
        return string.Create(CultureInfo.InvariantCulture, $$"""
            image=$({{Image(domain, disk)}} {{name}})
            images="$images $image"
            id=$(openstack volume create -f value -c id --image "$image" --size {{GiB(Capacity(domain, disk))}} {{name}})
            volumes="$volumes $id"
            while :; do
            	status=$(openstack volume show -f value -c status "$id")
            	case $status in
            		available) break ;;
            		error*) echo "The volume $id ended in the state $status." >&2; exit 1 ;;
            	esac
            	sleep 5
            done
            openstack image delete "$image"
            images=${images%" $image"}
            set -- "$@" --block-device "uuid=$id,source_type=volume,destination_type=volume"

            """);
    }

    private static string BootDisk(DomainDescription domain) => string.Create(CultureInfo.InvariantCulture, $$"""
        properties() {
        	while IFS= read -r line; do
        		case $line in
        			''|'#'*) ;;
        			*) set -- "$@" --property "$line" ;;
        		esac
        	done <"$dir"{{ShellText.Quote($"/{domain.Name}{OpenStackProperties.FileSuffix}")}}
        	{{Image(domain, domain.BootDiskIndex)}} --min-disk {{GiB(Capacity(domain, domain.BootDiskIndex))}} --min-ram {{domain.Source.MemoryMiB}} "$@" {{ShellText.Quote(domain.Name)}}
        }
        id=$(properties)
        images="$images $id"

        """);

    private static string Image(DomainDescription domain, int disk) =>
        $"openstack image create -f value -c id --container-format bare --disk-format {(domain.Disks[disk].Format == ImageFormat.Qcow2 ? "qcow2" : "raw")} "
        + $"--file \"$dir\"{ShellText.Quote("/" + FileName(domain.Disks[disk]))}";

    private static long Capacity(DomainDescription domain, int disk) => domain.Source.Disks[disk].Capacity;
}
