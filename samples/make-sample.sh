#!/usr/bin/env bash
#
# make-sample.sh - make debian12.ova, the small guest that the README's first command converts.
#
# The guest has the shape of a Debian 12 server exported from vSphere: partition table, ext4, swap, dpkg database, fstab with a device name,
# interfaces named ens192 and ens224, GRUB 2, open-vm-tools, and an initramfs without virtio drivers. It is not a bootable system: its
# kernel is a header, its modules are objects compiled from the few lines below, its programs do nothing. So it is small and free to share.
# Guests that really boot are built by tests/Guests.
#
# Needs: gcc, kmod, cpio, zstd, e2fsprogs, fdisk, qemu-utils. Root is not needed.

set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
name=debian12
kver=6.1.0-18-amd64
root=$work/root
modules=$root/usr/lib/modules/$kver
root_uuid=7c9c3a7e-2d0c-4d4e-9a52-0f6d3c1b8e01
swap_uuid=7c9c3a7e-2d0c-4d4e-9a52-0f6d3c1b8e02

# --- the root file system ---------------------------------------------------------------------------------------------------------------

mkdir -p "$root"/{boot/grub,dev,etc/default,etc/initramfs-tools/conf.d,etc/network,media/cdrom0,proc,root,run,sys,tmp,var/lib/dpkg/info,var/log}
mkdir -p "$root"/usr/{bin,sbin,share,lib/systemd/system,lib/x86_64-linux-gnu} "$root"/etc/systemd/system/multi-user.target.wants
for d in bin sbin lib; do ln -s "usr/$d" "$root/$d"; done

echo 'void _start(void) { for (;;) ; }' | gcc -x c -Os -nostdlib -static -o "$root/usr/bin/dash" -
strip "$root/usr/bin/dash"
ln -s dash "$root/usr/bin/sh"
cp "$root/usr/bin/dash" "$root/usr/lib/systemd/systemd"

cat >"$root/etc/os-release" <<'T'
PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
HOME_URL="https://www.debian.org/"
T
echo 12.5 >"$root/etc/debian_version"
echo sample >"$root/etc/hostname"
printf '127.0.0.1\tlocalhost\n127.0.1.1\tsample\n' >"$root/etc/hosts"
cat >"$root/etc/fstab" <<T
# /etc/fstab: static file system information.
# <file system> <mount point>   <type>  <options>       <dump>  <pass>
UUID=$root_uuid /               ext4    errors=remount-ro 0       1
/dev/sda2       none            swap    sw              0       0
/dev/sr0        /media/cdrom0   udf,iso9660 user,noauto     0       0
T
cat >"$root/etc/network/interfaces" <<'T'
auto lo
iface lo inet loopback

allow-hotplug ens192
iface ens192 inet dhcp

allow-hotplug ens224
iface ens224 inet static
	address 192.0.2.10/24
T
cat >"$root/etc/default/grub" <<'T'
GRUB_DEFAULT=0
GRUB_TIMEOUT=5
GRUB_CMDLINE_LINUX_DEFAULT="quiet"
GRUB_CMDLINE_LINUX=""
T
cat >"$root/boot/grub/grub.cfg" <<T
set default="0"
set timeout=5
menuentry 'Debian GNU/Linux' --class debian {
	insmod ext2
	search --no-floppy --fs-uuid --set=root $root_uuid
	linux	/boot/vmlinuz-$kver root=UUID=$root_uuid ro  quiet
	initrd	/boot/initrd.img-$kver
}
T
cat >"$root/usr/lib/systemd/system/open-vm-tools.service" <<'T'
[Unit]
Description=Service for virtual machines hosted on VMware
ConditionVirtualization=vmware

[Service]
ExecStart=/usr/bin/vmtoolsd

[Install]
WantedBy=multi-user.target
T
ln -s /lib/systemd/system/open-vm-tools.service "$root/etc/systemd/system/multi-user.target.wants/open-vm-tools.service"
package() { # NAME VERSION
	printf 'Package: %s\nStatus: install ok installed\nPriority: optional\nSection: admin\nArchitecture: amd64\nVersion: %s\nDescription: part of the sample\n\n' "$1" "$2"
}
{
	package base-files 12.4+deb12u5
	package dash 0.5.12-2
	package grub-pc 2.06-13+deb12u1
	package ifupdown 0.8.41
	package initramfs-tools 0.142
	package "linux-image-$kver" 6.1.76-1
	package open-vm-tools 2:12.2.0-1+deb12u2
	package systemd 252.22-1~deb12u1
} >"$root/var/lib/dpkg/status"
printf '/.\n/boot\n/boot/vmlinuz-%s\n/lib/modules/%s\n' "$kver" "$kver" >"$root/var/lib/dpkg/info/linux-image-$kver.list"
printf '# List of modules that you want to include in your initramfs.\nahci\nsd_mod\next4\n' >"$root/etc/initramfs-tools/modules"
echo MODULES=list >"$root/etc/initramfs-tools/conf.d/driver-policy"

# --- the kernel's header and modules ----------------------------------------------------------------------------------------------------

# The fields that say what a bzImage is and which version it has: Linux x86 boot protocol, "The Real-Mode Kernel Header".
truncate -s 4096 "$root/boot/vmlinuz-$kver"
put() { printf "$2" | dd of="$root/boot/vmlinuz-$kver" bs=1 seek="$(($1))" conv=notrunc status=none; }
put 0x1F1 '\x04'
put 0x1FE '\x55\xaa'
put 0x202 'HdrS\x0f\x02'
put 0x20E '\x00\x02'
put 0x211 '\x01'
put 0x400 "$kver (debian-kernel@lists.debian.org) #1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1\\0"
printf 'CONFIG_VIRTIO=m\nCONFIG_VIRTIO_PCI=m\nCONFIG_VIRTIO_BLK=m\nCONFIG_VIRTIO_NET=m\n' >"$root/boot/config-$kver"

module() { # PATH "DEPENDENCIES" ALIAS...; with the symbols that make depmod see the dependencies
	local path=$1 depends=$2 m d source
	shift 2
	m=$(basename "$path" .ko)
	m=${m//-/_}
	mkdir -p "$modules/kernel/$(dirname "$path")"
	source="#define INFO(n, t) __attribute__((section(\".modinfo\"), used)) static const char n[] = t
		INFO(name, \"name=$m\"); INFO(license, \"license=MIT\"); INFO(vermagic, \"vermagic=$kver SMP preempt mod_unload modversions \");
		INFO(depends, \"depends=${depends// /,}\");
		int ${m}_symbol; __attribute__((section(\"__ksymtab_strings\"), used)) static const char ks[] = \"${m}_symbol\";
		extern int __crc_${m}_symbol; "
	local i=0
	for a in "$@"; do source+="INFO(alias$i, \"alias=$a\");"; i=$((i + 1)); done
	for d in $depends; do source+="extern int ${d}_symbol; int *uses_$d = &${d}_symbol;"; done
	source+="__asm__(\".globl __ksymtab_${m}_symbol\n.section ___ksymtab+${m}_symbol,\\\"a\\\"\n__ksymtab_${m}_symbol: .long 0\n\");"
	gcc -x c -c -Os -fno-pic -fno-asynchronous-unwind-tables -o "$modules/kernel/$path" - <<<"$source"
	strip --strip-debug "$modules/kernel/$path"
}
module drivers/virtio/virtio.ko ''
module drivers/virtio/virtio_ring.ko 'virtio'
module drivers/virtio/virtio_pci_modern_dev.ko ''
module drivers/virtio/virtio_pci_legacy_dev.ko ''
module drivers/virtio/virtio_pci.ko 'virtio virtio_ring virtio_pci_modern_dev virtio_pci_legacy_dev' 'pci:v00001AF4d*sv*sd*bc*sc*i*'
module drivers/virtio/virtio_balloon.ko 'virtio virtio_ring' 'virtio:d00000005v*'
module drivers/block/virtio_blk.ko 'virtio virtio_ring' 'virtio:d00000002v*'
module drivers/char/hw_random/virtio-rng.ko 'virtio virtio_ring' 'virtio:d00000004v*'
module drivers/net/virtio_net.ko 'virtio virtio_ring' 'virtio:d00000001v*'
module drivers/scsi/scsi_mod.ko ''
module drivers/scsi/sd_mod.ko 'scsi_mod' 'scsi:t-0x00*'
module drivers/scsi/virtio_scsi.ko 'virtio virtio_ring scsi_mod' 'virtio:d00000008v*'
module drivers/ata/libata.ko 'scsi_mod'
module drivers/ata/ahci.ko 'libata' 'pci:v*d*sv*sd*bc01sc06i01*'
module fs/ext4/ext4.ko '' 'fs-ext4'
module drivers/net/vmxnet3/vmxnet3.ko '' 'pci:v000015ADd000007B0sv*sd*bc*sc*i*'
printf 'kernel/lib/crc32c.ko\nkernel/drivers/tty/serial/8250/8250.ko\n' >"$modules/modules.builtin"
(cd "$modules" && find kernel -name '*.ko' | sort >modules.order)
depmod -b "$root/usr" "$kver" 2>/dev/null || depmod -b "$root" "$kver"

# --- the initramfs, as initramfs-tools lays it out --------------------------------------------------------------------------------------

image=$work/initramfs
mkdir -p "$image"/{conf/conf.d,etc/modprobe.d,scripts/init-top,scripts/local,usr/bin,usr/sbin,"usr/lib/modules/$kver/kernel",usr/lib/systemd}
for d in bin sbin lib; do ln -s "usr/$d" "$image/$d"; done
cp "$root/usr/bin/dash" "$image/usr/bin/sh"
cp "$root/usr/bin/dash" "$image/usr/bin/udevadm"
cp "$root/usr/bin/dash" "$image/usr/bin/kmod"
ln -s ../bin/kmod "$image/usr/sbin/modprobe"
ln -s ../../bin/udevadm "$image/usr/lib/systemd/systemd-udevd"
printf '#!/bin/sh\n# init of an initramfs made by initramfs-tools\n. /scripts/functions\nrun_scripts /scripts/init-top\nload_modules\nmountroot\n' >"$image/init"
printf '#!/bin/sh\n/lib/systemd/systemd-udevd --daemon\nudevadm trigger --type=devices --action=add\n' >"$image/scripts/init-top/udev"
printf 'load_modules() { :; }\n' >"$image/scripts/functions"
printf 'MODULES=list\nBUSYBOX=auto\nCOMPRESS=zstd\n' >"$image/conf/initramfs.conf"
printf 'ahci\nsd_mod\next4\n' >"$image/conf/modules"
chmod 755 "$image/init" "$image/scripts/init-top/udev"
for m in drivers/scsi/scsi_mod drivers/scsi/sd_mod drivers/ata/libata drivers/ata/ahci fs/ext4/ext4; do
	mkdir -p "$image/usr/lib/modules/$kver/kernel/$(dirname $m)"
	cp "$modules/kernel/$m.ko" "$image/usr/lib/modules/$kver/kernel/$m.ko"
done
cp "$modules"/modules.{builtin,order} "$image/usr/lib/modules/$kver/"
depmod -b "$image/usr" "$kver" 2>/dev/null || depmod -b "$image" "$kver"
(cd "$image" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0 | zstd -q -19 >"$root/boot/initrd.img-$kver")

# --- the disk ---------------------------------------------------------------------------------------------------------------------------

disk=$work/$name.raw
truncate -s 256M "$disk"
sfdisk --quiet --no-reread --no-tell-kernel "$disk" >/dev/null <<'T'
label: dos
label-id: 0x5a3c9e01
start=2048, size=491520, type=83, bootable
start=493568, size=8192, type=82
T
# Code in the first sector, and the name by which GRUB's is known: a guest that has none is started in another way.
printf 'GRUB ' | dd of="$disk" bs=1 seek=384 conv=notrunc status=none
mke2fs -q -t ext4 -U "$root_uuid" -L root -E root_owner=0:0 -d "$root" "$work/root.img" 240M
dd if="$work/root.img" of="$disk" bs=1M seek=1 conv=notrunc,sparse status=none
truncate -s 4M "$work/swap.img"
mkswap -q -U "$swap_uuid" "$work/swap.img" >/dev/null
dd if="$work/swap.img" of="$disk" bs=1M seek=241 conv=notrunc,sparse status=none

# --- the OVA ----------------------------------------------------------------------------------------------------------------------------

qemu-img convert -O vmdk -o subformat=streamOptimized,adapter_type=lsilogic,hwversion=20 "$disk" "$work/$name-1.vmdk"
sed "s/@SIZE@/$(stat -c %s "$work/$name-1.vmdk")/" "$here/debian12.ovf.in" >"$work/$name.ovf"
for f in "$name.ovf" "$name-1.vmdk"; do
	printf 'SHA256(%s)= %s\n' "$f" "$(sha256sum <"$work/$f" | cut -d' ' -f1)"
done >"$work/$name.mf"
tar -cf "$here/$name.ova" --format=ustar --owner=someone:64 --group=someone:20 --mode=0644 --mtime=@1700000000 \
	-C "$work" "$name.ovf" "$name.mf" "$name-1.vmdk"
ls -l "$here/$name.ova"
