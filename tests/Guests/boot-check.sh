#!/usr/bin/env bash
#
# boot-check.sh - does a disk boot, and does the guest find what it should?
#
# Usage: boot-check.sh DISK... --bus virtio|scsi|sata [--firmware bios|uefi] [--mac ADDRESS]... [--nic MODEL] [--keep]
#                      [--kernel FILE --initrd FILE --append ARGUMENTS] [--expect REGEX] [--timeout SECONDS]
#
# Boots the first disk, or the kernel, under QEMU (software emulation, nothing is written without --keep) on a virtio-blk, virtio-scsi or SATA
# controller, with one network adapter per --mac, of virtio unless --nic names another model; UEFI has an empty NVRAM. Waits for a line on the
# serial console that matches the extended regular expression (default V2V-GUEST-UP). Exit status 0 and the line when it comes; 1 and the end of
# the console when it does not.

set -euo pipefail
disks=() bus=virtio firmware=bios macs=() boot=() expect=V2V-GUEST-UP timeout=300 nic=virtio-net-pci writes=(-snapshot)
while [ $# -gt 0 ]; do
	case $1 in
		--bus) bus=${2:?}; shift ;;
		--firmware) firmware=${2:?}; shift ;;
		--mac) macs+=("${2:?}"); shift ;;
		--nic) nic=${2:?}; shift ;;
		--keep) writes=() ;;
		--kernel | --initrd | --append) boot+=("${1#-}" "${2:?}"); shift ;;
		--expect) expect=${2:?}; shift ;;
		--timeout) timeout=${2:?}; shift ;;
		-*) echo "unknown option $1" >&2; exit 2 ;;
		*) disks+=("$1") ;;
	esac
	shift
done
work=$(mktemp -d)
qemu=''
trap 'rc=$?; trap - EXIT; [ -z "$qemu" ] || kill "$qemu" 2>/dev/null || true; wait || true; rm -rf "$work"; exit $rc' EXIT
trap 'exit 130' INT TERM

args=(-machine q35,graphics=off -accel tcg,thread=multi -cpu max -smp 2 -m 1024 -nodefaults -no-user-config -display none -no-reboot
	"${writes[@]}" -vga std -serial "file:$work/console" "${boot[@]}")
case $bus in
	virtio) device=virtio-blk-pci ;;
	scsi) device=scsi-hd; args+=(-device virtio-scsi-pci) ;;
	sata) device=ide-hd ;;
	*) echo "--bus is virtio, scsi or sata" >&2; exit 2 ;;
esac
case $firmware in
	bios) ;;
	uefi)
		cp /usr/share/OVMF/OVMF_VARS_4M.fd "$work/nvram"
		args+=(-drive if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd
			-drive "if=pflash,unit=1,format=raw,file=$work/nvram")
		;;
	*) echo "--firmware is bios or uefi" >&2; exit 2 ;;
esac
for i in "${!disks[@]}"; do
	format=$(qemu-img info -U --output=json "${disks[i]}" | sed -n 's/^    "format": "\(.*\)",\{0,1\}$/\1/p' | tail -n 1)
	args+=(-drive "if=none,id=d$i,format=$format,cache=unsafe,file=${disks[i]//,/,,}" -device "$device,drive=d$i,bootindex=$((i + 1))")
done
for i in "${!macs[@]}"; do
	args+=(-netdev "user,id=n$i,restrict=on" -device "$nic,netdev=n$i,mac=${macs[i]},romfile=")
done
: >"$work/console"
TMPDIR=$work qemu-system-x86_64 "${args[@]}" </dev/null 2>"$work/errors" &
qemu=$!
limit=$((SECONDS + timeout))
console() { tr -d '\r\000' <"$work/console"; }
while ! console | grep -qE -- "$expect"; do
	if ! kill -0 $qemu 2>/dev/null || [ $SECONDS -ge $limit ] || console | grep -qE 'Kernel panic|No bootable device|^\(initramfs\)|emergency mode|grub rescue>|grub>|dracut:/#|Shell>'; then
		echo "no '$expect' on the console; it ends:" >&2
		console | tail -n 40 >&2
		cat "$work/errors" >&2
		exit 1
	fi
	sleep 0.5
done
console | grep -E -- "$expect" | head -n 1
