#!/usr/bin/env bash
#
# grow-debian.sh - the Debian guest on a larger disk, with more data or files in it.
#
# Usage: grow-debian.sh GUEST.raw OUT.raw SIZE FILES
#
# Its swap partition goes, its root file system grows to the disk's end and gets FILES empty files in a directory; with 0 instead one file of
# 1400 MiB that does not compress. GUEST.raw is one that tests/Guests/build-debian.sh made with --table mbr.
#
# Needs: fdisk, e2fsprogs.

set -euo pipefail
guest=${1:?} out=${2:?} size=${3:?} files=${4:?}
start=2048
cp --sparse=always "$guest" "$out"
truncate -s "$size" "$out"
printf 'label: dos\nstart=%s, type=83, bootable\n' $start | sfdisk -q --no-reread --wipe never "$out"
fs="$out?offset=$((start * 512))"
e2fsck -fy "$fs" >/dev/null 2>&1 || [ $? -le 1 ]
resize2fs "$fs" $((($(stat -c %s "$out") / 512 - start) / 8)) >/dev/null 2>&1
truncate -s "$size" "$out" # resize2fs takes the file system's end for the file's
commands=$(mktemp)
trap 'rm -f "$commands" "$commands.data"' EXIT
if [ "$files" = 0 ]; then
	head -c 1400M /dev/urandom >"$commands.data"
	echo "write $commands.data /var/filler" >"$commands"
else
	: >"$commands.data"
	echo 'mkdir /srv/files' >"$commands"
	for ((i = 0; i < files; i++)); do
		((i % 1000)) || printf 'cd /srv/files\nmkdir %s\ncd %s\n' d$i d$i
		echo "write $commands.data f$i"
	done >>"$commands"
fi
debugfs -w -f "$commands" "$fs" >/dev/null 2>&1
e2fsck -fn "$fs" >/dev/null 2>&1 || { echo "$out is damaged" >&2; exit 1; }
