#!/bin/sh
# Builds the first boot runner for both architectures, by default to where the engine embeds it.
#
#   build.sh [FOLDER]
#
# Needs mingw-w64's compilers: apt-get install gcc-mingw-w64-x86-64 gcc-mingw-w64-i686
# The result depends on nothing but the sources and the compiler. Those in the repository were made by
#   GCC 12-win32 (Debian 12.2.0-14+25.2) and GNU ld 2.40 (Debian 2.40-2+10.4).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
to=${1:-$here/../V2V.Engine/Conversion/Windows/FirstBoot}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$to"

build() { # TRIPLET NAME LD-OPTIONS...
    triplet=$1 name=$2
    shift 2
    (
        # Relative names, since the compiler writes them into the object.
        cd "$here"
        "$triplet-windres" -O coff runner.rc "$work/resource.o"
        "$triplet-gcc" -std=c11 -Os -Wall -Wextra -Werror -ffreestanding -fno-builtin -fno-ident -fno-stack-protector -fno-exceptions \
            -fno-asynchronous-unwind-tables -fno-unwind-tables -nostdlib -nostartfiles -s -mwindows \
            -Wl,--entry="$@" -Wl,--no-insert-timestamp \
            -Wl,--major-os-version=5,--minor-os-version=1,--major-subsystem-version=5,--minor-subsystem-version=1 \
            -Wl,--dynamicbase,--nxcompat,--gc-sections \
            -o "$work/$name" runner.c "$work/resource.o" -ladvapi32 -lkernel32
    )
    install -m 644 "$work/$name" "$to/$name"
}

build x86_64-w64-mingw32 v2v-firstboot-x86_64.exe entry
build i686-w64-mingw32 v2v-firstboot-i686.exe _entry
