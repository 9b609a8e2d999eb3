using V2V.Engine.Conversion;
using V2V.Engine.Sources;
using V2V.Engine.Targets;
using Xunit;

namespace V2V.Engine.Tests.Targets.Descriptions;

/// <summary>What the openstack client is called with, compared with its reference, and properties with Glance's "useful image properties".</summary>
public sealed class OpenStackScriptTests
{
    private const string Client = """
        case "$*" in
        	*"volume show"*) echo available ;;
        	*"port create"*01*) echo port-0 ;; *"port create"*) echo port-1 ;;
        	*"volume create"*) echo volume-b ;;
        	*"image create"*sdb*) echo image-b ;; *"image create"*) echo image-a ;;
        esac
        """;

    private static readonly string[] Networks = ["lan", "dmz"];

    [Fact]
    public void Image_volumes_and_ports_are_made_and_the_server_of_them()
    {
        using var guest = Described(Client);
        var (exitCode, output, calls) = guest.Run(guest.File(".sh"), "--flavor", "m1.small", "--key-name", "mine");
        Assert.True(exitCode == 0, output);
        Assert.Equal(
            [
                "network show -f value -c id lan",
                "network show -f value -c id dmz",
                "port create -f value -c id --network lan --mac-address 52:54:00:00:00:01 web-net0",
                "port create -f value -c id --network dmz --mac-address 52:54:00:00:00:02 web-net1",
                $"image create -f value -c id --container-format bare --disk-format qcow2 --file {guest.Folder}/web-sdb.qcow2 web-sdb",
                "volume create -f value -c id --image image-b --size 5 web-sdb",
                "volume show -f value -c status volume-b",
                "image delete image-b",
                $"image create -f value -c id --container-format bare --disk-format qcow2 --file {guest.Folder}/web-sda.qcow2 --min-disk 4 --min-ram 1536 "
                + "--property hypervisor_type=qemu --property architecture=x86_64 --property hw_machine_type=q35 --property hw_disk_bus=scsi --property hw_scsi_model=virtio-scsi --property hw_vif_model=virtio "
                + "--property hw_firmware_type=uefi --property os_secure_boot=required --property hw_tpm_version=2.0 --property hw_tpm_model=tpm-crb "
                + "--property hw_cpu_sockets=2 --property hw_cpu_cores=2 --property hw_cpu_threads=1 --property hw_video_model=vga --property hw_pointer_model=usbtablet "
                + "--property hw_rng_model=virtio --property hw_qemu_guest_agent=yes --property os_type=linux --property os_distro=debian --property os_version=12.5 web",
                "server create --flavor m1.small --image image-a --key-name mine --port port-0 --port port-1 "
                + "--block-device uuid=volume-b,source_type=volume,destination_type=volume web",
            ],
            calls.Select(c => string.Join(' ', c[1..])));
    }

    [Fact]
    public void Without_a_flavour_the_command_is_told()
    {
        using var guest = Described(Client);
        var (_, output, calls) = guest.Run(guest.File(".sh"));
        Assert.DoesNotContain(calls, c => c[1] == "server");
        Assert.Contains("openstack server create --flavor FLAVOR --image image-a --port port-0", output, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_made_goes_when_the_rest_fails()
    {
        using var guest = Described(Client.Replace("echo image-a", "exit 1", StringComparison.Ordinal));
        var (exitCode, _, calls) = guest.Run(guest.File(".sh"));
        Assert.NotEqual(0, exitCode);
        var said = calls.Select(c => string.Join(' ', c[1..])).ToArray();
        Assert.Equal(["port delete port-0", "port delete port-1", "volume delete volume-b"], said[^3..]);
    }

    [Fact]
    public void A_name_that_the_client_takes_for_an_option_is_refused()
    {
        using var target = new Engine.Targets.Directory.DirectoryTarget("/srv", GuestPlatform.OpenStack);
        Assert.Contains(target.Check(new TargetRequest("--help", [])), c => c is { Id: "NameInvalid", Severity: ConcernSeverity.Critical });
        Assert.DoesNotContain(target.Check(new TargetRequest("help", [])), c => c.Id == "NameInvalid");
    }

    private static DescribedGuest Described(string client)
    {
        var domain = DescribedGuest.Guest(
            h => (h.Firmware, h.DiskBus, h.HasRandomGenerator) = (Firmware.Uefi, DiskBus.VirtioScsi, true), s => s with { SecureBoot = true, HasTpm = true }, disks: 2);
        var guest = new DescribedGuest(GuestPlatform.OpenStack, domain with
        {
            OperatingSystem = SampleDomain.Debian with { Version = "12.5" },
            Networks = [.. domain.Networks.Select((n, i) => n with { Name = Networks[i] })],
        });
        guest.Stub("openstack", client);
        return guest;
    }
}
