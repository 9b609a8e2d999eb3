using V2V.Engine.Conversion.Linux;
using V2V.Engine.Sources;
using V2V.Engine.Tests.Inspection;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Linux;

public sealed class StableNetworkNamesTests
{
    private const string Rules = "/etc/udev/rules.d/70-v2v-persistent-net.rules";

    private const string TwoInterfaces =
        "auto lo\niface lo inet loopback\n\nallow-hotplug ens192\niface ens192 inet dhcp\n\nallow-hotplug ens224\niface ens224 inet static\n\taddress 192.0.2.10/24\n";

    [Fact]
    public void Vmwares_slot_numbers_decide_whatever_the_order_of_the_adapters()
    {
        using var phony = PhonyGuest.Debian12().WithAdapters(Adapter(PhonyGuest.Mac2, 224), Adapter(PhonyGuest.Mac1, 192));
        phony.Root.With("/etc/network/interfaces", TwoInterfaces);

        var context = phony.Run(new StableNetworkNames());

        Assert.Equal(
            $"# Written by V2V: the name that this adapter had before the conversion to KVM.\n[Match]\nMACAddress={PhonyGuest.Mac1}\nType=ether\n\n[Link]\nName=ens192\n",
            phony.Root.Text("/etc/systemd/network/10-v2v-ens192.link"));
        Assert.Contains($"MACAddress={PhonyGuest.Mac2}\n", phony.Root.Text("/etc/systemd/network/10-v2v-ens224.link"));
        Assert.Equal(TwoInterfaces, phony.Root.Text("/etc/network/interfaces"));
        Assert.Empty(context.Concerns);
    }

    [Fact]
    public void Slots_behind_a_bridges_next_function_are_understood()
    {
        using var phony = PhonyGuest.Debian12().WithAdapters(Adapter(PhonyGuest.Mac1, 1184), Adapter(PhonyGuest.Mac2, 160));
        phony.Root.With("/etc/network/interfaces", "iface ens160 inet dhcp\niface ens161 inet dhcp\n");

        phony.Run(new StableNetworkNames());

        Assert.Contains(PhonyGuest.Mac1, phony.Root.Text("/etc/systemd/network/10-v2v-ens161.link"));
        Assert.Contains(PhonyGuest.Mac2, phony.Root.Text("/etc/systemd/network/10-v2v-ens160.link"));
    }

    [Fact]
    public void One_name_and_one_adapter_belong_together()
    {
        using var phony = PhonyGuest.Ubuntu2204().WithAdapters(Adapter(PhonyGuest.Mac1, null));
        phony.Root.With("/etc/netplan/00-installer-config.yaml",
            "# This is the network config written by 'subiquity'\nnetwork:\n  ethernets:\n    ens160:\n      addresses:\n      - 192.0.2.5/24\n      nameservers:\n        addresses: [192.0.2.1]\n  version: 2\n");

        var context = phony.Run(new StableNetworkNames());

        Assert.Contains(PhonyGuest.Mac1, phony.Root.Text("/etc/systemd/network/10-v2v-ens160.link"));
        Assert.Empty(context.Concerns);
    }

    [Fact]
    [Shows("InterfaceMatchedByOrder")]
    public void As_many_names_as_adapters_are_matched_by_order_with_a_warning()
    {
        using var phony = PhonyGuest.Debian12().WithAdapters(Adapter(PhonyGuest.Mac1, null), Adapter(PhonyGuest.Mac2, null));
        phony.Root.With("/etc/network/interfaces", "iface ens161 inet dhcp\niface ens256 inet static\n address 192.0.2.7\n");

        var context = phony.Run(new StableNetworkNames());

        // Function 0 of each bridge is filled before function 1: ens256 comes before ens161.
        Assert.Contains(PhonyGuest.Mac1, phony.Root.Text("/etc/systemd/network/10-v2v-ens256.link"));
        Assert.Contains(PhonyGuest.Mac2, phony.Root.Text("/etc/systemd/network/10-v2v-ens161.link"));
        Assert.Equal(["InterfaceMatchedByOrder", "InterfaceMatchedByOrder"], context.Concerns.Select(c => c.Id));
    }

    [Fact]
    [Shows("InterfaceNotMatched")]
    public void A_name_that_cannot_be_decided_is_reported_with_file_and_address()
    {
        using var phony = PhonyGuest.Debian12().WithAdapters(Adapter(PhonyGuest.Mac1, 33), Adapter(PhonyGuest.Mac2, 34));
        phony.Root.With("/etc/network/interfaces", "source interfaces.d/*\n").With("/etc/network/interfaces.d/office", "iface ens192 inet static\n  address 192.0.2.9\n");

        var context = phony.Run(new StableNetworkNames());

        Assert.Empty(context.Changes);
        var concern = Assert.Single(context.Concerns);
        Assert.Equal((ConcernSeverity.Warning, "InterfaceNotMatched"), (concern.Severity, concern.Id));
        Assert.Contains("/etc/network/interfaces.d/office configures ens192 with the address 192.0.2.9", concern.Message);
    }

    [Fact]
    public void Older_udevs_get_a_rule()
    {
        using var phony = PhonyGuest.Debian9();
        phony.Root.With("/etc/network/interfaces", "iface ens192 inet dhcp\n");

        phony.Run(new StableNetworkNames());

        Assert.Equal(
            $"# Written by V2V: the names that these adapters had before the conversion to KVM.\nSUBSYSTEM==\"net\", ACTION==\"add\", DRIVERS==\"?*\", ATTR{{address}}==\"{PhonyGuest.Mac1}\", NAME=\"ens192\"\n",
            phony.Root.Text(Rules));
        Assert.Null(phony.Root.Find("/etc/systemd/network"));
    }

    [Fact]
    public void An_address_that_the_configuration_matches_needs_nothing()
    {
        using var phony = PhonyGuest.Ubuntu1604();
        phony.Root.With("/etc/netplan/50-cloud-init.yaml",
            $"network:\n    version: 2\n    ethernets:\n        ens192:\n            dhcp4: true\n            match:\n                macaddress: '{PhonyGuest.Mac1.ToUpperInvariant()}'\n            set-name: ens192\n");

        var context = phony.Run(new StableNetworkNames());

        Assert.Empty(context.Changes);
        Assert.Empty(context.Concerns);
    }

    [Fact]
    public void A_source_without_addresses_gets_the_ones_that_the_guest_expects()
    {
        using var phony = PhonyGuest.Ubuntu2204().WithAdapters(Adapter(null, null));
        phony.Root.With("/etc/netplan/50-cloud-init.yaml",
            "network: \n  ethernets:\n    nic0: {match: {macaddress: \"00:50:56:12:34:56\"}, dhcp4: true, set-name: ens160}\n");

        var context = phony.Run(new StableNetworkNames());

        Assert.Equal(["00:50:56:12:34:56"], context.Hardware.MacAddresses);
        Assert.Empty(context.Changes);
        Assert.Empty(context.Concerns);
    }

    [Fact]
    public void An_address_that_no_adapter_has_is_reported()
    {
        using var phony = PhonyGuest.Ubuntu2204();
        phony.Root.With("/etc/netplan/x.yaml", "network:\n  ethernets:\n    ens192:\n      match: {macaddress: 00:50:56:99:99:99}\n      addresses: [192.0.2.3/24]\n");

        var concern = Assert.Single(phony.Run(new StableNetworkNames()).Concerns);

        Assert.Contains("ens192 with the address 192.0.2.3/24", concern.Message);
    }

    [Fact]
    public void Persistent_rules_find_their_adapter_by_address_only()
    {
        using var phony = PhonyGuest.Debian9();
        phony.Root.With("/etc/network/interfaces", "auto eth0\niface eth0 inet dhcp\n")
            .With("/etc/udev/rules.d/70-persistent-net.rules",
                "# PCI device 0x15ad:0x07b0 (vmxnet3)\n"
                + $"SUBSYSTEM==\"net\", ACTION==\"add\", DRIVERS==\"vmxnet3\", ATTR{{address}}==\"{PhonyGuest.Mac1}\", ATTR{{dev_id}}==\"0x0\", KERNELS==\"0000:03:00.0\", KERNEL==\"eth*\", NAME=\"eth0\"\n"
                + "SUBSYSTEM==\"net\", ACTION==\"add\", DRIVERS==\"?*\", ATTR{address}==\"00:50:56:00:00:99\", NAME=\"eth1\"\n");

        var context = phony.Run(new StableNetworkNames());

        Assert.Equal(
            "# PCI device 0x15ad:0x07b0 (vmxnet3)\n"
            + $"SUBSYSTEM==\"net\", ACTION==\"add\", DRIVERS==\"?*\", ATTR{{address}}==\"{PhonyGuest.Mac1}\", ATTR{{dev_id}}==\"0x0\", KERNEL==\"eth*\", NAME=\"eth0\"\n"
            + "SUBSYSTEM==\"net\", ACTION==\"add\", DRIVERS==\"?*\", ATTR{address}==\"00:50:56:00:00:99\", NAME=\"eth1\"\n",
            phony.Root.Text("/etc/udev/rules.d/70-persistent-net.rules"));
        Assert.Null(phony.Root.Find(Rules));
        Assert.Equal(ConcernSeverity.Information, Assert.Single(context.Concerns).Severity);
    }

    [Fact]
    public void Every_kind_of_configuration_is_read()
    {
        using var phony = PhonyGuest.Debian12().WithAdapters(
            Adapter("00:50:56:00:00:01", 160), Adapter("00:50:56:00:00:02", 192), Adapter("00:50:56:00:00:03", 224), Adapter("00:50:56:00:00:04", 256), Adapter("00:50:56:00:00:05", null));
        phony.Root.With("/etc/systemd/network/20-wired.network", "[Match]\nName=ens160\n\n[Network]\nAddress=192.0.2.1/24\n")
            .With("/etc/systemd/network/10-lan.link", "[Match]\nPath=pci-0000:0b:00.0\n[Link]\nName=lan0\n")
            .With("/etc/NetworkManager/system-connections/wired.nmconnection", "[connection]\nid=wired\ntype=ethernet\ninterface-name=ens192\n\n[ipv4]\naddress1=192.0.2.2/24,192.0.2.254\n")
            .With("/etc/sysconfig/network-scripts/ifcfg-ens224", "DEVICE=\"ens224\"\nBOOTPROTO=none\n")
            .With("/etc/network/interfaces", "auto br0 ens256.100\niface br0 inet dhcp\n  bridge_ports ens256\niface bond0 inet manual\n");

        var context = phony.Run(new StableNetworkNames());

        Assert.Equal(
            ["10-lan.link", "10-v2v-ens160.link", "10-v2v-ens192.link", "10-v2v-ens224.link", "10-v2v-ens256.link", "10-v2v-lan0.link", "20-wired.network"],
            phony.Root.Enumerate("/etc/systemd/network").Select(e => e.Name).Order(StringComparer.Ordinal));
        Assert.Contains("00:50:56:00:00:05", phony.Root.Text("/etc/systemd/network/10-v2v-lan0.link"));
    }

    [Theory]
    [InlineData("/etc/sysconfig/network/ifcfg-bond0", "BONDING_MASTER='yes'\nBONDING_SLAVE_0='ens192'\nBONDING_SLAVE1=\"ens192\"\n")]
    [InlineData("/etc/sysconfig/network/ifcfg-br0", "BRIDGE='yes'\nBRIDGE_PORTS='ens192 vnet0'\n")]
    [InlineData("/etc/sysconfig/network/ifcfg-vlan5", "ETHERDEVICE='ens192'\nVLAN_ID='5'\n")]
    [InlineData("/etc/sysconfig/network-scripts/ifcfg-vlan5", "VLAN=yes\nPHYSDEV=ens192\nVLAN_ID=5\n")]
    [InlineData("/etc/sysconfig/network-scripts/ifcfg-ens192.100", "VLAN=yes\nDEVICE=ens192.100\n")]
    [InlineData("/etc/wicked/ifconfig/lan.xml", "<interface>\n  <name namespace=\"ethernet\">ens192</name>\n  <name>br0</name>\n</interface>\n")]
    [InlineData("/etc/NetworkManager/system-connections/lan.nmconnection", "[connection]\ntype=ethernet\n\n[match]\ninterface-name=ens192;ens2*;\n")]
    [InlineData("/etc/NetworkManager/system-connections/vlan.nmconnection", "[connection]\ntype=vlan\ninterface-name=vlan5\n[vlan]\nparent=ens192\nid=5\n")]
    [InlineData("/usr/lib/NetworkManager/system-connections/lan.nmconnection", "[connection]\ninterface-name=ens192\n")]
    [InlineData("/usr/lib/systemd/network/50-lan.network", "[Match]\nName=ens192\n[Network]\nVLAN=vlan5\n")]
    [InlineData("/etc/netctl/lan", "Interface=ens192\nConnection=ethernet\nIP=static\nAddress=('192.0.2.7/24')\n")]
    [InlineData("/etc/netctl/bond", "Interface=bond0\nConnection=bond\nBindsToInterfaces=('ens192' ens192)\n")]
    [InlineData("/etc/systemd/system/multi-user.target.wants/dhcpcd@ens192.service", "")]
    public void Whatever_names_an_interface_keeps_it(string path, string text)
    {
        using var phony = PhonyGuest.Debian12().WithAdapters(Adapter(PhonyGuest.Mac1, null));
        phony.Root.With(path, text);

        Assert.Empty(phony.Run(new StableNetworkNames()).Concerns);

        Assert.Contains($"MACAddress={PhonyGuest.Mac1}\n", phony.Root.Text("/etc/systemd/network/10-v2v-ens192.link"));
    }

    [Theory]
    [InlineData("/etc/sysconfig/network-scripts/ifcfg-ens192.bak")]
    [InlineData("/etc/sysconfig/network-scripts/ifcfg-ens192.rpmsave")]
    [InlineData("/etc/sysconfig/network/ifcfg-ens192~")]
    public void Backups_are_no_configuration(string path)
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.With(path, "BOOTPROTO=dhcp\n");
        Assert.Empty(phony.Run(new StableNetworkNames()).Changes);
    }

    [Theory]
    [InlineData("/etc/NetworkManager/system-connections/lan", "[match]\npath=pci-0000:03:00.0\n", "path=pci-0000:03:00.0")]
    [InlineData("/etc/NetworkManager/system-connections/lan", "[match]\ndriver=vmxnet3\n", "driver=vmxnet3")]
    [InlineData("/etc/systemd/network/lan.network", "[Match]\nPath=pci-0000:03:00.0\n", "Path=pci-0000:03:00.0")]
    [Shows("NetworkMatchedByHardware")]
    public void Configuration_for_the_old_hardware_is_reported(string path, string text, string match)
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.With(path, text);
        var concern = Assert.Single(phony.Run(new StableNetworkNames()).Concerns);
        Assert.Equal("NetworkMatchedByHardware", concern.Id);
        Assert.Contains(match, concern.Message);
    }

    [Fact]
    public void A_rule_by_place_alone_is_commented_out_and_its_name_pinned()
    {
        using var phony = PhonyGuest.Debian9();
        phony.Root.With("/etc/network/interfaces", "iface eth0 inet dhcp\n").With("/etc/udev/rules.d/70-persistent-net.rules",
            "SUBSYSTEM==\"net\", ACTION==\"add\", KERNELS==\"0000:02:01.0\", ATTR{type}==\"1\", KERNEL==\"eth*\", NAME=\"eth0\"\n"
            + "SUBSYSTEM==\"net\", DRIVERS==\"?*\", SYSFS{address}==\"" + PhonyGuest.Mac1 + "\", BUS==\"pci\", ID==\"0000:02:01.0\", NAME=\"eth7\"\n");

        phony.Run(new StableNetworkNames());

        Assert.Equal(
            "# SUBSYSTEM==\"net\", ACTION==\"add\", KERNELS==\"0000:02:01.0\", ATTR{type}==\"1\", KERNEL==\"eth*\", NAME=\"eth0\"\n"
            + "SUBSYSTEM==\"net\", DRIVERS==\"?*\", SYSFS{address}==\"" + PhonyGuest.Mac1 + "\", NAME=\"eth7\"\n",
            phony.Root.Text("/etc/udev/rules.d/70-persistent-net.rules"));
    }

    [Fact]
    public void Generated_rules_for_the_old_CD_ROM_drive_go()
    {
        const string Generated = "SUBSYSTEM==\"block\", ENV{ID_CDROM}==\"?*\", ENV{ID_PATH}==\"pci-0000:00:07.1-scsi-1:0:0:0\", SYMLINK+=\"cdrom\", ENV{GENERATED}=\"1\"\n";
        using var phony = PhonyGuest.Debian9();
        phony.Root.With("/etc/udev/rules.d/70-persistent-cd.rules", "# VMware_Virtual_IDE_CDROM_Drive\n" + Generated);

        phony.Run(new StableNetworkNames());

        Assert.Equal("# VMware_Virtual_IDE_CDROM_Drive\n# " + Generated, phony.Root.Text("/etc/udev/rules.d/70-persistent-cd.rules"));
    }

    [Fact]
    public void The_librarys_name_tells_udevs_version_where_no_package_does()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.With("/var/lib/dpkg/status", "").With("/etc/network/interfaces", "iface ens192 inet dhcp\n").With("/usr/lib/systemd/libsystemd-shared-252.so");

        phony.Run(new StableNetworkNames());

        Assert.NotNull(phony.Root.Find("/etc/systemd/network/10-v2v-ens192.link"));
    }

    [Theory]
    [InlineData("eth0", 0)]
    [InlineData("eth1", 1)]
    [Shows("InterfaceNameNotKept")]
    public void Alpine_without_udev_has_the_kernels_names(string name, int concerns)
    {
        using var phony = PhonyGuest.Create().WithKernel("6.6.1-0-lts").WithGrub("6.6.1-0-lts").WithAdapters(Adapter(PhonyGuest.Mac1, null));
        phony.Root.With("/etc/os-release", "ID=alpine\nVERSION_ID=3.19.1\n").With("/etc/network/interfaces", $"auto {name}\niface {name} inet dhcp\n");

        var context = phony.Run(new StableNetworkNames());

        Assert.Empty(context.Changes);
        Assert.Equal(concerns, context.Concerns.Count(c => c.Id == "InterfaceNameNotKept"));
    }

    [Fact]
    [Shows("InterfaceNameMayCollide")]
    public void Kernel_names_in_another_order_are_warned_of()
    {
        using var phony = PhonyGuest.Debian12().WithAdapters(Adapter(PhonyGuest.Mac1, null), Adapter(PhonyGuest.Mac2, null));
        phony.Root.With("/etc/udev/rules.d/70-persistent-net.rules",
            $"SUBSYSTEM==\"net\", ACTION==\"add\", ATTR{{address}}==\"{PhonyGuest.Mac1}\", NAME=\"eth1\"\nSUBSYSTEM==\"net\", ACTION==\"add\", ATTR{{address}}==\"{PhonyGuest.Mac2}\", NAME=\"eth0\"\n");

        Assert.Equal(["InterfaceNameMayCollide", "InterfaceNameMayCollide"], phony.Run(new StableNetworkNames()).Concerns.Select(c => c.Id));
    }

    [Theory]
    [InlineData("../../../etc/cron.d/x")]
    [InlineData("ens192\\\" NAME=")]
    [InlineData("averyveryverylongname")]
    public void A_name_that_is_none_never_becomes_a_file(string name)
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.With("/etc/netplan/x.yaml", $"network:\n  ethernets:\n    \"{name}\":\n      dhcp4: true\n");

        Assert.Empty(phony.Run(new StableNetworkNames()).Changes);
    }

    [Fact]
    [Shows("NetworkConfigurationNotRead", "NetworkMatchedByDriver")]
    public void Netplan_that_cannot_be_read_or_matches_by_driver_is_reported()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Root.With("/etc/netplan/a.yaml", "{network: {version: 2}}\nethernets: x\n")
            .With("/etc/netplan/b.yaml", "network:\n  ethernets:\n    all:\n      match:\n        driver: vmxnet3 # ours\n      dhcp4: yes\n")
            .With("/etc/netplan/c.yaml", "network:\n  ethernets:\n    any:\n      match: {name: \"en*\"}\n      dhcp4: yes\n");

        Assert.Equal(["NetworkConfigurationNotRead", "NetworkMatchedByDriver"], phony.Run(new StableNetworkNames()).Concerns.Select(c => c.Id));
    }

    private static SourceNetworkAdapter Adapter(string? mac, int? slot) => new(mac, "vmxnet3", "LAN", PciSlot: slot);
}
