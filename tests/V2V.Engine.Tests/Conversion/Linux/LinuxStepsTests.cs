using V2V.Engine.Conversion;
using V2V.Engine.Conversion.Linux;
using V2V.Engine.Sources;
using V2V.Engine.Tests.Inspection;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Linux;

public sealed class LinuxStepsTests
{
    [Fact]
    public void A_kernel_with_every_driver_gets_the_best_hardware()
    {
        using var phony = PhonyGuest.Debian12().WithKernel("6.1.0-18-amd64",
            "a/virtio_pci.ko", "a/virtio_blk.ko.xz", "a/virtio_net.ko.zst", "a/virtio-rng.ko", "a/virtio_balloon.ko", "a/pvpanic-mmio.ko", "a/vmw_vsock_virtio_transport.ko");

        var context = phony.Run(new ChooseVirtualHardware());

        var hardware = context.Hardware;
        Assert.Equal((DiskBus.Virtio, NetworkModel.Virtio, "q35", true), (hardware.DiskBus, hardware.NetworkModel, hardware.Machine, hardware.Virtio10));
        Assert.True(hardware.HasRandomGenerator && hardware.HasBalloon && hardware.HasPanicDevice && hardware.HasVsock);
        Assert.Empty(context.Concerns);
    }

    [Theory]
    [InlineData("virtio_pci virtio_scsi sd_mod virtio_net", DiskBus.VirtioScsi, NetworkModel.Virtio, "q35")]
    [InlineData("virtio_blk ahci sd_mod e1000", DiskBus.Sata, NetworkModel.E1000, "q35")]
    [InlineData("ahci e1000", DiskBus.Ide, NetworkModel.E1000, "pc")]
    [InlineData("ata_piix sd_mod", DiskBus.Ide, NetworkModel.Rtl8139, "pc")]
    [Shows("NoVirtioDisk")]
    public void Hardware_is_lowered_to_what_the_kernel_drives(string modules, DiskBus bus, NetworkModel network, string machine)
    {
        using var phony = PhonyGuest.Debian12().WithKernel("6.1.0-18-amd64", [.. modules.Split(' ').Select(m => $"kernel/{m}.ko")]);

        var context = phony.Run(new ChooseVirtualHardware());

        Assert.Equal((bus, network, machine), (context.Hardware.DiskBus, context.Hardware.NetworkModel, context.Hardware.Machine));
        Assert.Equal(bus >= DiskBus.Sata, context.Concerns.Any(c => c.Id == "NoVirtioDisk"));
    }

    [Fact]
    public void What_was_chosen_before_is_never_raised()
    {
        using var phony = PhonyGuest.Debian12();
        var context = phony.Context();
        context.Hardware.DiskBus = DiskBus.Sata;
        context.Hardware.NetworkModel = NetworkModel.E1000;

        new ChooseVirtualHardware().Apply(context);

        Assert.Equal((DiskBus.Sata, NetworkModel.E1000), (context.Hardware.DiskBus, context.Hardware.NetworkModel));
    }

    [Theory]
    [InlineData("3.16.0-4-amd64", false)]
    [InlineData("4.4.0-210-generic", true)]
    [InlineData("6.1.0-18-amd64", true)]
    public void Kernels_before_4_get_transitional_devices(string version, bool knowsVirtio10)
    {
        using var phony = PhonyGuest.Create().WithKernel(version).WithGrub(version);

        Assert.Equal(knowsVirtio10, phony.Run(new ChooseVirtualHardware()).Hardware.Virtio10);
    }

    [Fact]
    public void Uefi_stays_on_q35_even_with_ide()
    {
        using var phony = PhonyGuest.Debian12().WithKernel("6.1.0-18-amd64", "kernel/ata_piix.ko");
        phony.Source = phony.Source with { Firmware = Firmware.Uefi };

        var hardware = phony.Run(new ChooseVirtualHardware()).Hardware;

        Assert.Equal(("q35", Firmware.Uefi), (hardware.Machine, hardware.Firmware));
    }

    [Fact]
    public void Xens_console_becomes_the_serial_port()
    {
        using var phony = PhonyGuest.Debian5();
        phony.Root.With("/etc/securetty", "tty1\nhvc0\nxvc0\n");

        phony.Run(new Consoles());

        Assert.Equal("id:2:initdefault:\n1:2345:respawn:/sbin/getty 38400 tty1\nco:2345:respawn:/sbin/getty 38400 ttyS0\n", phony.Root.Text("/etc/inittab"));
        Assert.Equal("tty1\nttyS0\nxvc0\n", phony.Root.Text("/etc/securetty"));
    }

    [Fact]
    public void Open_vm_tools_checks_for_its_hypervisor_itself_and_is_left_alone()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.With("/lib/systemd/system/open-vm-tools.service", "[Unit]\nConditionVirtualization=vmware\n[Service]\nExecStart=/usr/bin/vmtoolsd\n");

        Assert.Empty(phony.Run(new DisableHypervisorTools()).Changes);
    }

    [Fact]
    public void Tools_that_would_start_anywhere_are_masked()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.With("/lib/systemd/system/vgauth.service", "[Service]\nExecStart=/usr/bin/VGAuthService\n")
            .With("/etc/init.d/vmware-tools", "#!/bin/sh\n", 0x1ED)
            .With("/etc/systemd/system/vboxadd.service", "[Service]\n").WithLink("/etc/systemd/system/multi-user.target.wants/vboxadd.service", "/etc/systemd/system/vboxadd.service");

        phony.Run(new DisableHypervisorTools());

        Assert.Equal("/dev/null", phony.Root.ReadLink("/etc/systemd/system/vgauth.service"));
        Assert.Equal("/dev/null", phony.Root.ReadLink("/etc/systemd/system/vmware-tools.service"));
        Assert.Equal("[Service]\n", phony.Root.Text("/etc/systemd/system/vboxadd.service"));
        Assert.Null(phony.Root.Find("/etc/systemd/system/multi-user.target.wants/vboxadd.service"));
    }

    [Fact]
    public void SysV_guests_lose_the_start_links_of_the_tools_only()
    {
        using var phony = PhonyGuest.Debian5();
        phony.Root.With("/etc/init.d/vmware-tools", "#!/bin/sh\n").WithLink("/etc/rc2.d/S19vmware-tools", "../init.d/vmware-tools")
            .WithLink("/etc/rc0.d/K08vmware-tools", "../init.d/vmware-tools").WithLink("/etc/rc2.d/S20cron", "../init.d/cron");

        phony.Run(new DisableHypervisorTools());

        Assert.Null(phony.Root.Find("/etc/rc2.d/S19vmware-tools"));
        Assert.NotNull(phony.Root.Find("/etc/rc0.d/K08vmware-tools"));
        Assert.NotNull(phony.Root.Find("/etc/rc2.d/S20cron"));
    }

    [Fact]
    public void Start_links_go_wherever_a_distribution_keeps_them()
    {
        using var phony = PhonyGuest.Debian5();
        phony.Root.With("/etc/init.d/vmware-tools", "#!/bin/sh\n").WithLink("/etc/rc.d/rc3.d/S03vmware-tools", "../../init.d/vmware-tools")
            .WithLink("/etc/init.d/rc5.d/S03vmware-tools", "../vmware-tools").WithLink("/etc/runlevels/default/vmware-tools", "/etc/init.d/vmware-tools");

        phony.Run(new DisableHypervisorTools());

        foreach (var path in new[] { "/etc/rc.d/rc3.d/S03vmware-tools", "/etc/init.d/rc5.d/S03vmware-tools", "/etc/runlevels/default/vmware-tools" })
        {
            Assert.Null(phony.Root.Find(path));
        }
    }

    [Fact]
    public void Repositories_of_VMware_are_switched_off_and_others_stay()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.With("/etc/yum.repos.d/tools.repo", "[tools]\nname=Tools\nbaseurl=http://packages.vmware.com/tools/esx/latest/rhel6/x86_64\nenabled = 1\n[base]\nbaseurl=http://mirror.example.org/vmware.com/\nenabled=1\n")
            .With("/etc/zypp/repos.d/tools.repo", "[tools]\nbaseurl=https://packages.vmware.com/x\n")
            .With("/etc/apt/sources.list.d/vmware.list", "deb [arch=amd64] https://packages.vmware.com/packages/ubuntu xenial main\ndeb http://deb.debian.org/debian bookworm main\n");

        phony.Run(new DisableHypervisorTools());

        Assert.Equal("[tools]\nname=Tools\nbaseurl=http://packages.vmware.com/tools/esx/latest/rhel6/x86_64\nenabled = 0\n[base]\nbaseurl=http://mirror.example.org/vmware.com/\nenabled=1\n", phony.Root.Text("/etc/yum.repos.d/tools.repo"));
        Assert.Equal("[tools]\nenabled=0\nbaseurl=https://packages.vmware.com/x\n", phony.Root.Text("/etc/zypp/repos.d/tools.repo"));
        Assert.Equal("# deb [arch=amd64] https://packages.vmware.com/packages/ubuntu xenial main\ndeb http://deb.debian.org/debian bookworm main\n", phony.Root.Text("/etc/apt/sources.list.d/vmware.list"));
        Assert.Empty(phony.Run(new DisableHypervisorTools()).Changes);
    }

    [Fact]
    public void Logins_that_XenServers_tools_commented_out_come_back()
    {
        using var phony = PhonyGuest.Debian5();
        phony.Root.With("/var/lib/dpkg/status", PhonyGuest.Packages(("xe-guest-utilities", "6.2.0")))
            .With("/etc/inittab", "#1:2345:respawn:/sbin/getty 38400 tty1\n#T0:23:respawn:/sbin/getty -L ttyS0 9600 vt100\n# 2 comment\n");
        phony.Run(new DisableHypervisorTools());
        Assert.Equal("1:2345:respawn:/sbin/getty 38400 tty1\n#T0:23:respawn:/sbin/getty -L ttyS0 9600 vt100\n# 2 comment\n", phony.Root.Text("/etc/inittab"));
    }

    [Fact]
    public void Shared_folders_of_the_old_host_are_not_mounted()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.With("/etc/fstab", "UUID=1 / ext4 defaults 0 1\n.host:/ /mnt/hgfs vmhgfs defaults 0 0\nshare /share vboxsf defaults 0 0\n");
        phony.Run(new DisableHypervisorTools());
        Assert.Equal("UUID=1 / ext4 defaults 0 1\n# .host:/ /mnt/hgfs vmhgfs defaults 0 0\n# share /share vboxsf defaults 0 0\n", phony.Root.Text("/etc/fstab"));
    }

    [Fact]
    public void Foreign_modules_are_no_longer_loaded_at_boot()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.With("/etc/modules", "# modules\nloop\nvmw_balloon\nvmw-vmci  # x\n").WithLink("/etc/modules-load.d/modules.conf", "../modules");

        phony.Run(new DropForeignModules());

        Assert.Equal("# modules\nloop\n# vmw_balloon\n# vmw-vmci  # x\n", phony.Root.Text("/etc/modules"));
    }

    [Fact]
    public void Blocks_of_virtio_are_lifted_and_others_stay()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.With("/etc/modprobe.d/local.conf", "blacklist floppy\nblacklist virtio-net # why\ninstall virtio_balloon /bin/true\n");

        Assert.Single(phony.Run(new LiftModuleBlocks()).Changes);

        Assert.Equal("blacklist floppy\n# blacklist virtio-net # why\n# install virtio_balloon /bin/true\n", phony.Root.Text("/etc/modprobe.d/local.conf"));
    }

    [Fact]
    public void Module_aliases_name_the_new_drivers()
    {
        using var phony = PhonyGuest.Debian5();
        phony.Root.With("/etc/modprobe.d/aliases", "alias eth0 vmxnet\nalias scsi_hostadapter mptspi\nalias scsi_hostadapter1 ata_piix\nalias net-pf-10 off\n");

        phony.Run(new ModprobeAliases());

        Assert.Equal("alias eth0 virtio_net\nalias scsi_hostadapter virtio_blk\n# alias scsi_hostadapter1 ata_piix\nalias net-pf-10 off\n", phony.Root.Text("/etc/modprobe.d/aliases"));
    }

    [Fact]
    public void X_gets_a_driver_that_fits_any_display()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.With("/usr/lib/xorg/modules/drivers/modesetting_drv.so", "elf").With("/etc/X11/xorg.conf",
            "Section \"InputDevice\"\n  Driver \"vmmouse\"\nEndSection\nSection \"Device\"\n  Identifier \"Card0\"\n  VendorName \"VMware\"\n  BusID \"PCI:0:15:0\"\n  Driver\t\"vmware\"\nEndSection\nSection \"InputDevice\"\n  Driver \"kbd\"\nEndSection\n");

        phony.Run(new XorgDrivers());

        Assert.Equal(
            "Section \"InputDevice\"\n  Driver \"mouse\"\nEndSection\nSection \"Device\"\n  Identifier \"Card0\"\n  Driver\t\"modesetting\"\nEndSection\nSection \"InputDevice\"\n  Driver \"kbd\"\nEndSection\n",
            phony.Root.Text("/etc/X11/xorg.conf"));
    }

    [Fact]
    public void The_guest_agent_is_arranged_for_by_a_service_that_is_enabled()
    {
        using var phony = PhonyGuest.Debian12();

        phony.Run(new FirstBootAgent());

        Assert.StartsWith("#!/bin/sh\n", phony.Root.Text("/usr/local/sbin/v2v-firstboot"), StringComparison.Ordinal);
        Assert.Equal(0x1ED, phony.Root.Find("/usr/local/sbin/v2v-firstboot")!.Mode);
        Assert.Contains("ExecStart=/usr/local/sbin/v2v-firstboot\n", phony.Root.Text("/etc/systemd/system/v2v-firstboot.service"));
        Assert.Equal("/etc/systemd/system/v2v-firstboot.service", phony.Root.ReadLink("/etc/systemd/system/multi-user.target.wants/v2v-firstboot.service"));
    }

    public static TheoryData<string, string, string> PackageManagers() => new()
    {
        { "/var/lib/dpkg/status", "/usr/bin/apt-get", "apt-get" },
        { "/var/lib/rpm/Packages", "/usr/bin/dnf", "dnf -y" },
        { "/usr/lib/sysimage/rpm/rpmdb.sqlite", "/usr/bin/yum", "yum -y" },
        { "/var/lib/rpm/Packages.db", "/usr/bin/zypper", "zypper --non-interactive install" },
        { "/lib/apk/db/installed", "/sbin/apk", "apk --no-progress add" },
        { "/var/lib/pacman/local/ALPM_DB_VERSION", "/usr/bin/pacman", "pacman -S" },
    };

    [Theory]
    [MemberData(nameof(PackageManagers))]
    public void The_guest_agents_script_is_valid_shell_and_uses_the_guests_own_packages(string database, string program, string command)
    {
        using var phony = PhonyGuest.Create().WithKernel("6.1.0-18-amd64").WithGrub("6.1.0-18-amd64");
        phony.Root.With(database).With(program).With("/lib/systemd/systemd").WithLink("/sbin/init", "/lib/systemd/systemd").With("/etc/os-release", "ID=any\nVERSION_ID=9\n");

        phony.Run(new FirstBootAgent());

        var script = phony.Root.Text("/usr/local/sbin/v2v-firstboot");
        Assert.Contains(command, script);
        Assert.DoesNotContain("@", script.Replace("\"$@\"", "", StringComparison.Ordinal));
        Assert.Equal((0, ""), ExternalTool.RunWithInput(script, "sh", "-n"));
    }

    /// <summary>The script runs, with the package manager and everything else that it calls replaced, as if in a guest.</summary>
    [Theory]
    [InlineData("works", 0, "has been installed")]
    [InlineData("fails", 0, "trying again at the next boot")]
    [InlineData("fails", 5, "giving up after 5 boots")]
    public void The_guest_agents_script_installs_tries_again_and_gives_up(string outcome, int boots, string log)
    {
        using var phony = PhonyGuest.Create().WithKernel("6.1.0-18-amd64").WithGrub("6.1.0-18-amd64");
        phony.Root.With("/var/lib/rpm/Packages").With("/usr/bin/dnf").With("/etc/os-release", "ID=any\nVERSION_ID=9\n").WithDirectory("/etc/rc.d/rc3.d");
        phony.Run(new FirstBootAgent());
        Assert.Equal("/etc/init.d/v2v-firstboot", phony.Root.ReadLink("/etc/rc.d/rc3.d/S99v2v-firstboot"));
        Assert.Equal((0, ""), ExternalTool.RunWithInput(phony.Root.Text("/etc/init.d/v2v-firstboot"), "sh", "-n"));

        var folder = Directory.CreateTempSubdirectory("v2v-agent-").FullName;
        try
        {
            var script = phony.Root.Text("/usr/local/sbin/v2v-firstboot").Replace("/var/", $"{folder}/var/", StringComparison.Ordinal)
                .Replace("/etc/rc.d", $"{folder}/rc.d", StringComparison.Ordinal).Replace("PATH=/usr/sbin", $"PATH={folder}/bin:/usr/sbin", StringComparison.Ordinal)
                .Replace("/run/systemd/system", "/nowhere", StringComparison.Ordinal).Replace("/etc/init.d/", $"{folder}/init.d/", StringComparison.Ordinal);
            File.WriteAllText($"{folder}/script", script);
            var output = ExternalTool.Check("sh", "-ec", $$"""
                cd {{folder}}; mkdir -p bin var/log var/lib/v2v-firstboot rc.d/rc3.d init.d; : > rc.d/rc3.d/S99v2v-firstboot
                [ {{boots}} = 0 ] || echo {{boots}} > var/lib/v2v-firstboot/boots
                printf '#!/bin/sh\ntest -e %s/agent\n' {{folder}} > bin/rpm
                printf '#!/bin/sh\n[ {{outcome}} = fails ] || : > %s/agent\n' {{folder}} > bin/dnf
                printf '#!/bin/sh\necho default\n' > bin/ip
                printf '#!/bin/sh\necho started >> %s/log\n' {{folder}} > init.d/qemu-ga
                chmod +x bin/* init.d/*
                sh script
                cat var/log/v2v-firstboot.log; ls rc.d/rc3.d; cat log 2>/dev/null || true
                """);
            Assert.Contains(log, output);
            Assert.Equal(outcome == "fails" && boots == 0, output.Contains("S99v2v-firstboot", StringComparison.Ordinal));
            Assert.Equal(outcome == "works", output.Contains("started", StringComparison.Ordinal));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Openrc_guests_start_the_agents_service_from_their_run_level()
    {
        using var phony = PhonyGuest.Create().WithKernel("6.1.0-18-amd64").WithGrub("6.1.0-18-amd64");
        phony.Root.With("/lib/apk/db/installed").With("/etc/os-release", "ID=alpine\nVERSION_ID=3.19\n").WithDirectory("/etc/runlevels/default");
        phony.Run(new FirstBootAgent());
        Assert.Equal("/etc/init.d/v2v-firstboot", phony.Root.ReadLink("/etc/runlevels/default/v2v-firstboot"));
        Assert.StartsWith("#!/sbin/openrc-run\n", phony.Root.Text("/etc/init.d/v2v-firstboot"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_guest_that_has_the_agent_or_no_systemd_is_left_alone()
    {
        using var with = PhonyGuest.Debian12();
        with.Root.With("/var/lib/dpkg/status", PhonyGuest.Packages(("qemu-guest-agent", "1:7.2")));
        using var old = PhonyGuest.Debian5();

        Assert.Empty(with.Run(new FirstBootAgent()).Changes);
        var context = old.Run(new FirstBootAgent());
        Assert.Empty(context.Changes);
        Assert.Equal("GuestAgentMissing", Assert.Single(context.Concerns).Id);
    }

    [Fact]
    public void Caches_of_old_disks_are_deleted()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.With("/etc/blkid.tab", "x").With("/etc/lvm/cache/.cache", "x").With("/etc/lvm/lvm.conf", "");

        Assert.Equal(["/etc/blkid.tab", "/etc/lvm/cache/.cache"], phony.Run(new CleanCaches()).Changes.Select(c => c.Path));
        Assert.NotNull(phony.Root.Find("/etc/lvm/lvm.conf"));
    }

    [Theory]
    [InlineData("SELINUX=enforcing\n", false, true)]
    [InlineData("SELINUX=enforcing\n", true, false)]
    [InlineData("SELINUX=disabled\n", false, false)]
    public void Files_without_a_label_ask_for_a_relabel(string configuration, bool hasLabels, bool isAsked)
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.With("/etc/selinux/config", configuration).WithDirectory("/etc/systemd/system").WithDirectory("/usr/local/sbin");
        if (hasLabels)
        {
            phony.Root.SetExtendedAttribute("/etc/systemd/system", "security.selinux", [1]);
            phony.Root.SetExtendedAttribute("/usr/local/sbin", "security.selinux", [1]);
        }

        var context = phony.Context();
        new FirstBootAgent().Apply(context);
        var step = new RequestSELinuxRelabel();
        if (step.AppliesTo(context.Guest))
        {
            step.Apply(context);
        }

        Assert.Equal(isAsked, phony.Root.Find("/.autorelabel") is not null);
    }

    [Theory]
    [InlineData("debian5")]
    [InlineData("debian9")]
    [InlineData("debian12")]
    [InlineData("ubuntu1604")]
    [InlineData("ubuntu2204")]
    public void A_second_conversion_changes_nothing(string name)
    {
        using var phony = name switch
        {
            "debian5" => PhonyGuest.Debian5(),
            "debian9" => PhonyGuest.Debian9(),
            "debian12" => PhonyGuest.Debian12(),
            "ubuntu1604" => PhonyGuest.Ubuntu1604(),
            _ => PhonyGuest.Ubuntu2204(),
        };
        phony.Root.With("/etc/network/interfaces", "iface ens192 inet dhcp\n").With("/etc/modules", "vmw_balloon\n")
            .With("/etc/modprobe.d/x.conf", "alias scsi_hostadapter mptspi\nalias scsi_hostadapter1 ahci\n")
            .With("/etc/initramfs-tools/conf.d/resume", "RESUME=/dev/sda2\n").With("/boot/grub/device.map", "(hd0) /dev/sda\n")
            .With("/lib/systemd/system/vgauth.service", "[Service]\n").With("/etc/blkid.tab", "");

        Assert.NotEmpty(Steps(phony));
        var first = phony.Root.Listing();

        Assert.Empty(Steps(phony));
        Assert.Equal(first, phony.Root.Listing());
        Assert.DoesNotContain(first, line => line.Contains(".v2v-new", StringComparison.Ordinal));
    }

    /// <summary>The steps that edit configuration; those that rewrite an initramfs need a real one.</summary>
    private static IReadOnlyList<ConversionChange> Steps(PhonyGuest phony)
    {
        var context = phony.Context();
        foreach (var step in ConversionSteps.All.Where(s => !s.GetType().Name.Contains("Initramfs", StringComparison.Ordinal) && s.AppliesTo(context.Guest)))
        {
            step.Apply(context);
        }

        return context.Changes;
    }
}
