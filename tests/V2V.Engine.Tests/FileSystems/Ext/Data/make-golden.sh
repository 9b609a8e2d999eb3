set -e
mkdir -p src/etc/default src/many mnt
printf 'golden\n' > src/etc/hostname; printf 'GRUB_TIMEOUT=5\n' > src/etc/default/grub; ln src/etc/hostname src/hard
ln -s ../etc/hostname src/short; ln -s /a/rather/long/target/that/does/not/fit/into/the/sixty/bytes/of/an/inode src/long
yes golden | head -c 108894 > src/lines; truncate -s 300000 src/sparse; printf end >> src/sparse
for i in $(seq 40); do : > src/many/entry-$i; done; printf x > src/ünïcödé
chown -R 0:0 src; chown 1000:70000 src/lines; chmod 4755 src/etc/default/grub
setfattr -n user.note -v golden src/lines; setfattr -n security.selinux -v system_u:object_r:etc_t:s0 src/etc/hostname
find src -exec touch -h -d '2024-02-29 12:34:56Z' {} +
id=6e1f0a2b-3c4d-4e5f-8a9b-0c1d2e3f4a5b
make() { mke2fs -q -F -U $id -E nodiscard,hash_seed=$id -L "$1" -d src "${@:2}"; }
make ext2    -t ext2 -b 1024 -I 128 -N 128 ext2 1M
make ext3    -t ext3 -b 1024 -I 256 -N 128 -J size=1 ext3 3M
make ext4    -t ext4 -b 1024 -O metadata_csum,64bit,inline_data -N 128 -J size=1 ext4 3M
make ext4-4k -t ext4 -b 4096 -O metadata_csum,64bit,^has_journal -N 128 ext4-4k 3M
make rev0    -t ext2 -r 0 -b 1024 -N 64 rev0 1M

# The kernel's own writing, copied while it is mounted: three transactions wait in the journal.
mke2fs -q -F -U $id -E hash_seed=$id,lazy_itable_init=0 -L linux -t ext4 -b 1024 -N 512 -J size=1 mounted 6M
mount -o loop mounted mnt
cp -a src/. mnt/; mkdir mnt/large
for i in $(seq 300); do : > mnt/large/a-file-with-a-name-that-fills-its-directory-$i; done; rm mnt/large/*-1*
for i in $(seq 0 60); do printf $i | dd of=mnt/holes bs=1 seek=$((i * 3000)) conv=notrunc status=none; done
setfattr -n user.big -v $(printf 'b%.0s' $(seq 400)) mnt/large
sync -f mnt; mkdir mnt/late; printf journalled > mnt/late/file; mv mnt/etc/default/grub mnt/late/; rm mnt/many/entry-1*
sync -f mnt; cp mounted linux

# What find, sha256sum and getfattr say: path, type, mode, owner, links, size, time, contents or target.
list() (
  cd "$1"; find . ! -name lost+found \( -type f -printf '%p\t%y\t%m\t%U:%G\t%n\t%s\t%T@\t' -exec sh -c 'sha256sum < "$1" | cut -c1-64' - {} \; \
    -o -type l -printf '%p\t%y\t%m\t%U:%G\t%n\t%s\t%T@\t%l\n' -o -type d -printf '%p\t%y\t%m\t%U:%G\t%n\t\t\t\n' \) | LC_ALL=C sort
  getfattr -R -P -d -e hex -m - . | LC_ALL=C awk '/^# file/ { file = $3 } /=/ { print file "\t" $0 }' | LC_ALL=C sort)
list src > source.tree; list mnt > linux.tree
umount mnt
gzip -9n ext2 ext3 ext4 ext4-4k rev0 linux source.tree linux.tree
