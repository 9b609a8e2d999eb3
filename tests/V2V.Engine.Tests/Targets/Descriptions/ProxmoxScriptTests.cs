using V2V.Engine.Conversion;
using V2V.Engine.Sources;
using V2V.Engine.Targets;
using Xunit;

namespace V2V.Engine.Tests.Targets.Descriptions;

/// <summary>What <c>qm</c> is called with, compared with qm(1) of Proxmox VE 8.</summary>
public sealed class ProxmoxScriptTests
{
    [Fact]
    public void A_Linux_guest_is_made_by_one_call()
    {
        using var guest = Described(DescribedGuest.Guest(h => h.HasRandomGenerator = true, disks: 2) with { BootDiskIndex = 1 });
        Assert.Equal(
            $"create 107 --name web --ostype l26 --memory 1536 --cpu host --sockets 2 --cores 2 --machine q35 --localtime 0 --vga std --serial0 socket --agent 1 "
            + $"--bios seabios --rng0 source=/dev/urandom --balloon 0 --virtio0 fast:0,import-from={guest.Folder}/web-sda.qcow2,discard=on "
            + $"--virtio1 fast:0,import-from={guest.Folder}/web-sdb.qcow2,discard=on --boot order=virtio1;virtio0 "
            + "--net0 virtio=52:54:00:00:00:01,bridge=vmbr0 --net1 virtio=52:54:00:00:00:02,bridge=br0 --onboot 1",
            Create(guest, "107", "fast", "--onboot", "1"));
        Assert.Contains("--net0 virtio=52:54:00:00:00:01,bridge=lan0", Create(guest, "--bridge", "lan0", "107", "fast"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_Windows_guest_has_its_firmware_TPM_and_clock()
    {
        var id = Guid.NewGuid();
        var domain = DescribedGuest.Guest(
            h => (h.Firmware, h.ClockIsLocalTime, h.DiskBus, h.HasBalloon, h.NetworkModel) = (Firmware.Uefi, true, DiskBus.VirtioScsi, true, NetworkModel.E1000e),
            s => s with { SecureBoot = true, HasTpm = true, GenerationId = id, CpuTopology = new CpuTopology(1, 2, 2), RemovableDrives = [new(RemovableDriveKind.CdRom, DiskController.Sata)] });
        using var guest = Described(domain with { OperatingSystem = SampleDomain.Windows });
        Assert.Equal(
            $"create 107 --name web --ostype win11 --memory 1536 --cpu host --sockets 1 --cores 4 --machine q35 --localtime 1 --vga std --serial0 socket --agent 1 "
            + $"--vmgenid {id} --bios ovmf --efidisk0 fast:1,efitype=4m,pre-enrolled-keys=1 --tpmstate0 fast:1,version=v2.0 --scsihw virtio-scsi-single "
            + $"--scsi0 fast:0,import-from={guest.Folder}/web-sda.qcow2,discard=on --ide2 none,media=cdrom --boot order=scsi0 "
            + "--net0 e1000e=52:54:00:00:00:01,bridge=vmbr0 --net1 e1000e=52:54:00:00:00:02,bridge=br0",
            Create(guest, "107", "fast"));
    }

    [Theory]
    [InlineData("is no VMID", "10x", "fast")]
    [InlineData("usage", "107")]
    [InlineData("there is a guest 106 already", "106", "fast")]
    public void Nothing_is_made_when_the_arguments_cannot_be_right(string expected, params string[] arguments)
    {
        using var guest = Described(DescribedGuest.Guest());
        var (exitCode, output, calls) = guest.Run(guest.File("-qm.sh"), arguments);
        Assert.NotEqual(0, exitCode);
        Assert.Contains(expected, output, StringComparison.Ordinal);
        Assert.DoesNotContain(calls, c => c.Contains("create"));
    }

    private static DescribedGuest Described(DomainDescription domain)
    {
        var guest = new DescribedGuest(GuestPlatform.Proxmox, domain);
        guest.Stub("qm", "case $* in 'status 106' | create*) exit 0 ;; *) exit 2 ;; esac");
        return guest;
    }

    private static string Create(DescribedGuest guest, params string[] arguments)
    {
        var (exitCode, output, calls) = guest.Run(guest.File("-qm.sh"), arguments);
        Assert.True(exitCode == 0, output);
        return string.Join(' ', Assert.Single(calls, c => c[1] == "create")[1..]);
    }
}
