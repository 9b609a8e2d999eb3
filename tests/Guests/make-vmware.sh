#!/usr/bin/env bash
#
# make-vmware.sh - turn a guest's raw disk into the forms in which VMware keeps and exports it.
#
# Usage: make-vmware.sh GUEST.raw OUTDIR
#
#   OUTDIR/sparse/guest.vmdk           Workstation: monolithicSparse
#   OUTDIR/flat/guest.vmx, .vmdk, -flat.vmdk   ESXi datastore: a VMFS flat extent
#   OUTDIR/ova/guest.ova               vSphere export: streamOptimized, SHA-256 manifest
#
# Needs: qemu-utils, tar.

set -euo pipefail
guest=${1:?} out=${2:?}
name=guest
size=$(stat -c %s "$guest")
rm -rf "$out"
mkdir -p "$out"/{sparse,flat,ova}

qemu-img convert -f raw -O vmdk -o subformat=monolithicSparse,adapter_type=lsilogic "$guest" "$out/sparse/$name.vmdk"

cp --sparse=always "$guest" "$out/flat/$name-flat.vmdk"
cat >"$out/flat/$name.vmdk" <<T
# Disk DescriptorFile
version=1
encoding="UTF-8"
CID=9f8e7d6c
parentCID=ffffffff
createType="vmfs"

# Extent description
RW $((size / 512)) VMFS "$name-flat.vmdk"

# The Disk Data Base
#DDB

ddb.adapterType = "lsilogic"
ddb.thinProvisioned = "1"
ddb.virtualHWVersion = "20"
T
cat >"$out/flat/$name.vmx" <<T
.encoding = "UTF-8"
config.version = "8"
virtualHW.version = "20"
displayName = "$name"
guestOS = "debian12-64"
memSize = "1024"
numvcpus = "2"
scsi0.present = "TRUE"
scsi0.virtualDev = "pvscsi"
scsi0:0.deviceType = "scsi-hardDisk"
scsi0:0.fileName = "$name.vmdk"
scsi0:0.present = "TRUE"
ethernet0.virtualDev = "vmxnet3"
ethernet0.networkName = "VM Network"
ethernet0.addressType = "vpx"
ethernet0.generatedAddress = "00:50:56:9a:00:01"
ethernet0.pciSlotNumber = "192"
ethernet0.present = "TRUE"
ethernet1.virtualDev = "e1000"
ethernet1.networkName = "Storage |22A|22 & backup"
ethernet1.addressType = "static"
ethernet1.address = "00:50:56:9a:00:02"
ethernet1.pciSlotNumber = "224"
ethernet1.present = "TRUE"
T

qemu-img convert -f raw -O vmdk -o subformat=streamOptimized,adapter_type=lsilogic "$guest" "$out/ova/$name-1.vmdk"
sed -e "s/@NAME@/$name/g; s/@SIZE@/$(stat -c %s "$out/ova/$name-1.vmdk")/; s/@CAPACITY@/$size/" "$(dirname "$0")/guest.ovf.in" >"$out/ova/$name.ovf"
cd "$out/ova"
for f in $name.ovf $name-1.vmdk; do printf 'SHA256(%s)= %s\n' $f "$(sha256sum <$f | cut -d' ' -f1)"; done >$name.mf
tar -cf $name.ova --format=ustar --owner=someone:64 --group=someone:20 $name.ovf $name.mf $name-1.vmdk
rm $name.ovf $name.mf $name-1.vmdk
