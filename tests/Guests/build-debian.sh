#!/usr/bin/env bash
#
# build-debian.sh - build a real, bootable Debian 12 guest with the marks of VMware.
#
# Usage: build-debian.sh OUT.raw [--fs ext4|xfs] [--lvm] [--initramfs initramfs-tools|dracut] [--table mbr|gpt] [--firmware bios|uefi]
#                        [--no-efi-fallback] [--unsigned-efi] [--cache DIR]
#
# --lvm               / and swap are logical volumes of the group vg0, and /boot is a partition with the same kind of file system as /
# --initramfs dracut  a host-only image, made in the guest on SATA hardware
# --no-efi-fallback   boots by an entry in NVRAM only: without EFI/BOOT/BOOTX64.EFI
# --unsigned-efi      GRUB as grub-install makes it, without shim
#
# What is VMware-like about it: its initramfs has the drivers of VMware's controllers (or, made by dracut, of SATA) and none of virtio, so it
# does not boot from a virtio disk until it has been converted; /etc/fstab names one partition /dev/sdaN, swap or /boot;
# /etc/network/interfaces names ens192 and ens224, the second with a static address; open-vm-tools is installed and enabled.
#
# At the end of each boot it writes one line to the console:
#   V2V-GUEST-UP disk=virtio_blk nic=virtio_net,virtio_net ens192=up ens224=192.0.2.10/24 swap=/dev/vda2 failed=none root=ext4 secureboot=0 tpm=none
#
# How: mmdebstrap makes the base system (kept in the cache), the file systems are made as files and copied to their places in the disk, and
# the guest is booted once under QEMU with a small program in place of init that runs grub-install, update-grub and dracut in the guest itself.
# The device mapper is not needed: LVM's tools only write their metadata.
#
# Needs: root, mmdebstrap, qemu-system-x86, qemu-utils, e2fsprogs, fdisk; xfsprogs, lvm2 and dosfstools according to the options.

set -euo pipefail
die() { echo "${0##*/}: $*" >&2; exit 1; }
out='' fs=ext4 lvm=no initramfs=initramfs-tools table='' firmware=bios fallback=yes signed=yes cache=${TMPDIR:-/tmp}/v2v-guests
while [ $# -gt 0 ]; do
	case $1 in
		--fs) fs=${2:?}; shift ;;
		--lvm) lvm=yes ;;
		--initramfs) initramfs=${2:?}; shift ;;
		--table) table=${2:?}; shift ;;
		--firmware) firmware=${2:?}; shift ;;
		--no-efi-fallback) fallback=no ;;
		--unsigned-efi) signed=no ;;
		--cache) cache=${2:?}; shift ;;
		-*) die "unknown option $1" ;;
		*) out=$1 ;;
	esac
	shift
done
[ -n "$out" ] || die "say where to write the disk"
case $fs in ext4 | xfs) ;; *) die "--fs is ext4 or xfs" ;; esac
case $initramfs in initramfs-tools | dracut) ;; *) die "--initramfs is initramfs-tools or dracut" ;; esac
case $firmware in bios) : "${table:=mbr}" ;; uefi) : "${table:=gpt}" ;; *) die "--firmware is bios or uefi" ;; esac
case $table in mbr | gpt) ;; *) die "--table is mbr or gpt" ;; esac
[ "$(id -u)" -eq 0 ] || die "must be run as root"
tools='mmdebstrap qemu-system-x86_64 mke2fs mkswap sfdisk'
[ $fs = ext4 ] || tools+=' mkfs.xfs'
[ $lvm = no ] || tools+=' lvm losetup'
[ $firmware = bios ] || tools+=' mkfs.vfat'
for c in $tools; do command -v $c >/dev/null || die "$c is needed"; done

work=$(mktemp -d)
qemu='' mounted='' loop=''
cleanup() {
	rc=$?
	trap - EXIT
	[ -z "$qemu" ] || kill "$qemu" 2>/dev/null || true
	[ -z "$mounted" ] || umount "$mounted" || true
	[ -z "$loop" ] || losetup -d "$loop" || true
	rm -rf --one-file-system "$work"
	exit $rc
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# --- the base system --------------------------------------------------------------------------------------------------------------------

packages=linux-image-amd64,systemd-sysv,udev,kmod,login,passwd,util-linux,mount,iproute2,ifupdown,isc-dhcp-client,netbase
packages+=,e2fsprogs,xfsprogs,lvm2,dosfstools,open-vm-tools,zstd,attr,$initramfs
packages+=,grub-pc,grub-efi-amd64-bin,grub-efi-amd64-signed,shim-signed
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
	# INITRD=No: the kernel's hooks would make an initramfs, which is made below, when everything is in place.
	printf '#!/bin/sh\nset -e\nmkdir -p "$1/etc/initramfs-tools/conf.d"\necho MODULES=list >"$1/etc/initramfs-tools/conf.d/driver-policy"\n' >"$work/setup"
	chmod +x "$work/setup"
	INITRD=No mmdebstrap --quiet --variant=minbase --mode=root --aptopt='Acquire::Languages "none"' "${drop[@]/#/--dpkgopt=path-exclude=}" \
		--include="$packages" --setup-hook="$work/setup" --format=tar bookworm "$base.part" "deb $mirror bookworm main"
	mv "$base.part" "$base"
fi
root=$work/root
mkdir "$root"
tar -xpf "$base" -C "$root" --numeric-owner --xattrs --xattrs-include='*'

# --- the disk's layout ------------------------------------------------------------------------------------------------------------------

# Sizes are in sectors of 512 bytes. One mebibyte stays free at the end, for the second GPT.
mib=2048
disk=$((2048 * mib)) swap=$((128 * mib))
rm -f "$out"
truncate -s 2G "$out"
declare -A start=() size=() number=()
next=$mib script="label: $([ $table = gpt ] && echo gpt || echo dos)"
partition() { # NAME SIZE MBR-TYPE GPT-TYPE
	start[$1]=$next size[$1]=$2 number[$1]=$((${#number[@]} + 1))
	next=$((next + $2))
	if [ $table = gpt ]; then script+=$'\n'"start=${start[$1]}, size=$2, type=$4"; else script+=$'\n'"start=${start[$1]}, size=$2, type=$3"; fi
}
linux=0FC63DAF-8483-4772-8E79-3D69D8477DE4
if [ $firmware = uefi ]; then
	partition esp $((64 * mib)) ef C12A7328-F81F-11D2-BA4B-00A0C93EC93B
elif [ $table = gpt ]; then
	partition biosboot $mib ef 21686148-6449-6E6F-744E-656564454649
fi
if [ $lvm = yes ]; then
	# XFS cannot be smaller than 300 MiB.
	partition boot $((320 * mib)) "83, bootable" $linux
	partition lvm $((disk - next - mib)) 8e E6D6D379-F507-44C2-A23C-238F2A3DF928
else
	partition root $((disk - next - swap - mib)) "83, bootable" $linux
	partition swap $swap 82 0657FD6D-A4AB-43C4-84E5-0933C84B4F4F
fi
sfdisk --quiet --no-reread --no-tell-kernel "$out" >/dev/null <<<"$script"
root_uuid=$(cat /proc/sys/kernel/random/uuid)
esp_id=$(od -An -N4 -tx4 /dev/urandom | tr -d ' ' | tr a-f A-F)

# --- the guest's configuration ----------------------------------------------------------------------------------------------------------

echo vmw-debian12 >"$root/etc/hostname"
printf '127.0.0.1\tlocalhost\n127.0.1.1\tvmw-debian12\n' >"$root/etc/hosts"
: >"$root/etc/machine-id"
{
	echo '# <file system> <mount point>   <type>  <options>       <dump>  <pass>'
	if [ $lvm = yes ]; then
		echo "/dev/mapper/vg0-root /    $fs     defaults        0       1"
		echo "/dev/sda${number[boot]}  /boot           $fs     defaults        0       2"
		echo "/dev/mapper/vg0-swap none swap    sw              0       0"
	else
		echo "UUID=$root_uuid /         $fs     defaults        0       1"
		echo "/dev/sda${number[swap]}  none            swap    sw              0       0"
	fi
	[ $firmware = bios ] || echo "UUID=${esp_id:0:4}-${esp_id:4} /boot/efi  vfat    umask=0077      0       1"
	echo '/dev/sr0        /media/cdrom0   udf,iso9660 user,noauto     0       0'
} >"$root/etc/fstab"
mkdir -p "$root/media/cdrom0" "$root/boot/grub" "$root/boot/efi"
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
secure=$(od -An -j4 -N1 -tu1 /sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c 2>/dev/null | tr -d ' ')
tpm=$(cat /sys/class/tpm/tpm0/tpm_version_major 2>/dev/null)
printf '\r\nV2V-GUEST-UP disk=%s nic=%s ens192=%s ens224=%s swap=%s failed=%s root=%s secureboot=%s tpm=%s\r\n' \
	"$disk" "${nic:-none}" "$first" "${second:-none}" "${swap:-none}" "${failed:-none}" "$(findmnt -no FSTYPE /)" "${secure:-0}" "${tpm:-none}" >/dev/ttyS0
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
vmware='mptspi mptsas vmw_pvscsi ahci ata_piix sd_mod'
virtio='virtio virtio_ring virtio_pci virtio_blk virtio_scsi virtio_net virtio_console virtio_balloon virtio_rng'
without_virtio="--omit 'qemu qemu-net' --omit-drivers '$virtio'"
if [ $initramfs = dracut ]; then
	# The first one has to be generic; the guest itself replaces it by a host-only one.
	echo 'hostonly="yes"' >"$root/etc/dracut.conf.d/10-hostonly.conf"
	make="dracut --force --no-hostonly --gzip $without_virtio --force-drivers '$vmware' --filesystems $fs /boot/initrd.img-$kver $kver"
else
	printf '%s\n' $vmware $fs dm_mod >"$root/etc/initramfs-tools/modules"
	make="update-initramfs -c -k $kver"
fi
mount -t proc proc "$root/proc"
mounted=$root/proc
chroot "$root" env -u TMPDIR sh -c "$make" >"$work/initramfs.log" 2>&1 || { cat "$work/initramfs.log" >&2; die "the initramfs could not be made"; }
umount "$root/proc"
mounted=''
cp "$root/boot/vmlinuz-$kver" "$work/vmlinuz"
cp "$root/boot/initrd.img-$kver" "$work/initrd"

case $firmware in
	bios) finish='grub-install --target=i386-pc /dev/sda' ;;
	uefi)
		finish='grub-install --target=x86_64-efi --no-nvram'
		[ $signed = yes ] || finish+=' --no-uefi-secure-boot'
		[ $fallback = no ] || finish+=" && $finish --removable"
		;;
esac
finish+=' && update-grub'
[ $initramfs = initramfs-tools ] || finish+=" && dracut --force --hostonly $without_virtio /boot/initrd.img-$kver $kver"
echo "$finish" >"$root/v2v-finish.commands"
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
mount -a
sh -c "$(cat /v2v-finish.commands)" && ok=yes
rm -f /v2v-finish /v2v-finish.commands
sync
cd /
umount /boot/efi /boot 2>/dev/null
mount -o remount,ro / || ok=no
echo "V2V-FINISH ok=$ok"
sleep 1
echo o >/proc/sysrq-trigger
sleep 60
T
chmod 755 "$root/v2v-finish"

# --- the file systems -------------------------------------------------------------------------------------------------------------------

put() { dd if="$1" of="$out" bs=64K seek=$(($2 * 512)) oflag=seek_bytes conv=notrunc,sparse status=none; rm "$1"; }
file_system() { # IMAGE SECTORS UUID DIRECTORY
	truncate -s $(($2 * 512)) "$1"
	if [ $fs = ext4 ]; then
		mke2fs -q -t ext4 -F -U "$3" -d "$4" "$1"
		return
	fi
	# Not the features that the guest's GRUB does not know, where the tools have them.
	usage=$(mkfs.xfs 2>&1 || true) old=()
	for o in nrext64 exchange; do [[ $usage != *$o=* ]] || old+=(-i $o=0); done
	[[ $usage != *parent=* ]] || old+=(-n parent=0)
	mkfs.xfs -q "${old[@]}" -m "uuid=$3" "$1"
	mkdir -p "$work/mnt"
	mount -o loop "$1" "$work/mnt"
	mounted=$work/mnt
	tar -cf - -C "$4" --numeric-owner --xattrs --xattrs-include='*' . | tar -xpf - -C "$work/mnt" --numeric-owner --xattrs --xattrs-include='*'
	umount "$work/mnt"
	mounted=''
}

if [ $firmware = uefi ]; then
	truncate -s $((size[esp] * 512)) "$work/esp.img"
	mkfs.vfat -F 32 -i "$esp_id" "$work/esp.img" >/dev/null
	put "$work/esp.img" "${start[esp]}"
fi
if [ $lvm = yes ]; then
	mv "$root/boot" "$work/boot"
	mkdir "$root/boot"
	file_system "$work/boot.img" "${size[boot]}" "$(cat /proc/sys/kernel/random/uuid)" "$work/boot"
	put "$work/boot.img" "${start[boot]}"

	# The volumes lie in the group one after the other, from the first extent on.
	loop=$(losetup --find --show --offset $((start[lvm] * 512)) --sizelimit $((size[lvm] * 512)) "$out")
	lvm() { command lvm "$@" --driverloaded n --config "devices { use_devicesfile=0 filter=[\"a|^$loop\$|\", \"r|.*|\"] } activation { udev_sync=0 udev_rules=0 monitoring=0 } backup { backup=0 archive=0 }" 2>"$work/lvm.log" || { cat "$work/lvm.log" >&2; die "lvm $1 failed"; }; }
	lvm pvcreate -qq -y "$loop"
	lvm vgcreate -qq vg0 "$loop"
	lvm lvcreate -qq -an -Zn -Wn -y -n swap -L $((swap / mib))M vg0
	lvm lvcreate -qq -an -Zn -Wn -y -n root -l 100%FREE vg0
	sectors() { lvm "$@" --noheadings --nosuffix --units s | tr -d ' '; }
	start[swap]=$((start[lvm] + $(sectors pvs -o pe_start "$loop")))
	size[swap]=$(sectors lvs -o lv_size vg0/swap)
	start[root]=$((start[swap] + size[swap]))
	size[root]=$(sectors lvs -o lv_size vg0/root)
	losetup -d "$loop"
	loop=''
fi
truncate -s $((size[swap] * 512)) "$work/swap.img"
mkswap -q "$work/swap.img" 2>/dev/null
put "$work/swap.img" "${start[swap]}"
file_system "$work/root.img" "${size[root]}" "$root_uuid" "$root"
put "$work/root.img" "${start[root]}"
rm -rf --one-file-system "$root"

# --- the finishing boot -----------------------------------------------------------------------------------------------------------------

qemu-system-x86_64 -machine q35,graphics=off -accel tcg,thread=multi -cpu max -smp 2 -m 1024 \
	-nodefaults -no-user-config -display none -no-reboot -kernel "$work/vmlinuz" -initrd "$work/initrd" \
	-append "root=$([ $lvm = yes ] && echo /dev/mapper/vg0-root || echo "UUID=$root_uuid") ro console=ttyS0,115200n8 no_timer_check panic=5 init=/v2v-finish" \
	-drive "if=none,id=d0,format=raw,cache=unsafe,file=$out" -device ide-hd,drive=d0,bus=ide.0 -serial "file:$work/console" </dev/null &
qemu=$!
for _ in $(seq 600); do
	kill -0 $qemu 2>/dev/null || break
	! grep -qaE 'Kernel panic|\(initramfs\)|dracut:/#' "$work/console" 2>/dev/null || break
	sleep 1
done
kill $qemu 2>/dev/null || true
wait $qemu 2>/dev/null || true
qemu=''
grep -qa 'V2V-FINISH ok=yes' "$work/console" || { tail -n 40 "$work/console" >&2; die "the finishing boot failed"; }
