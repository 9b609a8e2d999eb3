#!/usr/bin/env bash
#
# build-virtio-win.sh - make what the virtio-win package brings: a tree of drivers, or an ISO of it. The drivers are images without code.
#
# Usage: build-virtio-win.sh DIRECTORY [options]
#
#   --iso FILE       also pack the tree, with Joliet and Rock Ridge, as the package does
#   --layout iso|rpm the ISO's tree (default), or that of /usr/share/virtio-win: drivers/by-driver, drivers/by-os, guest-agent, installer
#   --oses LIST      comma separated (default xp,2k3,2k8,w7,2k8R2,w8,2k12,w8.1,2k12R2,w10,2k16,2k19,2k22,w11,2k25)
#   --without LIST   driver directories that are left out, such as viostor/w10, viostor/w10/x86 or NetKVM
#
# Files, names and the contents of each .inf follow the published drivers: class, hardware ids, services, CopyFiles, a section for each architecture.
# Two runs make the same tree.
#
# Needs: perl; xorriso for --iso.

set -euo pipefail
die() { echo "${0##*/}: $*" >&2; exit 1; }
here=$(cd "$(dirname "$0")" && pwd)
out='' iso='' layout=iso oses=xp,2k3,2k8,w7,2k8R2,w8,2k12,w8.1,2k12R2,w10,2k16,2k19,2k22,w11,2k25 without=''
while [ $# -gt 0 ]; do
	case $1 in
		--iso) iso=${2:?}; shift ;;
		--layout) layout=${2:?}; shift ;;
		--oses) oses=${2:?}; shift ;;
		--without) without=${2:?}; shift ;;
		-*) die "unknown option $1" ;;
		*) out=$1 ;;
	esac
	shift
done
[ -n "$out" ] || die "say where to make the tree"
case $layout in iso | rpm) ;; *) die "--layout is iso or rpm" ;; esac
[ ! -e "$out" ] || [ -z "$(ls -A "$out")" ] || die "$out is not empty"
mkdir -p "$out"

# Directory, name of the driver, service, class, class GUID, legacy device:subsystem, modern one, start type, load order group, description,
# operating systems, further files.
drivers='
viostor|viostor|viostor|SCSIAdapter|4D36E97B-E325-11CE-BFC1-08002BE10318|1001:00021AF4|1042:11001AF4|0|SCSI miniport|Red Hat VirtIO SCSI controller|all|
vioscsi|vioscsi|vioscsi|SCSIAdapter|4D36E97B-E325-11CE-BFC1-08002BE10318|1004:00081AF4|1048:11001AF4|0|SCSI miniport|Red Hat VirtIO SCSI pass-through controller|nt6|
NetKVM|netkvm|netkvm|Net|4D36E972-E325-11CE-BFC1-08002BE10318|1000:00011AF4|1041:11001AF4|3|NDIS|Red Hat VirtIO Ethernet Adapter|all|netkvmco.exe netkvmp.exe
Balloon|balloon|BALLOON|System|4D36E97D-E325-11CE-BFC1-08002BE10318|1002:00051AF4|1045:11001AF4|3|Extended Base|VirtIO Balloon Driver|all|blnsvr.exe
vioserial|vioser|VirtioSerial|System|4D36E97D-E325-11CE-BFC1-08002BE10318|1003:00031AF4|1043:11001AF4|3|Extended Base|VirtIO Serial Driver|all|
viorng|viorng|VirtRng|System|4D36E97D-E325-11CE-BFC1-08002BE10318|1005:00041AF4|1044:11001AF4|3|Extended Base|VirtIO RNG Device|nt6|viorngum.dll
pvpanic|pvpanic|PVPanic|System|4D36E97D-E325-11CE-BFC1-08002BE10318|ACPI\QEMU0001|PCI\VEN_1B36&DEV_0011&SUBSYS_11001AF4|3|Extended Base|QEMU PVPanic Device|nt6|
qxldod|qxldod|QxlDod|Display|4D36E968-E325-11CE-BFC1-08002BE10318||PCI\VEN_1B36&DEV_0100|3|Video|Red Hat QXL controller|nt62|
viogpudo|viogpudo|VioGpuDod|Display|4D36E968-E325-11CE-BFC1-08002BE10318||1050:11001AF4|3|Video|Red Hat VirtIO GPU DOD controller|nt10|vgpusrv.exe viogpuap.exe
viofs|viofs|VirtioFsDrv|System|4D36E97D-E325-11CE-BFC1-08002BE10318||105A:11001AF4|3|Extended Base|VirtIO FS Device|nt62|virtiofs.exe
vioinput|vioinput|vioinput|HIDClass|745A17A0-74D3-11D0-B6FE-00A0C90F57DA||1052:11001AF4|3|Extended Base|VirtIO Input Driver|nt61|viohidkmdf.sys
viosock|viosock|VirtioSocket|System|4D36E97D-E325-11CE-BFC1-08002BE10318||1053:11001AF4|3|Extended Base|VirtIO Socket Driver|nt10|viosocklib_x64.dll viosocklib_x86.dll
fwcfg|fwcfg|FwCfg|System|4D36E97D-E325-11CE-BFC1-08002BE10318||ACPI\QEMU0002|3|Extended Base|QEMU FwCfg Device|nt10|
qemufwcfg|qemufwcfg||System|4D36E97D-E325-11CE-BFC1-08002BE10318||ACPI\QEMU0002|||QEMU FWCfg Device|nt10|
smbus|smbus||System|4D36E97D-E325-11CE-BFC1-08002BE10318||PCI\VEN_8086&DEV_2930&SUBSYS_11001AF4|||QEMU SMBus Device|nt62|
'
images=$(mktemp)
trap 'rm -f "$images"' EXIT
drivers=$drivers oses=$oses without=$without out=$out layout=$layout perl -e '
	use strict;
	use warnings;
	use File::Path "make_path";
	my ($out, $layout) = @ENV{qw(out layout)};
	my $by_driver = $layout eq "rpm" ? "drivers/by-driver/" : "";
	my $by_os = $layout eq "rpm" ? "drivers/by-os/" : "";
	my %nt = (xp => 51, "2k3" => 52, "2k8" => 60, w7 => 61, "2k8R2" => 61, w8 => 62, "2k12" => 62, "w8.1" => 63, "2k12R2" => 63);
	my %since = (all => 0, nt6 => 60, nt61 => 61, nt62 => 62, nt10 => 100);
	my %both = map { $_ => 1 } qw(xp 2k3 2k8 w7 w8 w8.1 w10);
	my @info;
	sub put {
		my ($path, $data) = @_;
		make_path("$out/" . $path =~ s{[^/]+$}{}r);
		open my $file, ">:raw", "$out/$path" or die "$path: $!\n";
		print $file $data;
		close $file or die "$path: $!\n";
	}
	sub image {
		my ($path, $arch, $size) = @_;
		make_path("$out/" . $path =~ s{[^/]+$}{}r);
		printf "%s\t%s\t1\t%s\t%d\n", "$out/$path", { x86 => "i386", amd64 => "x86_64", ARM64 => "arm64" }->{$arch}, $path =~ /dll$/ ? "dll" : "exe", $size;
	}
	sub ids {
		my ($id) = @_;
		return $id eq "" ? () : ($id) unless $id =~ /^(\w{4}):(\w{8})$/;
		my $function = "PCI\\VEN_1AF4&DEV_$1";
		return ("$function&SUBSYS_$2&REV_" . (hex $1 < 0x1040 ? "00" : "01"), $function);
	}
	sub inf {
		my ($name, $service, $class, $guid, $ids, $start, $group, $text, $os, $arch) = @_;
		my $version = $nt{$os} // 100;
		$version = 52 if $os eq "xp" && $arch eq "amd64"; # it is that of 2003, as the system is
		my $section = { x86 => "NTx86", amd64 => "NTamd64", ARM64 => "NTARM64" }->{$arch};
		$section .= { 60 => ".6.0", 61 => ".6.1", 62 => ".6.2", 63 => ".6.3", 100 => $os =~ /^(w11|2k25)$/ ? ".10.0...22000" : ".10.0" }->{$version} // "";
		my $directory = $os =~ /^(w11|2k25)$/ ? 13 : 12;
		my @lines = ("; $text", "", "[Version]", "Signature=\"\$Windows NT\$\"", "Class=$class", "ClassGUID={$guid}", "Provider=%VENDOR%",
			"DriverVer=" . ($version < 62 ? "06/07/2019,$version.77.104.17200" : "04/15/2024,$version.95.104.26200"), "CatalogFile=$name.cat");
		push @lines, "DriverPackageType = PlugAndPlay" if $version >= 60;
		push @lines, "PnpLockDown=1" if $version >= 62;
		push @lines, "", "[SourceDisksNames]", "1 = %DISK_ID1%,,,\"\"", "", "[SourceDisksFiles]", $service ? "$name.sys = 1,," : (), "", "[DestinationDirs]", "DefaultDestDir = $directory", "",
			"[Manufacturer]", "%VENDOR% = VirtIO" . ($version < 52 ? "" : ",$section"), "", $version < 52 ? "[VirtIO]" : "[VirtIO.$section]";
		push @lines, map { "%DEVICE.DESC% = ${name}_inst, $_" } @$ids;
		if ($service) {
			push @lines, "", "[${name}_inst]", "CopyFiles = ${name}_copyfiles", "", "[${name}_copyfiles]", "$name.sys,,,2", "", "[${name}_inst.Services]",
				"AddService = $service, %SPSVCINST_ASSOCSERVICE%, ${name}_service, eventlog_inst", "", "[${name}_service]", "DisplayName    = %DEVICE.DESC%", "ServiceType    = %SERVICE_KERNEL_DRIVER%",
				"StartType      = $start", "ErrorControl   = %SERVICE_ERROR_NORMAL%", "ServiceBinary  = %$directory%\\$name.sys", "LoadOrderGroup = $group", "AddReg         = ${name}_addreg",
				"", "[${name}_addreg]";
			push @lines, $class eq "SCSIAdapter"
				? ("HKR, \"Parameters\\PnpInterface\", \"5\", %REG_DWORD%, 0x00000001", "HKR, \"Parameters\", \"BusType\", %REG_DWORD%, " . ($name eq "vioscsi" ? "0x0000000A" : "0x00000001"))
				: "HKR, \"Parameters\", \"DebugLevel\", %REG_DWORD%, 0x00000000";
			push @lines, "", "[eventlog_inst]", "AddReg = eventlog_addreg", "", "[eventlog_addreg]", "HKR,,EventMessageFile,%REG_EXPAND_SZ%,\"%%SystemRoot%%\\System32\\IoLogMsg.dll\"", "HKR,,TypesSupported,%REG_DWORD%,7";
		}
		else {
			push @lines, "", "[${name}_inst]", "", "[${name}_inst.Services]", "AddService = ,%SPSVCINST_ASSOCSERVICE%";
		}
		push @lines, "", "[Strings]", "VENDOR = \"Red Hat, Inc.\"", "DISK_ID1 = \"$text Installation Disk\"", "DEVICE.DESC = \"$text\"", "SPSVCINST_ASSOCSERVICE = 0x00000002",
			"SERVICE_KERNEL_DRIVER = 1", "SERVICE_ERROR_NORMAL = 1", "REG_DWORD = 0x00010001", "REG_EXPAND_SZ = 0x00020000", "";
		return join "\r\n", @lines;
	}
	my %left_out = map { lc $_ => 1 } split /,/, $ENV{without};
	for my $line (grep { /\|/ } split /\n/, $ENV{drivers}) {
		my ($directory, $name, $service, $class, $guid, $legacy, $modern, $start, $group, $text, $since, $more) = split /\|/, $line, -1;
		my @ids = (ids($legacy), ids($modern));
		for my $os (grep { ($nt{$_} // 100) >= $since{$since} } split /,/, $ENV{oses}) {
			next if $left_out{lc $directory} || $left_out{lc "$directory/$os"};
			for my $arch ("amd64", $both{$os} ? "x86" : (), $os =~ /^(w10|w11|2k25)$/ ? "ARM64" : ()) {
				next if $left_out{lc "$directory/$os/$arch"};
				my @places = "$by_driver$directory/$os/$arch";
				my $is_storage = $directory =~ /^vio(stor|scsi)$/;
				push @places, $by_os . ($arch eq "x86" ? "i386" : "amd64") . "/$os" if $arch ne "ARM64" && ($layout eq "rpm" || ($is_storage && ($nt{$os} // 100) == 100));
				for my $place (@places) {
					put("$place/$name.inf", inf($name, $service, $class, $guid, \@ids, $start, $group, $text, $os, $arch));
					# A catalogue is a signed PKCS 7 structure; of these only the first bytes are right.
					put("$place/$name.cat", "\x30\x82\x20\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02$name $os $arch" . "\0" x 1024);
					image("$place/$name.sys", $arch, 24576) if $service;
					put("$place/$name.pdb", "Microsoft C/C++ MSF 7.00\r\n\x1aDS\0\0\0" . "\0" x 1024) if $service && $place !~ m{^(drivers/by-os|amd64|i386)/};
					for my $file (split / /, $more) {
						$file = "netkvmco.dll" if $file eq "netkvmco.exe" && ($nt{$os} // 100) < 100;
						image("$place/$file", $arch, 12000);
					}
					if ($name eq "pvpanic") {
						put("$place/pvpanic-pci.inf", inf("pvpanic-pci", "", $class, $guid, [$ids[-1]], "", "", $text, $os, $arch));
						put("$place/pvpanic-pci.cat", "\x30\x82\x20\x00" . "\0" x 1024);
					}
					my $installer = ($nt{$os} // 100) <= 61 ? "WdfCoInstaller01009.dll" : ($nt{$os} // 100) == 62 ? "WdfCoInstaller01011.dll" : "";
					image("$place/$installer", $arch, 12000) if $installer && $name =~ /^(balloon|vioser|viorng|pvpanic)$/;
					put("$place/Readme.md", "How to set the driver up\r\n") if $name eq "netkvm";
				}
				push @info, "    {\"arch\": \"$arch\", \"driver_version\": \"100.95.104.26200\", \"inf_path\": \"$directory/$os/$arch/$name.inf\", \"name\": \"$text\", \"windows_version\": \"$os\"}";
			}
		}
	}
	# It conflicts with netkvm, and nothing may pick it.
	put("${by_driver}sriov/w10/amd64/vioprot.inf", "[Version]\r\n") unless $left_out{sriov};
	my $compound = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" . "\0" x 16 . pack("vvv", 0x3e, 3, 0xfffe) . "\0" x 4066;
	my $installers = $layout eq "rpm" ? "installer/" : "";
	put("guest-agent/qemu-ga-x86_64.msi", $compound . "x86_64");
	put("guest-agent/qemu-ga-i386.msi", $compound . "i386");
	put("${installers}virtio-win-gt-x64.msi", $compound . "x64");
	put("${installers}virtio-win-gt-x86.msi", $compound . "x86");
	image("${installers}virtio-win-guest-tools.exe", "x86", 12000);
	put("virtio-win_license.txt", "Made for tests. There is no driver in it.\r\n");
	put("data/info.json", "{\n  \"drivers\": [\n" . join(",\n", @info) . "\n  ]\n}\n") if $layout eq "iso";
' >"$images"
perl "$here/windows-parts.pl" pe <"$images"
find "$out" -exec touch -h -d 2024-04-15T12:00:00Z {} +
if [ -n "$iso" ]; then
	command -v xorriso >/dev/null || die "xorriso is needed"
	xorriso -as mkisofs -quiet -V virtio-win-0.1.999 -iso-level 4 -J -joliet-long -R -o "$iso" "$out" 2>/dev/null
fi
