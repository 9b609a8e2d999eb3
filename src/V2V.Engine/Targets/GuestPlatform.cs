namespace V2V.Engine.Targets;

/// <summary>What a folder's guests are meant for: it decides which descriptions lie beside the disks.</summary>
public enum GuestPlatform
{
    /// <summary>libvirt's domain XML, and a script that starts the guest with QEMU alone.</summary>
    Libvirt,

    /// <summary>A VirtualMachine with its DataVolumes, and a script that uploads the disks.</summary>
    KubeVirt,

    /// <summary>Properties of the image, and a script that makes images, volumes and ports.</summary>
    OpenStack,

    /// <summary>A script that makes the guest with <c>qm</c> on a node of Proxmox VE.</summary>
    Proxmox,
}
