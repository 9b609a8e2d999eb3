using Xunit;

namespace V2V.Engine.Tests.Targets.Libvirt;

/// <summary>Runs <see cref="PoolKindsTests"/> in a kernel that has the device-mapper, partitions of loop devices and NFS.</summary>
[Trait("Category", "Slow")]
public sealed class PoolKernelTests
{
    /// <summary>It takes two to three minutes; under other load more.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(10);

    [Fact]
    public void A_guest_converts_into_pools_of_every_type()
    {
        ExternalTool.Need("libvirtd", "virtlogd", "virsh", "parted", "lvcreate", "exportfs", "mount.nfs", "rpc.nfsd", "rpc.mountd", "sshd", "mkfs.ext4", "udevadm");
        using var kernel = new DebianKernel
        {
            Drivers = ["dm_mod", "ext4", "nfsd", "nfsv4", "crc32c_generic"],
            Preparation =
            [
                "mount -t tmpfs tmp /var/lib/nfs; mkdir -p /var/lib/nfs/rpc_pipefs /var/lib/nfs/v4recovery; touch /var/lib/nfs/etab /var/lib/nfs/rmtab",
                // Only version 4, which wants no other services; a server that has just started waits for its clients of before as long as the lease is.
                "mount -t nfsd nfsd /proc/fs/nfsd; rpc.mountd -N 3; rpc.nfsd -N 3 -G 10 -L 10 2",
                "/lib/systemd/systemd-udevd --daemon; virtlogd -d; libvirtd -d",
                "for i in 1 2 3 4 5 6 7 8 9; do virsh -c qemu:///system version && break; sleep 5; done",
            ],
        };
        kernel.Run(typeof(PoolKindsTests), s_limit);
    }
}
