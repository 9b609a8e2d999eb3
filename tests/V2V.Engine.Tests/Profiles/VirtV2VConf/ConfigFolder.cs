using V2V.Engine.Profiles.VirtV2VConf;

namespace V2V.Engine.Tests.Profiles.VirtV2VConf;

/// <summary>A folder for configuration files of the shapes that administrators have, gone with the test.</summary>
internal sealed class ConfigFolder : IDisposable
{
    /// <summary>What an administrator writes: profiles, mappings of networks, packages of the house.</summary>
    public const string Administrators = """
        <!-- Where guests of the two data centres go -->
        <virt-v2v>
          <profile name="lab">
            <method>libvirt</method>
            <storage format='qcow2' allocation='sparse'>
              guests
            </storage>
            <network type='network' name='isolated'>
              <network type='bridge' name='brlab'/>
            </network>
            <network type="default">
              <network type="network" name="lab"/>
            </network>
          </profile>
          <profile name="production"><method>libvirt</method><storage format="raw" allocation="preallocated">san</storage></profile>
          <profile name="rhev">
            <method>rhev</method>
            <storage format="raw">filer.example.com:/export/rhev</storage>
          </profile>

          <capability os='linux' distro='rhel' major='6' name='user-custom'>
            <dep name='house-agent' minversion='1:2.0-3'/>
          </capability>

          <network type='bridge' name='xenbr1'>
            <network type='network' name='default'/>
          </network>
          <network type='bridge' name='VM Network'>
            <network type='bridge' name='br0'/>
          </network>
          <network type='network' name='isolated'>
            <network type='network' name='quarantine'/>
          </network>
        </virt-v2v>
        """;

    /// <summary>What came with the tool: capabilities and the packages for them.</summary>
    public const string Database = """
        <virt-v2v>
          <capability os='linux' distro='rhel' major='6' name='virtio'/>
          <capability os='linux' distro='rhel' major='5' name='virtio'>
            <dep name='kernel' minversion='2.6.18-128.el5'/>
            <dep name='lvm2' minversion='2.02.40-6.el5'/>
            <dep name='selinux-policy-targeted' minversion='2.4.6-203.el5' ifinstalled='yes'/>
          </capability>
          <capability os='linux' distro='rhel' major='6' name='cirrus'><dep name='xorg-x11-drv-cirrus'/></capability>
          <capability name='user-custom' os='linux'/>

          <app os='linux' distro='rhel' major='5' arch='i686' name='kernel'>
            <path>rhel/5/kernel-2.6.18-128.el5.i686.rpm</path><dep>ecryptfs-utils</dep>
          </app>
          <app os='linux' distro='rhel' major='5' arch='i686' name='kernel-PAE'>
            <path>rhel/5/kernel-PAE-2.6.18-128.el5.i686.rpm</path><dep>ecryptfs-utils</dep>
          </app>
          <app os='linux' distro='rhel' major='5' arch='x86_64' name='kernel'>
            <path>rhel/5/kernel-2.6.18-128.el5.x86_64.rpm</path><dep>ecryptfs-utils</dep>
          </app>
          <app os='linux' distro='rhel' major='5' arch='x86_64' name='ecryptfs-utils'><path>rhel/5/ecryptfs-utils-56-8.el5.x86_64.rpm</path></app>
          <app os='linux' distro='rhel' major='5' arch='i386' name='ecryptfs-utils'><path>rhel/5/ecryptfs-utils-56-8.el5.i386.rpm</path></app>
          <app os='linux' distro='rhel' major='5' arch='x86_64' name='lvm2'>
            <path>rhel/5/lvm2-2.02.40-6.el5.x86_64.rpm</path>
            <dep>device-mapper</dep>
            <dep>device-mapper-event</dep>
          </app>
          <app os='linux' distro='rhel' major='5' arch='x86_64' name='device-mapper'><path>rhel/5/device-mapper-1.02.28-2.el5.x86_64.rpm</path></app>
          <app os='linux' distro='rhel' major='5' arch='i386' name='device-mapper'><path>rhel/5/device-mapper-1.02.28-2.el5.i386.rpm</path></app>
          <app os='linux' distro='rhel' major='5' arch='x86_64' name='device-mapper-event'><path>rhel/5/device-mapper-event-1.02.28-2.el5.x86_64.rpm</path><dep>device-mapper</dep></app>
          <app os='linux' distro='rhel' major='5' name='selinux-policy-targeted'>
            <path>rhel/5/selinux-policy-targeted-2.4.6-203.el5.noarch.rpm</path><dep>selinux-policy</dep>
          </app>
          <app os='linux' distro='rhel' major='5' name='selinux-policy'><path>rhel/5/selinux-policy-2.4.6-203.el5.noarch.rpm</path></app>

          <app os='windows' major='5' minor='1' arch='i386' name='virtio'><path>/usr/share/virtio-win/drivers/i386/WinXP</path></app>
          <app os='windows' major='5' minor='2' arch='i386' name='virtio'><path>/usr/share/virtio-win/drivers/i386/Win2003</path></app>
          <app os='windows' major='5' minor='2' arch='x86_64' name='virtio'><path>/usr/share/virtio-win/drivers/amd64/Win2003</path></app>
          <app os='windows' major='6' arch='i386' name='virtio'><path>/usr/share/virtio-win/drivers/i386/Win2008</path></app>
          <app os='windows' major='6' arch='x86_64' name='virtio'><path>/usr/share/virtio-win/drivers/amd64/Win2008</path></app>
          <app os='windows' name='rhsrvany'><path>windows/rhsrvany.exe</path></app>

          <path-root>/var/lib/virt-v2v/software</path-root>
        </virt-v2v>
        """;

    private int _files;

    public string Path { get; } = Directory.CreateTempSubdirectory("v2v-config-").FullName;

    public string Write(string content)
    {
        var path = System.IO.Path.Combine(Path, $"virt-v2v-{++_files}.conf");
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>A configuration of files with these contents, in this order.</summary>
    public VirtV2VConfig Load(params IEnumerable<string> contents) => VirtV2VConfig.Load([.. contents.Select(Write)]);

    /// <summary>A configuration of one file with these elements at its top level.</summary>
    public VirtV2VConfig LoadElements(string elements) => Load($"<virt-v2v>{elements}</virt-v2v>");

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
