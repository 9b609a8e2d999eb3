#!/usr/bin/env bash
#
# build-debian.sh - build a real, bootable Debian 12 guest with the marks of VMware.
#
# Usage: build-debian.sh OUT.raw [--table mbr|gpt] [--cache DIR]
#
# What is VMware-like about it: its initramfs has the drivers of VMware's controllers and none of virtio, so it does not boot from a virtio
# disk until it has been converted; /etc/fstab names the swap partition /dev/sdaN; /etc/network/interfaces names ens192 and ens224, the
# second with a static address; open-vm-tools is installed and enabled.
#
# At the end of each boot it writes one line to the console:
#   V2V-GUEST-UP disk=virtio_blk nic=virtio_net,virtio_net ens192=up ens224=192.0.2.10/24 swap=/dev/vda2 failed=none
#
# How: mmdebstrap makes the base system (kept in the cache), mke2fs -d makes the root file system, and the guest is booted once under QEMU
# with a small program in place of init that runs grub-install and update-grub in the guest itself.
#
# Needs: root, mmdebstrap, qemu-system-x86, qemu-utils, e2fsprogs, fdisk.

set -euo pipefail
die() { echo "${0##*/}: $*" >&2; exit 1; }
out='' table=mbr cache=${TMPDIR:-/tmp}/v2v-guests
while [ $# -gt 0 ]; do
	case $1 in
		--table) table=${2:?}; shift ;;
		--cache) cache=${2:?}; shift ;;
		-*) die "unknown option $1" ;;
		*) out=$1 ;;
	esac
	shift
done
[ -n "$out" ] || die "say where to write the disk"
case $table in mbr | gpt) ;; *) die "--table is mbr or gpt" ;; esac
[ "$(id -u)" -eq 0 ] || die "must be run as root"
for c in mmdebstrap qemu-system-x86_64 mke2fs mkswap sfdisk; do command -v $c >/dev/null || die "$c is needed"; done

work=$(mktemp -d)
qemu='' mounted=''
cleanup() {
	rc=$?
	trap - EXIT
	[ -z "$qemu" ] || kill "$qemu" 2>/dev/null || true
	[ -z "$mounted" ] || umount "$mounted" || true
	rm -rf --one-file-system "$work"
	exit $rc
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# --- the base system --------------------------------------------------------------------------------------------------------------------

packages=linux-image-amd64,systemd-sysv,udev,kmod,login,passwd,util-linux,mount,iproute2,ifupdown,isc-dhcp-client,netbase
packages+=,e2fsprogs,open-vm-tools,zstd,initramfs-tools,grub-pc,attr
drop=('/usr/share/man/*' '/usr/share/locale/*' '/usr/share/doc/*' '/usr/share/info/*')
for d in sound drivers/media drivers/infiniband drivers/staging drivers/isdn drivers/iio drivers/comedi drivers/net/wireless \
	drivers/net/ethernet/mellanox drivers/gpu/drm/amd drivers/gpu/drm/i915 drivers/gpu/drm/nouveau drivers/gpu/drm/radeon; do
	drop+=("/lib/modules/*/kernel/$d/*")
done
mkdir -p "$cache"
base=$cache/base-$(printf '%s\n' "$packages" "${drop[@]}" | md5sum | cut -c1-8).tar
if [ ! -s "$base" ]; then
	# Fields: where apt's own archive is, and which suite of it.
	# shellcheck disable=SC2016
	mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' | awk '$2 == "bookworm" { print $1; exit }')
	[ -n "$mirror" ] || die "apt knows no archive of Debian 12 (bookworm)"
	printf '#!/bin/sh\nset -e\nmkdir -p "$1/etc/initramfs-tools/conf.d"\necho MODULES=list >"$1/etc/initramfs-tools/conf.d/driver-policy"\n' >"$work/setup"
	chmod +x "$work/setup"
	mmdebstrap --quiet --variant=minbase --mode=root --aptopt='Acquire::Languages "none"' "${drop[@]/#/--dpkgopt=path-exclude=}" \
		--include="$packages" --setup-hook="$work/setup" --format=tar bookworm "$base.part" "deb $mirror bookworm main"
	mv "$base.part" "$base"
fi
root=$work/root
mkdir "$root"
tar -xpf "$base" -C "$root" --numeric-owner --xattrs --xattrs-include='*'

# --- the disk's layout ------------------------------------------------------------------------------------------------------------------

mib=2048
disk_sectors=$((2048 * mib))
swap_sectors=$((128 * mib))
rm -f "$out"
truncate -s 2G "$out"
root_start=$mib root_number=1
if [ "$table" = gpt ]; then root_start=$((2 * mib)) root_number=2; fi
# One mebibyte stays free at the end, for the second GPT.
root_sectors=$((disk_sectors - root_start - swap_sectors - mib))
swap_start=$((root_start + root_sectors))
if [ "$table" = gpt ]; then
	cat <<-T
		label: gpt
		start=$mib, size=$mib, type=21686148-6449-6E6F-744E-656564454649
		start=$root_start, size=$root_sectors, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4
		start=$swap_start, size=$swap_sectors, type=0657FD6D-A4AB-43C4-84E5-0933C84B4F4F
	T
else
	cat <<-T
		label: dos
		start=$root_start, size=$root_sectors, type=83, bootable
		start=$swap_start, size=$swap_sectors, type=82
	T
fi | sfdisk --quiet --no-reread --no-tell-kernel "$out" >/dev/null
root_uuid=$(cat /proc/sys/kernel/random/uuid)

# --- the guest's configuration ----------------------------------------------------------------------------------------------------------

echo vmw-debian12 >"$root/etc/hostname"
printf '127.0.0.1\tlocalhost\n127.0.1.1\tvmw-debian12\n' >"$root/etc/hosts"
: >"$root/etc/machine-id"
cat >"$root/etc/fstab" <<T
# /etc/fstab: static file system information.
# <file system> <mount point>   <type>  <options>       <dump>  <pass>
UUID=$root_uuid /               ext4    errors=remount-ro 0       1
/dev/sda$((root_number + 1))       none            swap    sw              0       0
/dev/sr0        /media/cdrom0   udf,iso9660 user,noauto     0       0
T
mkdir -p "$root/media/cdrom0" "$root/boot/grub"
cat >"$root/etc/network/interfaces" <<'T'
auto lo
iface lo inet loopback

# The VMXNET3 adapter of the first port group
allow-hotplug ens192
iface ens192 inet dhcp

# The second adapter
allow-hotplug ens224
iface ens224 inet static
	address 192.0.2.10/24
T
cat >"$root/etc/default/grub" <<'T'
GRUB_DEFAULT=0
GRUB_TIMEOUT=1
GRUB_DISTRIBUTOR=Debian
GRUB_CMDLINE_LINUX_DEFAULT="quiet"
# no_timer_check: on a busy host an emulated timer is too late for the kernel's check, which would panic.
GRUB_CMDLINE_LINUX="console=tty0 console=ttyS0,115200n8 no_timer_check"
T
cat >"$root/usr/local/sbin/v2v-announce" <<'T'
#!/bin/sh
# Says on the console how this guest was booted.
driver() { basename "$(readlink -f "$1/driver")"; }
disk=$(lsblk -nso NAME,TYPE -r "$(findmnt -no SOURCE /)" | awk '$2 == "disk" { print $1; exit }')
case $disk in vd*) disk=virtio_blk ;; *) disk=$(driver "/sys/block/$disk/device/../../..") ;; esac
ready() { ip -4 -o addr show ens224 2>/dev/null | grep -q inet && ip -o link show ens192 2>/dev/null | grep -qw UP; }
i=0
until ready || [ $i -ge 30 ]; do sleep 1; i=$((i + 1)); done
nic=
for n in /sys/class/net/*; do [ ! -e "$n/device/driver" ] || nic=${nic:+$nic,}$(driver "$n/device"); done
first=$(ip -o link show ens192 2>/dev/null | grep -qw UP && echo up || echo missing)
second=$(ip -4 -o addr show ens224 2>/dev/null | awk '{ print $4 }')
swap=$(awk 'NR > 1 { print $1 }' /proc/swaps)
failed=$(systemctl list-units --failed --no-legend --plain | awk '{ printf "%s%s", s, $1; s = "," }')
printf '\r\nV2V-GUEST-UP disk=%s nic=%s ens192=%s ens224=%s swap=%s failed=%s\r\n' \
	"$disk" "${nic:-none}" "$first" "${second:-none}" "${swap:-none}" "${failed:-none}" >/dev/ttyS0
T
chmod 755 "$root/usr/local/sbin/v2v-announce"
cat >"$root/etc/systemd/system/v2v-announce.service" <<'T'
[Unit]
Description=Say on the console how this guest was booted
After=local-fs.target swap.target

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/v2v-announce

[Install]
WantedBy=multi-user.target
T
chroot "$root" systemctl --quiet enable v2v-announce.service open-vm-tools.service

kver=$(basename "$(find "$root/lib/modules/" -mindepth 1 -maxdepth 1 -type d | sort -V | tail -n 1)")
rm -f "$root/boot/"initrd.img-*
printf '%s\n' mptspi mptsas vmw_pvscsi ahci ata_piix sd_mod ext4 >"$root/etc/initramfs-tools/modules"
mount -t proc proc "$root/proc"
mounted=$root/proc
chroot "$root" update-initramfs -c -k "$kver" >"$work/initramfs.log" 2>&1 || { cat "$work/initramfs.log" >&2; die "update-initramfs failed"; }
umount "$root/proc"
mounted=''
cp "$root/boot/vmlinuz-$kver" "$work/vmlinuz"
cp "$root/boot/initrd.img-$kver" "$work/initrd"

cat >"$root/v2v-finish" <<'T'
#!/bin/sh
# Runs once in place of init: makes the guest bootable from its own disk.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C
if [ "$0" != /run/v2v-finish ]; then
	# / cannot be made read-only while a deleted file of it is in use.
	mountpoint -q /run || mount -t tmpfs tmpfs /run
	cp /v2v-finish /run/v2v-finish
	exec /bin/sh /run/v2v-finish
fi
exec </dev/console >/dev/console 2>&1
mountpoint -q /proc || mount -t proc proc /proc
mountpoint -q /sys || mount -t sysfs sysfs /sys
mountpoint -q /dev || mount -t devtmpfs dev /dev
mount -o remount,rw /
grub-install --target=i386-pc /dev/sda && update-grub && ok=yes
rm -f /v2v-finish
sync
cd /
mount -o remount,ro / || ok=no
echo "V2V-FINISH ok=$ok"
sleep 1
echo o >/proc/sysrq-trigger
sleep 60
T
chmod 755 "$root/v2v-finish"

# --- the file systems -------------------------------------------------------------------------------------------------------------------

put() { dd if="$1" of="$out" bs=64K seek="$2" oflag=seek_bytes conv=notrunc,sparse status=none; rm "$1"; }
truncate -s $((swap_sectors * 512)) "$work/swap.img"
mkswap -q "$work/swap.img" 2>/dev/null
put "$work/swap.img" $((swap_start * 512))
truncate -s $((root_sectors * 512)) "$work/root.img"
mke2fs -q -t ext4 -F -U "$root_uuid" -d "$root" "$work/root.img"
put "$work/root.img" $((root_start * 512))
rm -rf --one-file-system "$root"

# --- the finishing boot -----------------------------------------------------------------------------------------------------------------

qemu-system-x86_64 -machine q35,graphics=off -accel tcg,thread=multi -cpu max -smp 2 -m 1024 \
	-nodefaults -no-user-config -display none -no-reboot -kernel "$work/vmlinuz" -initrd "$work/initrd" \
	-append "root=UUID=$root_uuid ro console=ttyS0,115200n8 no_timer_check panic=5 init=/v2v-finish" \
	-drive "if=none,id=d0,format=raw,cache=unsafe,file=$out" -device ide-hd,drive=d0,bus=ide.0 -serial "file:$work/console" </dev/null &
qemu=$!
for _ in $(seq 600); do
	kill -0 $qemu 2>/dev/null || break
	! grep -qaE 'Kernel panic|\(initramfs\)' "$work/console" 2>/dev/null || break
	sleep 1
done
kill $qemu 2>/dev/null || true
wait $qemu 2>/dev/null || true
qemu=''
grep -qa 'V2V-FINISH ok=yes' "$work/console" || { tail -n 40 "$work/console" >&2; die "the finishing boot failed"; }
