using V2V.Engine.Conversion;
using V2V.Engine.Sources;
using V2V.Engine.Targets;
using Xunit;

namespace V2V.Engine.Tests.Targets.Descriptions;

/// <summary>QEMU itself says whether it takes what the script gives it: the machine is made, and its processors are never started.</summary>
public sealed class QemuScriptTests
{
    public static TheoryData<DiskBus, NetworkModel, string, int> Machines => new()
    {
        { DiskBus.Virtio, NetworkModel.Virtio, "q35", 2 },
        { DiskBus.Virtio, NetworkModel.Virtio, "q35", 30 },
        { DiskBus.Virtio, NetworkModel.E1000, "pc", 9 },
        { DiskBus.VirtioScsi, NetworkModel.E1000e, "q35", 20 },
        { DiskBus.Sata, NetworkModel.Rtl8139, "q35", 8 },
        { DiskBus.Sata, NetworkModel.E1000, "pc", 2 },
        { DiskBus.Ide, NetworkModel.Rtl8139, "pc", 3 },
        { DiskBus.Pvscsi, NetworkModel.Vmxnet3, "q35", 9 },
        { DiskBus.LsiSas, NetworkModel.E1000, "q35", 9 },
    };

    [Theory]
    [MemberData(nameof(Machines))]
    public void QEMU_makes_every_machine(DiskBus bus, NetworkModel network, string machine, int disks)
    {
        var domain = DescribedGuest.Guest(
            h =>
            {
                (h.DiskBus, h.NetworkModel, h.Machine) = (bus, network, machine);
                h.HasBalloon = h.HasPanicDevice = h.HasRandomGenerator = true;
            },
            s => s with
            {
                GenerationId = Guid.NewGuid(),
                MemoryMiB = 64,
                RemovableDrives = [new(RemovableDriveKind.CdRom, DiskController.Ide), new(RemovableDriveKind.Floppy, DiskController.Unknown)],
            },
            disks);
        using var guest = new DescribedGuest(GuestPlatform.Libvirt, domain);
        var said = Ask(guest, "info block\ninfo network\ninfo cpus\n");
        for (var i = 0; i < disks; i++)
        {
            Assert.Contains($"disk{i} ", said, StringComparison.Ordinal);
        }

        Assert.Equal(disks, said.Split($"{guest.Folder}/web-sd").Length - 1);
        Assert.Contains("macaddr=52:54:00:00:00:01", said, StringComparison.Ordinal);
        Assert.Contains("macaddr=52:54:00:00:00:02", said, StringComparison.Ordinal);
        Assert.Contains("CPU #3", said, StringComparison.Ordinal);
        Assert.Contains("no bridge br0", said, StringComparison.Ordinal);
    }

    [Fact]
    public void A_guest_with_UEFI_has_an_NVRAM_of_its_own_that_stays()
    {
        Assert.SkipUnless(File.Exists("/usr/share/OVMF/OVMF_VARS_4M.fd"), "needs OVMF");
        using var guest = new DescribedGuest(GuestPlatform.Libvirt, DescribedGuest.Guest(h => h.Firmware = Firmware.Uefi, s => s with { MemoryMiB = 64 }, name: "we, b"));
        var nvram = Path.Combine(guest.Folder, "we, b-vars.fd");
        Assert.Contains("pflash", Ask(guest, "info block\n"), StringComparison.Ordinal);
        Assert.Equal(new FileInfo("/usr/share/OVMF/OVMF_VARS_4M.fd").Length, new FileInfo(nvram).Length);

        File.SetLastWriteTimeUtc(nvram, DateTime.UnixEpoch);
        using (var stream = File.OpenWrite(nvram))
        {
            stream.WriteByte(0x42);
        }

        Ask(guest, "");
        using var kept = File.OpenRead(nvram);
        Assert.Equal(0x42, kept.ReadByte());
    }

    [Fact]
    public void Windows_with_secure_boot_and_TPM_has_both()
    {
        Assert.SkipUnless(File.Exists("/usr/share/OVMF/OVMF_VARS_4M.ms.fd"), "needs OVMF with keys");
        ExternalTool.Need("swtpm");
        var domain = DescribedGuest.Guest(
            h => (h.Firmware, h.ClockIsLocalTime) = (Firmware.Uefi, true), s => s with { SecureBoot = true, HasTpm = true, MemoryMiB = 64 }, name: "win, 11");
        using var guest = new DescribedGuest(GuestPlatform.Libvirt, domain with { OperatingSystem = SampleDomain.Windows }, folder: new string('d', 120));
        var said = Ask(guest, "info tpm\ninfo qtree\n");
        Assert.Contains("tpm-crb", said, StringComparison.Ordinal);
        Assert.Contains("secure = true", said, StringComparison.Ordinal);
        Assert.NotEmpty(Directory.GetFileSystemEntries(Path.Combine(guest.Folder, "win, 11-tpm")));
    }

    [Fact]
    public void What_is_missing_is_told_by_name()
    {
        using var guest = new DescribedGuest(GuestPlatform.Libvirt, DescribedGuest.Guest(source: s => s with { HasTpm = true }));
        var script = guest.File(".sh");
        foreach (var program in new[] { "dirname", "sed", "uname", "cat" })
        {
            guest.Stub(program, $"exec {ExternalTool.Find(program)} \"$@\"");
        }

        string[] only = ["env", "-u", "PATH", $"PATH={Path.Combine(Path.GetDirectoryName(guest.Folder)!, "bin")}", "/bin/sh", script];
        Assert.Contains("qemu-system-x86_64 is not installed", guest.Run(only[0], only[1..]).Output, StringComparison.Ordinal);
        guest.Stub("qemu-system-x86_64");
        var (exitCode, output, calls) = guest.Run(only[0], only[1..]);
        Assert.NotEqual(0, exitCode);
        Assert.Contains("swtpm emulates; it is not installed", output, StringComparison.Ordinal);
        Assert.DoesNotContain(calls, c => c[0] == "qemu-system-x86_64");
    }

    [Fact]
    public void The_last_word_is_the_users()
    {
        using var guest = new DescribedGuest(GuestPlatform.Libvirt, DescribedGuest.Guest());
        guest.Stub("qemu-system-x86_64");
        var call = Assert.Single(guest.Run(guest.File(".sh"), "--serial", "--tcg", "--user", "-m", "1 G").Calls, c => c[0] == "qemu-system-x86_64");
        Assert.Equal(["-m", "1 G"], call[^2..]);
        Assert.Equal("tcg", call[Array.IndexOf(call, "-accel") + 1]);
        Assert.Equal("max", call[Array.IndexOf(call, "-cpu") + 1]);
        Assert.Contains("user,id=net1", call);
    }

    [Fact]
    public void A_guest_without_a_boot_loader_starts_its_kernel()
    {
        using var guest = new DescribedGuest(
            GuestPlatform.Libvirt, DescribedGuest.Guest() with { DirectBoot = new DomainDirectBoot("/x/web-vmlinuz", "/x/web-initrd", "root=UUID=1 it's=\"$HOME\"") });
        guest.Stub("qemu-system-x86_64");
        var call = Assert.Single(guest.Run(guest.File(".sh"), "--serial").Calls, c => c[0] == "qemu-system-x86_64");
        Assert.Equal(
            ["-kernel", $"{guest.Folder}/web-vmlinuz", "-initrd", $"{guest.Folder}/web-initrd", "-append", "root=UUID=1 it's=\"$HOME\""],
            call.SkipWhile(word => word != "-kernel").Take(6));
    }

    /// <summary>Starts the script with a monitor, and asks it.</summary>
    private static string Ask(DescribedGuest guest, string commands)
    {
        ExternalTool.Need("qemu-system-x86_64");
        var (exitCode, output) = ExternalTool.RunWithInput(
            commands + "quit\n", "env", "-C", "/", "DISPLAY=none", guest.File(".sh"), "--tcg", "-S", "-display", "none", "-monitor", "stdio");
        Assert.True(exitCode == 0, output);
        return output;
    }
}
