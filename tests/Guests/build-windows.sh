#!/usr/bin/env bash
#
# build-windows.sh - build a disk that is laid out as that of a Windows guest of VMware. There is no code of Microsoft in it, and it does not boot.
#
# Usage: build-windows.sh OUT.raw [options]
#
#   --version XP|2003|7|2008R2|2012R2|10|2016|2019|2022|11|2025   (default 2016)
#   --arch i386|x86_64|arm64   (default i386 for XP and 2003, else x86_64; arm64 for 10 and 11)
#   --firmware bios|uefi       (default bios; uefi for 11 and 2025)
#   --size SIZE                (default 512M; the file is sparse)
#   --cluster BYTES            of the Windows volume (default 4096)
#   --files N                  small files in one directory, for deep indexes (default 300)
#   --data-disk FILE           a second disk of 96 MiB, which the guest calls E:
#   --static                   the first adapter has static addresses
#   --universal-time           the hardware clock is in UTC (RealTimeIsUniversal)
#   --control-set N            the current one (default 1)
#   --policy                   a group policy was applied, which restricts the installation of devices
#   --recovery-console         installed on the hard disk (XP and 2003)
#   --hibernated               a hibernation image is in hiberfil.sys, as fast startup leaves one
#   --dirty                    the Windows volume has its dirty flag set
#   --bitlocker                the Windows volume is encrypted: has BitLocker's signature, and noise for its metadata
#
# Layout: XP and 2003 have one partition; BIOS has a System Reserved partition before it; UEFI has an ESP, a reserved partition, Windows, Recovery.
# What is where follows what Windows itself leaves: letters in MountedDevices, adapters in Class, Network and Tcpip, DriverDatabase from 8 on,
# VMware Tools with its services, files and uninstaller. The Windows volume has files of every kind that NTFS knows: compressed, sparse, in many runs
# with an attribute list, hard links, named streams, 8.3 names, junctions and a symbolic link, and from 10 on files that CompactOS compressed.
#
# Needs: root, FUSE, ntfs-3g, libwin-hivex-perl, fdisk, attr; dosfstools and mtools for UEFI; wimtools for CompactOS's own compression.

set -euo pipefail
die() { echo "${0##*/}: $*" >&2; exit 1; }
here=$(cd "$(dirname "$0")" && pwd)
parts() { perl "$here/windows-parts.pl" "$@"; }

out='' version=2016 arch='' firmware='' size=512M cluster=4096 files=300 data_disk='' static=no universal=no control_set=1
policy=no console=no hibernated=no dirty=no bitlocker=no
while [ $# -gt 0 ]; do
	case $1 in
		--version) version=${2:?}; shift ;;
		--arch) arch=${2:?}; shift ;;
		--firmware) firmware=${2:?}; shift ;;
		--size) size=${2:?}; shift ;;
		--cluster) cluster=${2:?}; shift ;;
		--files) files=${2:?}; shift ;;
		--data-disk) data_disk=${2:?}; shift ;;
		--static) static=yes ;;
		--universal-time) universal=yes ;;
		--control-set) control_set=${2:?}; shift ;;
		--policy) policy=yes ;;
		--recovery-console) console=yes ;;
		--hibernated) hibernated=yes ;;
		--dirty) dirty=yes ;;
		--bitlocker) bitlocker=yes ;;
		-*) die "unknown option $1" ;;
		*) out=$1 ;;
	esac
	shift
done
[ -n "$out" ] || die "say where to write the disk"

kind=Server service_pack='' release='' revision=1
case $version in
	XP) nt=5.1 build=2600 product='Microsoft Windows XP' edition=Professional kind=Client service_pack='Service Pack 3' ;;
	2003) nt=5.2 build=3790 product='Microsoft Windows Server 2003' edition=Standard service_pack='Service Pack 2' ;;
	7) nt=6.1 build=7601 product='Windows 7 Professional' edition=Professional kind=Client service_pack='Service Pack 1' ;;
	2008R2) nt=6.1 build=7601 product='Windows Server 2008 R2 Standard' edition=ServerStandard service_pack='Service Pack 1' ;;
	2012R2) nt=6.3 build=9600 product='Windows Server 2012 R2 Standard' edition=ServerStandard revision=20269 ;;
	10) nt=10.0 build=19045 product='Windows 10 Pro' edition=Professional kind=Client release=22H2 revision=4046 ;;
	2016) nt=10.0 build=14393 product='Windows Server 2016 Standard' edition=ServerStandard release=1607 revision=6709 ;;
	2019) nt=10.0 build=17763 product='Windows Server 2019 Standard' edition=ServerStandard release=1809 revision=5458 ;;
	2022) nt=10.0 build=20348 product='Windows Server 2022 Standard' edition=ServerStandard release=21H2 revision=2340 ;;
	11) nt=10.0 build=22631 product='Windows 10 Pro' edition=Professional kind=Client release=23H2 revision=3296 ;; # it never changed the name
	2025) nt=10.0 build=26100 product='Windows Server 2025 Standard' edition=ServerStandard release=24H2 revision=1742 ;;
	*) die "unknown version $version" ;;
esac
major=${nt%.*} minor=${nt#*.}
older_than() { [ "$major" -lt "$1" ] || { [ "$major" -eq "$1" ] && [ "$minor" -lt "$2" ]; }; }
if older_than 6 0; then : "${arch:=i386}"; fi
: "${arch:=x86_64}"
case $version in 11 | 2025) : "${firmware:=uefi}" ;; esac
: "${firmware:=bios}"
case $arch in
	i386) inf_arch=x86 processor=x86 ;;
	x86_64) inf_arch=amd64 processor=AMD64 ;;
	arm64) inf_arch=arm64 processor=ARM64; [ "$major" = 10 ] || die "Windows $version was not made for ARM" ;;
	*) die "--arch is i386, x86_64 or arm64" ;;
esac
if [ "$version $arch" = 'XP x86_64' ]; then nt=5.2 minor=2 build=3790 service_pack='Service Pack 2'; fi # it is Server 2003's
case $firmware in bios) ;; uefi) older_than 6 1 && die "Windows $version does not start from UEFI" ;; *) die "--firmware is bios or uefi" ;; esac
[ $console = no ] || older_than 6 0 || die "only XP and 2003 have a Recovery Console"
[ "$(id -u)" -eq 0 ] || die "must be run as root"
tools='mkntfs ntfs-3g sfdisk setfattr perl'
[ $firmware = bios ] || tools+=' mkfs.vfat mcopy'
for c in $tools; do command -v $c >/dev/null || die "$c is needed"; done
perl -MWin::Hivex -e 1 2>/dev/null || die "the Perl module Win::Hivex is needed"
case $size in
	*G) bytes=$((${size%G} << 30)) ;;
	*M) bytes=$((${size%M} << 20)) ;;
	*) bytes=$size ;;
esac

work=$(mktemp -d)
mounted=''
cleanup() {
	rc=$?
	trap - EXIT
	[ -z "$mounted" ] || umount "$mounted" || true
	rm -rf --one-file-system "$work"
	exit $rc
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# --- disks and file systems -------------------------------------------------------------------------------------------------------------

# In sectors of 512 bytes.
mib=2048
total=$((bytes / 512))
signature=6d5a3c21 data_signature=7e4b1d90
windows_guid=0A1B2C3D-4E5F-4677-8899-AABBCCDDEEFF data_guid=5F0C7A11-93D4-4B6E-A2C8-0D1E2F304152
basic=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7

table() { # DISK BYTES, and sfdisk's script on standard input
	rm -f "$1"
	truncate -s "$2" "$1"
	sfdisk --quiet --no-reread --no-tell-kernel "$1" >/dev/null
}
put() { # DISK IMAGE START
	dd if="$2" of="$1" bs=64K seek=$(($3 * 512)) oflag=seek_bytes conv=notrunc,sparse status=none
	rm "$2"
}
make_ntfs() { # IMAGE SECTORS START LABEL CLUSTER
	truncate -s $(($2 * 512)) "$1"
	mkntfs -q -Q -F -c "$5" -p "$3" -H 255 -S 63 -L "$4" "$1" >/dev/null 2>&1 || die "mkntfs failed"
	mkdir -p "$work/mnt"
	ntfs-3g -o compression,streams_interface=windows,big_writes,noatime "$1" "$work/mnt" || die "ntfs-3g cannot mount"
	mounted=$work/mnt
}
unmount() {
	for _ in $(seq 50); do umount "$mounted" 2>/dev/null && break || sleep 0.1; done
	mounted=''
	# The driver writes its last parts after the mount is gone.
	while pgrep -f "ntfs-3g .*$work/mnt" >/dev/null; do sleep 0.05; done
}

m=$work/mnt
if older_than 6 0; then
	windows_start=63 windows_size=$((total - 63 - mib))
	table "$out" "$bytes" <<<"label: dos
label-id: 0x$signature
start=$windows_start, size=$windows_size, type=7, bootable"
elif [ $firmware = bios ]; then
	system_start=$mib system_size=$((32 * mib))
	windows_start=$((system_start + system_size)) windows_size=$((total - 34 * mib))
	table "$out" "$bytes" <<<"label: dos
label-id: 0x$signature
start=$system_start, size=$system_size, type=7, bootable
start=$windows_start, size=$windows_size, type=7"
else
	system_start=$mib system_size=$((64 * mib))
	windows_start=$((81 * mib)) windows_size=$((total - 98 * mib))
	recovery_start=$((windows_start + windows_size)) recovery_size=$((16 * mib))
	table "$out" "$bytes" <<<"label: gpt
start=$system_start, size=$system_size, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name=\"EFI system partition\"
start=$((65 * mib)), size=$((16 * mib)), type=E3C9E316-0B5C-4DB8-817D-F92DF00215AE, name=\"Microsoft reserved partition\"
start=$windows_start, size=$windows_size, type=$basic, uuid=$windows_guid, name=\"Basic data partition\"
start=$recovery_start, size=$recovery_size, type=DE94BBA4-06D1-4D40-A16A-BFD50179D6AC, name=\"Basic data partition\""
fi

# What MountedDevices says of a partition: its disk's signature and its offset, or its GUID.
mbr_letter() { perl -e 'print unpack "H*", pack "VQ<", hex $ARGV[0], $ARGV[1] * 512' "$@"; }
gpt_letter() { perl -e 'print unpack "H*", "DMIO:ID:" . pack "VvvH4H12", map({ hex } (split /-/, $ARGV[0])[0 .. 2]), (split /-/, $ARGV[0])[3, 4]' "$1"; }
if [ $firmware = bios ]; then drive_c=$(mbr_letter $signature "$windows_start"); else drive_c=$(gpt_letter $windows_guid); fi
drive_e=''
if [ -n "$data_disk" ]; then
	if [ $firmware = bios ]; then
		table "$data_disk" $((96 << 20)) <<<"label: dos
label-id: 0x$data_signature
start=$mib, size=$((94 * mib)), type=7"
		drive_e=$(mbr_letter $data_signature $mib)
	else
		table "$data_disk" $((96 << 20)) <<<"label: gpt
start=$mib, size=$((94 * mib)), type=$basic, uuid=$data_guid, name=\"Basic data partition\""
		drive_e=$(gpt_letter $data_guid)
	fi
	make_ntfs "$work/data" $((94 * mib)) $mib Data 4096
	mkdir "$m/Databases"
	head -c 3000000 /dev/urandom >"$m/Databases/accounts.mdf"
	echo 'a file on the second disk' >"$m/readme.txt"
	unmount
	put "$data_disk" "$work/data" $mib
fi

# --- the registry -----------------------------------------------------------------------------------------------------------------------

set=$(printf 'ControlSet%03d' "$control_set")
class=$set'\Control\Class'
scsi_class='{4D36E97B-E325-11CE-BFC1-08002BE10318}' net_class='{4D36E972-E325-11CE-BFC1-08002BE10318}' disk_class='{4D36E967-E325-11CE-BFC1-08002BE10318}'
adapter1='{E2F7C3B1-6E5D-4C11-9A57-0D6C8B2F4A90}' adapter2='{91C4A7D2-05BE-4E0F-8C33-5B7A6E1D2F48}'
# The serial numbers in the names of PCI Express devices hold the MAC addresses 00:50:56:9a:19:b1 and 00:0c:29:9a:19:b2.
device1='PCI\VEN_15AD&DEV_07B0&SUBSYS_07B015AD&REV_01\FF565000B1199AFE00' device2='PCI\VEN_8086&DEV_10D3&SUBSYS_07D015AD&REV_00\000C29FFFF9A19B200'
if older_than 6 0; then
	root='C:\WINDOWS' profiles='%SystemDrive%\Documents and Settings' storage=vmscsi network=vmxnet
else
	root='C:\Windows' profiles='%SystemDrive%\Users' storage=pvscsi network=vmxnet3ndis6
fi
if older_than 6 2; then ahci=msahci; else ahci=storahci; fi
case $kind in Server) product_type=ServerNT ;; *) product_type=WinNT ;; esac
case $version in XP | 2003) machine=V2V-NT5TEST ;; *) machine=WIN-V2VTEST01 ;; esac

service() { # NAME TYPE START GROUP IMAGE
	printf '[%s\\Services\\%s]\nType = dword:%x\nStart = dword:%x\nErrorControl = dword:1\n' "$set" "$1" "$2" "$3"
	[ -z "$4" ] || printf 'Group = sz:%s\n' "$4"
	[ -z "$5" ] || printf 'ImagePath = expand:%s\n' "$5"
}
device() { # INSTANCE CLASS-NAME CLASS NUMBER SERVICE DESCRIPTION HARDWARE-IDS
	printf '[%s\\Enum\\%s]\nClass = sz:%s\nClassGUID = sz:%s\nDriver = sz:%s\\%s\nService = sz:%s\nDeviceDesc = sz:%s\nHardwareID = multi:%s\nConfigFlags = dword:0\n' \
		"$set" "$1" "$2" "$3" "$3" "$4" "$5" "$6" "$7"
}
adapter() { # NUMBER GUID DESCRIPTION COMPONENT INSTANCE NAME
	cat <<-T
		[$class\\$net_class\\$1]
		DriverDesc = sz:$3
		NetCfgInstanceId = sz:$2
		ComponentId = sz:$4
		DeviceInstanceID = sz:$5
		[$set\\Control\\Network\\$net_class\\$2\\Connection]
		Name = sz:$6
		PnpInstanceID = sz:$5
		[$set\\Services\\Tcpip\\Parameters\\Adapters\\$2]
		IpConfig = multi:Tcpip\\Parameters\\Interfaces\\$2
	T
}
driver_database() {
	cat <<-T
		[DriverDatabase]
		Version = dword:$(printf %x "$build")
		[DriverDatabase\\DeviceIds]
		[DriverDatabase\\DeviceIds\\PCI\\VEN_15AD&DEV_07C0]
		oem2.inf = hex3:01ff0000
		[DriverDatabase\\DeviceIds\\PCI\\CC_0106]
		mshdc.inf = hex3:02ff0000
		[DriverDatabase\\DriverInfFiles\\oem2.inf]
		@ = multi:pvscsi.inf_${inf_arch}_3d1c2b4a5e6f7081
		Active = sz:pvscsi.inf_${inf_arch}_3d1c2b4a5e6f7081
		Configurations = multi:pvscsi_Inst
		[DriverDatabase\\DriverPackages\\pvscsi.inf_${inf_arch}_3d1c2b4a5e6f7081]
		@ = sz:oem2.inf
		Provider = sz:VMware, Inc.
		Version = hex3:00ff0900000000007be9364d25e3ce11bfc108002be1031800803ed5deb19d0100001a0003000100 0000000000000000
		[DriverDatabase\\DriverPackages\\pvscsi.inf_${inf_arch}_3d1c2b4a5e6f7081\\Configurations\\pvscsi_Inst]
		Service = sz:pvscsi
		ConfigFlags = dword:0
	T
	for i in {1..60}; do
		printf '[DriverDatabase\\DriverInfFiles\\inbox%d.inf]\n@ = multi:inbox%d.inf_%s_0123456789abcdef\nActive = sz:inbox%d.inf_%s_0123456789abcdef\n' "$i" "$i" "$inf_arch" "$i" "$inf_arch"
	done
}
system_hive() {
	cat <<-T
		[Select]
		Current = dword:$control_set
		Default = dword:$control_set
		Failed = dword:0
		LastKnownGood = dword:$((control_set == 1 ? 2 : 1))
		[Setup]
		SystemSetupInProgress = dword:0
		SetupType = dword:0
		CmdLine = sz:
		[MountedDevices]
		\\DosDevices\\C: = hex3:$drive_c
		\\??\\Volume{4c1b02c1-d990-4f3a-8c86-f1b7c5d61e0a} = hex3:$drive_c
		\\DosDevices\\D: = hex3:$(printf '\\??\\SCSI#CdRom&Ven_NECVMWar#5&280b647&0&000000#{53f5630d-b6bf-11d0-94f2-00a0c91efb8b}' | iconv -t UTF-16LE | od -An -v -tx1 | tr -d ' \n')
	T
	[ -z "$drive_e" ] || printf '%s = hex3:%s\n' '\DosDevices\E:' "$drive_e" '\??\Volume{8f03c6d4-1b7a-4e25-90c1-3d5e6f708192}' "$drive_e"
	cat <<-T
		[$set\\Control]
		SystemBootDevice = sz:multi(0)disk(0)rdisk(0)partition(2)
		[$set\\Control\\ComputerName\\ComputerName]
		ComputerName = sz:$machine
		[$set\\Control\\CriticalDeviceDatabase]
		[$set\\Control\\ProductOptions]
		ProductType = sz:$product_type
		[$set\\Control\\Session Manager]
		BootExecute = multi:autocheck autochk *
		[$set\\Control\\Session Manager\\Environment]
		PROCESSOR_ARCHITECTURE = sz:$processor
		Path = expand:%SystemRoot%\\system32;%SystemRoot%
		[$set\\Control\\CrashControl]
		AutoReboot = dword:1
		CrashDumpEnabled = dword:7
		[$set\\Control\\ServiceGroupOrder]
		List = multi:Boot Bus Extender|System Bus Extender|SCSI miniport|Port|Primary Disk|SCSI Class|Filter|Boot File System|Base|NDIS|TDI
		[$class\\$scsi_class]
		Class = sz:SCSIAdapter
		[$class\\$scsi_class\\0000]
		DriverDesc = sz:VMware PVSCSI Controller
		ProviderName = sz:VMware, Inc.
		[$class\\$disk_class]
		Class = sz:DiskDrive
		UpperFilters = multi:partmgr
		[$class\\$net_class]
		Class = sz:Net
		[$set\\Control\\TimeZoneInformation]
		TimeZoneKeyName = sz:W. Europe Standard Time
		Bias = dword:ffffffc4
	T
	[ $universal = no ] || echo 'RealTimeIsUniversal = dword:1'
	adapter 0010 $adapter1 'vmxnet3 Ethernet Adapter' 'pci\ven_15ad&dev_07b0' "$device1" Ethernet0
	adapter 0011 $adapter2 'Intel(R) 82574L Gigabit Network Connection' 'PCI\VEN_8086&DEV_10D3' "$device2" 'Ethernet1 – Büro'
	cat <<-T
		[$set\\Services\\Tcpip\\Parameters]
		Hostname = sz:$machine
		NV Hostname = sz:$machine
		Domain = sz:example.test
		[$set\\Services\\Tcpip\\Parameters\\Interfaces\\$adapter2]
		EnableDHCP = dword:1
		DhcpIPAddress = sz:198.51.100.77
		DhcpSubnetMask = sz:255.255.255.0
		[$set\\Services\\Tcpip\\Parameters\\Interfaces\\$adapter1]
	T
	if [ $static = yes ]; then
		cat <<-T
			EnableDHCP = dword:0
			IPAddress = multi:192.0.2.25|192.0.2.26
			SubnetMask = multi:255.255.255.0|255.255.255.128
			DefaultGateway = multi:192.0.2.1
			DefaultGatewayMetric = multi:0
			NameServer = sz:192.0.2.53,198.51.100.53
		T
	else
		echo 'EnableDHCP = dword:1'
	fi
	device 'PCI\VEN_15AD&DEV_07C0&SUBSYS_07C015AD&REV_02\3&2b8e0b4b&0&00A8' SCSIAdapter "$scsi_class" 0000 $storage 'VMware PVSCSI Controller' 'PCI\VEN_15AD&DEV_07C0&REV_02|PCI\VEN_15AD&DEV_07C0'
	device "$device1" Net "$net_class" 0010 $network 'vmxnet3 Ethernet Adapter' 'PCI\VEN_15AD&DEV_07B0&REV_01|PCI\VEN_15AD&DEV_07B0'
	device "$device2" Net "$net_class" 0011 e1iexpress 'Intel(R) 82574L Gigabit Network Connection' 'PCI\VEN_8086&DEV_10D3&REV_00|PCI\VEN_8086&DEV_10D3'
	device 'SCSI\Disk&Ven_VMware&Prod_Virtual_disk\5&1ec51bf7&0&000000' DiskDrive "$disk_class" 0000 disk 'Disk drive' 'SCSI\DiskVMware__Virtual_disk____2.0_|GenDisk'
	for s in disk partmgr volmgr mountmgr pci ACPI atapi intelide $ahci; do service $s 1 0 'System Bus Extender' "System32\\drivers\\$s.sys"; done
	service $storage 1 0 'SCSI Miniport' "System32\\drivers\\$storage.sys"
	service $network 1 3 NDIS "\\SystemRoot\\System32\\drivers\\$network.sys"
	service vmci 1 0 'System Bus Extender' 'System32\drivers\vmci.sys'
	service vsock 1 0 'System Bus Extender' 'System32\drivers\vsock.sys'
	service vmmouse 1 3 'Pointer Port' '\SystemRoot\System32\drivers\vmmouse.sys'
	service VMMemCtl 1 2 '' '\??\C:\Program Files\Common Files\VMware\Drivers\memctl\vmmemctl.sys'
	service VMTools 16 2 '' '"C:\Program Files\VMware\VMware Tools\vmtoolsd.exe"'
	service VGAuthService 16 2 '' '"C:\Program Files\VMware\VMware Tools\VMware VGAuth\VGAuthService.exe"'
	service Ntfs 2 3 'Boot File System' ''
	service Tcpip 1 0 PNP_TDI 'System32\drivers\tcpip.sys'
	service PlugPlay 32 2 PlugPlay '%SystemRoot%\system32\svchost.exe -k DcomLaunch'
	for i in {1..120}; do service "Filler$i" 32 3 '' '%SystemRoot%\System32\svchost.exe -k netsvcs'; done
	if older_than 6 2; then
		for id in 'pci#ven_15ad&dev_07c0' 'pci#ven_8086&dev_7111' primary_ide_channel secondary_ide_channel gendisk; do
			printf '[%s\\Control\\CriticalDeviceDatabase\\%s]\nClassGUID = sz:%s\nService = sz:%s\n' "$set" "$id" "$scsi_class" $storage
		done
	else
		driver_database
	fi
	# The other control set, of the last boot that worked.
	printf '[ControlSet%03d\\Services\\disk]\nStart = dword:0\n[ControlSet%03d\\Control\\CrashControl]\nAutoReboot = dword:1\n' $((control_set == 1 ? 2 : 1)) $((control_set == 1 ? 2 : 1))
}
software_hive() {
	local nt_key='Microsoft\Windows NT\CurrentVersion' key='Microsoft\Windows\CurrentVersion' shown=$nt
	[ "$major" != 10 ] || shown=6.3
	cat <<-T
		[$nt_key]
		ProductName = sz:$product
		CurrentVersion = sz:$shown
		CurrentBuildNumber = sz:$build
		SystemRoot = sz:$root
		PathName = sz:$root
		RegisteredOwner = sz:Windows User
		ProductId = sz:00000-00000-00000-AA000
	T
	[ -z "$service_pack" ] || echo "CSDVersion = sz:$service_pack"
	if older_than 6 0; then
		echo 'CurrentBuild = sz:1.511.1 () (Obsolete data - do not use)'
	else
		printf 'CurrentBuild = sz:%s\nEditionID = sz:%s\nInstallationType = sz:%s\n' "$build" "$edition" "$kind"
	fi
	if [ "$major" = 10 ]; then
		printf 'CurrentMajorVersionNumber = dword:%x\nCurrentMinorVersionNumber = dword:%x\nUBR = dword:%x\nDisplayVersion = sz:%s\n' "$major" "$minor" "$revision" "$release"
	fi
	cat <<-T
		[$nt_key\\ProfileList]
		ProfilesDirectory = expand:$profiles
		[$nt_key\\Winlogon]
		Userinit = sz:$root\\system32\\userinit.exe,
		[$key]
		ProgramFilesDir = sz:C:\\Program Files
		CommonFilesDir = sz:C:\\Program Files\\Common Files
		DevicePath = expand:%SystemRoot%\\inf
		[$key\\Run]
		VMware User Process = sz:"C:\\Program Files\\VMware\\VMware Tools\\vmtoolsd.exe" -n vmusr
		[$key\\RunOnce]
		[$key\\Uninstall\\{F2A6C9D0-3B1E-4E57-9C0A-8D7E6F504132}]
		DisplayName = sz:VMware Tools
		DisplayVersion = sz:12.3.5.22544099
		Publisher = sz:VMware, Inc.
		UninstallString = expand:MsiExec.exe /I{F2A6C9D0-3B1E-4E57-9C0A-8D7E6F504132}
		WindowsInstaller = dword:1
		[$key\\Uninstall\\7-Zip]
		DisplayName = sz:7-Zip 23.01
		UninstallString = sz:"C:\\Program Files\\7-Zip\\Uninstall.exe"
		QuietUninstallString = sz:"C:\\Program Files\\7-Zip\\Uninstall.exe" /S
		[Policies\\Microsoft\\Windows]
		[VMware, Inc.\\VMware Tools]
		InstallPath = sz:C:\\Program Files\\VMware\\VMware Tools\\.
	T
	if [ $policy = yes ]; then
		printf '[%s\\Group Policy\\History\\{35378EAC-683F-11D2-A89A-00C04FBBCFA2}\\0]\nGPOName = sz:Default Domain Policy\n' "$key"
		printf '[Policies\\Microsoft\\Windows\\DeviceInstall\\Restrictions]\nDenyUnspecified = dword:1\n'
	fi
	if [ $arch != i386 ]; then
		printf '[WOW6432Node\\%s\\Uninstall\\{0B5A3F7E-2C14-4D8B-9E60-71F2A3B4C5D6}]\nDisplayName = sz:Norton Security\nPublisher = sz:NortonLifeLock Inc\nDisplayVersion = sz:22.1\nUninstallString = sz:"C:\\Program Files (x86)\\Norton\\remove.exe"\n' "$key"
	fi
	for i in {1..300}; do printf '[Classes\\CLSID\\{00000%03d-0000-0000-C000-000000000046}]\n@ = sz:Filler class %d\n' "$i" "$i"; done
}
hives=$work/hives
mkdir "$hives"
system_hive | parts hive "$hives/SYSTEM" 'CMI-CreateHive{2A7FB991-7BBE-4F9D-B91E-7CB51D4737F5}'
software_hive | parts hive "$hives/SOFTWARE" 'CMI-CreateHive{199DAFC2-6F16-4946-BF90-5A3FC3A60902}'
for h in SAM SECURITY DEFAULT COMPONENTS NTUSER.DAT; do
	printf '[%s]\n' "$h" | parts hive "$hives/$h" 'CMI-CreateHive{C4E7BA2B-68E8-499C-B1A1-371AC8D717C7}'
done
boot_manager='{9dea862c-5cdd-4e70-acc1-f32b344d4795}' loader='{b2721d73-1db4-4c62-bf78-c548a880142d}'
parts hive "$work/BCD" NewStoreRoot <<-T
	[Description]
	KeyName = sz:BCD00000000
	[Objects\\$boot_manager\\Description]
	Type = dword:10100002
	[Objects\\$boot_manager\\Elements\\23000003]
	Element = sz:$loader
	[Objects\\$loader\\Description]
	Type = dword:10200003
	[Objects\\$loader\\Elements\\12000002]
	Element = sz:\\Windows\\system32\\winload.$([ $firmware = uefi ] && echo efi || echo exe)
	[Objects\\$loader\\Elements\\16000046]
	Element = hex3:01
T

# --- the small partitions ---------------------------------------------------------------------------------------------------------------

if [ $firmware = uefi ]; then
	case $arch in i386) loader_file=bootia32.efi ;; x86_64) loader_file=bootx64.efi ;; arm64) loader_file=bootaa64.efi ;; esac
	printf '%s\t%s\t10\texe\t40000\n' "$work/bootmgfw.efi" $arch | parts pe
	truncate -s $((system_size * 512)) "$work/esp"
	mkfs.vfat -F 32 -n SYSTEM "$work/esp" >/dev/null
	mmd -i "$work/esp" ::EFI ::EFI/Microsoft ::EFI/Microsoft/Boot ::EFI/Boot
	mcopy -i "$work/esp" "$work/bootmgfw.efi" ::EFI/Microsoft/Boot/bootmgfw.efi
	mcopy -i "$work/esp" "$work/bootmgfw.efi" ::EFI/Boot/$loader_file
	mcopy -i "$work/esp" "$work/BCD" ::EFI/Microsoft/Boot/BCD
	put "$out" "$work/esp" $system_start
	make_ntfs "$work/recovery" $recovery_size $recovery_start Recovery 4096
	mkdir -p "$m/Recovery/WindowsRE"
	printf 'MSWIM\0\0\0' >"$m/Recovery/WindowsRE/winre.wim"
	unmount
	put "$out" "$work/recovery" $recovery_start
else
	# What stands for a boot sector's code: an endless loop.
	parts edit "$out" 0 ebfe
	if ! older_than 6 0; then
		make_ntfs "$work/system" $system_size $system_start 'System Reserved' 4096
		mkdir "$m/Boot"
		head -c 400000 /dev/zero | tr '\0' B >"$m/bootmgr"
		cp "$work/BCD" "$m/Boot/BCD"
		unmount
		put "$out" "$work/system" $system_start
	fi
fi

# --- the Windows volume -----------------------------------------------------------------------------------------------------------------

make_ntfs "$work/windows" "$windows_size" "$windows_start" Windows "$cluster"
if older_than 6 0; then w=$m/WINDOWS system32=$m/WINDOWS/system32 users="$m/Documents and Settings" inf=inf; else w=$m/Windows system32=$m/Windows/System32 users=$m/Users inf=INF; fi
tools_files="$m/Program Files/VMware/VMware Tools"
mkdir -p "$system32/config" "$system32/drivers/etc" "$w/$inf" "$w/Temp" "$w/Logs/CBS" "$w/WinSxS/Manifests" "$users/Administrator/Desktop" "$users/Default" \
	"$m/ProgramData" "$tools_files/VMware VGAuth" "$m/Program Files/Common Files/VMware/Drivers/memctl" "$m/Program Files/7-Zip" "$m/System Volume Information"
[ $arch = i386 ] || mkdir -p "$w/SysWOW64" "$m/Program Files (x86)/Common Files"
[ "$major" = 5 ] || mkdir -p "$system32/DriverStore/FileRepository/pvscsi.inf_${inf_arch}_3d1c2b4a5e6f7081"

for h in SYSTEM SOFTWARE SAM SECURITY DEFAULT COMPONENTS; do
	if older_than 6 0; then
		case $h in COMPONENTS) continue ;; SYSTEM | SOFTWARE | DEFAULT) name=${h,,} ;; *) name=$h ;; esac
		cp "$hives/$h" "$system32/config/$name"
		: >"$system32/config/$name.LOG"
	else
		cp "$hives/$h" "$system32/config/$h"
		: >"$system32/config/$h.LOG1"
		: >"$system32/config/$h.LOG2"
	fi
done
cp "$hives/NTUSER.DAT" "$users/Administrator/NTUSER.DAT"

{
	image() { printf '%s\t%s\t%s\t%s\t%s\n' "$@"; }
	for f in cmd.exe ntoskrnl.exe svchost.exe smss.exe services.exe winload.exe userinit.exe; do image "$system32/$f" $arch 3 exe 60000; done
	for f in hal.dll ntdll.dll kernel32.dll; do image "$system32/$f" $arch 3 dll 60000; done
	image "$w/explorer.exe" $arch 2 exe 100000
	[ $arch = i386 ] || image "$w/SysWOW64/cmd.exe" i386 3 exe 30000
	for f in disk partmgr volmgr mountmgr pci ACPI atapi intelide $ahci $storage $network vmci vsock vmmouse ntfs tcpip; do image "$system32/drivers/$f.sys" $arch 1 exe 20000; done
	for i in {1..40}; do image "$system32/filler$i.dll" $arch 3 dll $((1600 + i * 137)); done
	image "$tools_files/vmtoolsd.exe" $arch 3 exe 50000
	image "$tools_files/VMware VGAuth/VGAuthService.exe" $arch 3 exe 50000
	image "$m/Program Files/Common Files/VMware/Drivers/memctl/vmmemctl.sys" $arch 1 exe 30000
} | parts pe
printf '# hosts\r\n127.0.0.1 localhost\r\n' >"$system32/drivers/etc/hosts"
printf '[Version]\r\nSignature="$Windows NT$"\r\nProvider="VMware, Inc."\r\n' >"$w/$inf/oem2.inf"
[ "$major" = 5 ] || cp "$w/$inf/oem2.inf" "$system32/DriverStore/FileRepository/pvscsi.inf_${inf_arch}_3d1c2b4a5e6f7081/pvscsi.inf"
perl -e 'for my $i (1 .. $ARGV[1]) {
	my $path = sprintf "%s/%s_microsoft-windows-component-number-%05d_31bf3856ad364e35_10.0.14393.0_none_%016x.manifest", @ARGV[0, 2], $i, $i * 0x9e3779b97f4a7c15 & 0x7fffffffffffffff;
	open my $file, ">", $path or die "$path: $!\n";
	print $file "<assembly n=\"$i\"/>\r\n";
}' "$w/WinSxS/Manifests" "$files" $inf_arch

attributes() { setfattr -h -n system.ntfs_attrib_be -v "$2" "$1"; }
short_name() { setfattr -h -n system.ntfs_dos_name -v "$2" "$1"; }
reparse() { setfattr -h -n system.ntfs_reparse_data -v "0x$2" "$1"; }
short_name "$m/Program Files" 'PROGRA~1'
[ $arch = i386 ] || short_name "$m/Program Files (x86)" 'PROGRA~2'
short_name "$m/System Volume Information" 'SYSTEM~1'
attributes "$m/System Volume Information" 0x00000006
# What is written into a compressed directory gets compressed; the driver does that for clusters of at most 4 KiB.
[ "$cluster" -gt 4096 ] || attributes "$w/Logs/CBS" 0x00000800
perl -e 'printf "2024-03-05 09:41:%02d, Info                  CBS    Line %d of a log that compresses well\r\n", $_ % 60, $_ for 1 .. 12000' >"$w/Logs/CBS/CBS.log"
head -c 100000 /dev/urandom >"$w/Logs/CBS/random.bin"
printf short >"$w/Logs/CBS/short.txt"
perl -e 'open my $f, ">:raw", $ARGV[0] or die; for my $at (0, 5 << 20, 64 << 20) { seek $f, $at, 0; print $f "data at $at\n" }' "$m/ProgramData/sparse.vhdx"
# A cluster of data, a hole of three, and so on: the runs do not fit into the file record, and an attribute list has to spread them.
perl -e 'my ($path, $cluster, $runs) = @ARGV; open my $f, ">:raw", $path or die;
	for my $i (0 .. $runs - 1) { sysseek $f, $i * 4 * $cluster, 0; syswrite $f, sprintf("%08d", $i) x ($cluster / 8) or die }' "$m/ProgramData/fragmented.dat" "$cluster" 600
printf '%s\t%s\t2\texe\t70000\n' "$w/WinSxS/notepad.exe" $arch | parts pe
ln "$w/WinSxS/notepad.exe" "$w/notepad.exe"
ln "$w/WinSxS/notepad.exe" "$system32/notepad.exe"
printf 'The main stream\r\n' >"$users/Administrator/Desktop/download.txt"
printf '[ZoneTransfer]\r\nZoneId=3\r\n' >"$users/Administrator/Desktop/download.txt:Zone.Identifier"
perl -e 'print "0123456789abcdef" x 8192' >"$users/Administrator/Desktop/download.txt:large"
printf x >"$users/Administrator/Desktop/Überprüfung – 試験 😀.txt"
printf x >"$users/Administrator/Desktop/$(printf 'n%.0s' {1..251}).txt"
if ! older_than 6 0; then
	mkdir "$m/Documents and Settings" "$m/ProgramData/Application Data"
	reparse "$m/Documents and Settings" "$(parts junction 'C:\Users')"
	reparse "$m/ProgramData/Application Data" "$(parts junction 'C:\ProgramData')"
	attributes "$m/Documents and Settings" 0x00000406
	: >"$users/Default User.lnk"
	reparse "$users/Default User.lnk" "$(parts symlink 'Administrator\Desktop\download.txt')"
fi
# What CompactOS compresses: nothing in the main stream, and in another one what a WIM holds of a file: a table of offsets, and the chunks.
compact() { # FILE ALGORITHM WIM-COMPRESSION CHUNK
	mkdir "$work/compact"
	printf '%s\t%s\t3\tdll\t%d\n' "$work/compact/file" $arch $((50000 + $2 * 7777)) | parts pe
	perl -e 'print "Text that compresses, line $_\n" for 1 .. 2000' >>"$work/compact/file"
	cp "$work/compact/file" "$w/Temp/${1##*/}" # the same without compression
	truncate -s "$(stat -c %s "$work/compact/file")" "$1"
	if command -v wimcapture >/dev/null; then
		wimcapture "$work/compact" "$work/compact.wim" --compress="$3" --chunk-size="$4" >/dev/null 2>&1
		# The blob that is the file, and not the WIM's own metadata.
		read -r length at < <(wiminfo "$work/compact.wim" --blobs | awk '/^Compressed size/ { l = $4 } /^Offset in WIM/ { o = $5 } /^Flags/ && !/METADATA/ { print l, o; exit }')
		dd if="$work/compact.wim" bs=64K iflag=skip_bytes,count_bytes skip="$at" count="$length" status=none >"$1:WofCompressedData"
	else
		perl -e 'my ($chunk) = @ARGV; local $/; my $d = <STDIN>; my $n = int((length($d) + $chunk - 1) / $chunk); print pack("V*", map { $_ * $chunk } 1 .. $n - 1), $d' \
			"$4" <"$work/compact/file" >"$1:WofCompressedData"
	fi
	reparse "$1" "$(parts wof "$2")"
	rm -rf "$work/compact" "$work/compact.wim"
}
if [ "$major" = 10 ]; then
	compact "$system32/compact4k.dll" 0 XPRESS 4096
	compact "$system32/compactlzx.dll" 1 LZX 32768
	compact "$system32/compact8k.dll" 2 XPRESS 8192
	compact "$system32/compact16k.dll" 3 XPRESS 16384
fi
if older_than 6 0; then
	printf 'x' >"$m/NTDETECT.COM"
	head -c 200000 /dev/zero | tr '\0' N >"$m/ntldr"
	{
		printf '[boot loader]\r\ntimeout=30\r\ndefault=multi(0)disk(0)rdisk(0)partition(1)\\WINDOWS\r\n[operating systems]\r\n'
		printf 'multi(0)disk(0)rdisk(0)partition(1)\\WINDOWS="%s" /noexecute=optin /fastdetect\r\n' "$product"
		[ $console = no ] || printf 'C:\\CMDCONS\\BOOTSECT.DAT="Microsoft Windows Recovery Console" /cmdcons\r\n'
	} >"$m/boot.ini"
	if [ $console = yes ]; then
		mkdir "$m/cmdcons"
		head -c 8192 /dev/zero >"$m/cmdcons/BOOTSECT.DAT"
		head -c 200000 /dev/zero | tr '\0' C >"$m/cmldr"
	fi
fi
truncate -s 16M "$m/pagefile.sys"
[ $hibernated = no ] || { printf hibr; head -c 65532 /dev/zero; } >"$m/hiberfil.sys"
unmount
if [ $dirty = yes ]; then
	# The tool leaves a check for Windows to do at its next boot, which is what the flag means.
	ntfsfix "$work/windows" >/dev/null
fi
put "$out" "$work/windows" "$windows_start"
if [ $bitlocker = yes ]; then
	start=$((windows_start * 512))
	parts edit "$out" $start "eb5890$(printf -- '-FVE-FS-' | od -An -tx1 | tr -d ' ')"
	parts edit "$out" $((start + 0xa0)) 3bd66749292ed84a8399f6a339e3d001
	head -c 262144 /dev/urandom | dd of="$out" bs=64K seek=$((start + 8192)) oflag=seek_bytes conv=notrunc status=none
	head -c 512 /dev/urandom | dd of="$out" bs=512 seek=$((windows_start + windows_size - 1)) conv=notrunc status=none
fi
