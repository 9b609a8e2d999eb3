#!/usr/bin/env bash
#
# make-xen-style.sh - make the Debian guest of build-debian.sh one of Xen's paravirtual guests.
#
# Usage: make-xen-style.sh DISK.raw OUTDIR
#
#   OUTDIR/disk/        guest.xml, and one disk xvda with a partition table but no boot loader, as after an installation under pygrub
#   OUTDIR/partitions/  guest.xml, and two images that the guest calls xvda1 (its root file system) and xvda2 (swap), without a disk around them
#
# What is Xen-like about the guest: everything that names disks says xvda1 and xvda2; its console is hvc0, with a getty enabled on it; the
# initramfs has xen-blkfront and no other driver for disks; it mounts xenfs and sets xen.independent_wallclock; its adapters are eth0 and eth1.
# DISK.raw (MBR, root in partition 1, swap in partition 2) is not changed.
#
# Needs: root, loop mounts of ext4, util-linux.

set -euo pipefail
die() { echo "${0##*/}: $*" >&2; exit 1; }
[ $# -eq 2 ] || die "usage: ${0##*/} DISK.raw OUTDIR"
[ "$(id -u)" -eq 0 ] || die "must be run as root"
source=$1 out=$2
mkdir -p "$out/disk" "$out/partitions"
disk=$out/disk/xen-debian12.img
root=$(mktemp -d)
mounted=()
cleanup() {
	rc=$?
	trap - EXIT
	for ((i = ${#mounted[@]} - 1; i >= 0; i--)); do umount "${mounted[i]}" || true; done
	rmdir "$root" || true
	exit $rc
}
trap cleanup EXIT
trap 'exit 130' INT TERM

read -r root_start root_sectors < <(sfdisk --dump "$source" | sed -n 's/.*1 : start= *\([0-9]*\), size= *\([0-9]*\),.*/\1 \2/p')
read -r swap_start swap_sectors < <(sfdisk --dump "$source" | sed -n 's/.*2 : start= *\([0-9]*\), size= *\([0-9]*\),.*/\1 \2/p')
[ -n "${swap_sectors:-}" ] || die "$source has no two partitions"
cp --sparse=always "$source" "$disk"

# --- the guest ---------------------------------------------------------------------------------------------------------------------------

mount -o "loop,offset=$((root_start * 512)),sizelimit=$((root_sectors * 512))" "$disk" "$root"
mounted+=("$root")
cat >"$root/etc/fstab" <<'T'
# /etc/fstab: static file system information.
proc            /proc           proc    defaults        0       0
/dev/xvda1      /               ext4    noatime,nodiratime,errors=remount-ro 0       1
/dev/xvda2      none            swap    sw              0       0
xenfs           /proc/xen       xenfs   defaults        0       0
T
sed -i 's/root=UUID=[0-9a-f-]*/root=\/dev\/xvda1/; s/console=ttyS0,115200n8/console=hvc0/' "$root/boot/grub/grub.cfg"
sed -i 's/console=ttyS0,115200n8/console=hvc0/' "$root/etc/default/grub"
sed -i 's/ens192/eth0/g; s/ens224/eth1/g' "$root/etc/network/interfaces" "$root/usr/local/sbin/v2v-announce"
echo 'xen.independent_wallclock = 1' >"$root/etc/sysctl.d/xen.conf"
ln -s /lib/systemd/system/serial-getty@.service "$root/etc/systemd/system/getty.target.wants/serial-getty@hvc0.service"
chroot "$root" systemctl --quiet disable open-vm-tools.service
printf '%s\n' xen-blkfront ext4 >"$root/etc/initramfs-tools/modules"
mount -t proc proc "$root/proc"
mounted+=("$root/proc")
kver=$(basename "$root"/lib/modules/*)
chroot "$root" update-initramfs -u -k "$kver" >/dev/null
umount "$root/proc" "$root"
mounted=()

# --- its disks ---------------------------------------------------------------------------------------------------------------------------

dd if="$disk" of="$out/partitions/xen-debian12-disk.img" bs=1M iflag=skip_bytes,count_bytes skip=$((root_start * 512)) count=$((root_sectors * 512)) conv=sparse status=none
dd if="$disk" of="$out/partitions/xen-debian12-swap.img" bs=1M iflag=skip_bytes,count_bytes skip=$((swap_start * 512)) count=$((swap_sectors * 512)) conv=sparse status=none
truncate -s $((swap_sectors * 512)) "$out/partitions/xen-debian12-swap.img"
# Neither the code of the first sector nor what follows it up to the first partition.
dd if=/dev/zero of="$disk" bs=1 count=440 conv=notrunc status=none
dd if=/dev/zero of="$disk" bs=512 seek=1 count=$((root_start - 1)) conv=notrunc status=none

describe() {
	cat <<-T
		<domain type='xen'>
		  <name>xen-debian12</name>
		  <uuid>6c4c6a0e-0d3b-4c1e-8b5a-3f2d1e0c9b8a</uuid>
		  <memory unit='KiB'>1048576</memory>
		  <currentMemory unit='KiB'>1048576</currentMemory>
		  <vcpu placement='static'>2</vcpu>
		  <bootloader>/usr/lib/xen/bin/pygrub</bootloader>
		  <os>
		    <type arch='x86_64' machine='xenpv'>linux</type>
		  </os>
		  <clock offset='utc' adjustment='reset'/>
		  <on_poweroff>destroy</on_poweroff>
		  <on_reboot>restart</on_reboot>
		  <on_crash>restart</on_crash>
		  <devices>
	T
	for pair in "$@"; do
		cat <<-T
			    <disk type='file' device='disk'>
			      <driver name='qemu' type='raw'/>
			      <source file='/srv/xen/domains/xen-debian12/${pair#*:}'/>
			      <target dev='${pair%%:*}' bus='xen'/>
			    </disk>
		T
	done
	cat <<-T
		    <interface type='bridge'>
		      <mac address='00:16:3e:4f:00:01'/>
		      <source bridge='xenbr0'/>
		      <script path='vif-bridge'/>
		    </interface>
		    <interface type='bridge'>
		      <mac address='00:16:3e:4f:00:02'/>
		      <source bridge='xenbr1'/>
		      <script path='vif-bridge'/>
		    </interface>
		    <console type='pty'>
		      <target type='xen' port='0'/>
		    </console>
		  </devices>
		</domain>
	T
}
describe xvda:xen-debian12.img >"$out/disk/guest.xml"
describe xvda2:xen-debian12-swap.img xvda1:xen-debian12-disk.img >"$out/partitions/guest.xml"
