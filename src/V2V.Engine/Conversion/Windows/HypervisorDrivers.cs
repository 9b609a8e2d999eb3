namespace V2V.Engine.Conversion.Windows;

/// <summary>
/// The drivers and services that other hypervisors' tools install, by the names of their keys below Services. Hyper-V's are Windows' own and
/// sleep elsewhere. Those of VMware's VSS provider and the like, which are only started by others, are left to the uninstaller.
/// </summary>
internal static class HypervisorDrivers
{
    public static IReadOnlyList<(string Hypervisor, string[] Services)> All { get; } =
    [
        ("VMware", [
            "VMTools", "VGAuthService", "vm3dservice", "VMUSBArbService", "VMware Physical Disk Helper Service", "GISvc",
            "VMMemCtl", "vmci", "vsock", "vmhgfs", "vmmouse", "vmusbmouse", "vmrawdsk", "vmaudio", "vmx_svga", "vmxnet", "vmxnet2", "vmxnet3ndis6", "vmscsi", "pvscsi",
            "vm3dmp", "vm3dmp_loader", "vm3dmp-debug", "vm3dmp-stats", "giappdef", "vnetflt", "vnetWFP", "vsepflt",
        ]),
        ("Xen", [
            "rhelscsi", "rhelnet", "rhelfltr", "rhelsvc",
            "xenbus", "xenfilt", "xenvbd", "xendisk", "xenvif", "xennet", "xennet6", "xeniface", "xencrsh", "xenevtchn", "xenpci", "xenscsi", "xenusb", "xenhide", "xenstub",
            "xenlite", "xenhid", "xenvkbd", "xencons", "xenbus_monitor", "xencons_monitor", "xenagent", "XenSvc", "XenPVInstall", "xennetinstall", "ShutdownMon",
        ]),
        ("VirtualBox", ["VBoxGuest", "VBoxMouse", "VBoxSF", "VBoxVideo", "VBoxVideoW8", "VBoxWddm", "VBoxService"]),
        ("Parallels", [
            "prl_boot", "prl_dd", "prl_eth5", "prl_fs", "prl_memdev", "prl_mouf", "prl_pv32", "prl_pv64", "prl_scsi", "prl_sound", "prl_strg", "prl_tg", "prl_time", "prl_uprof",
            "prl_va",
        ]),
    ];
}
