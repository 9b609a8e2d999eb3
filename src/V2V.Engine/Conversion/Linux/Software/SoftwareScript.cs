namespace V2V.Engine.Conversion.Linux.Software;

/// <summary>
/// The script by which a guest installs the packages that were put into it: once, beside its boot. When something fails, what boots now stays as
/// it is, and nothing is tried again at later boots.
/// </summary>
internal static class SoftwareScript
{
    /// <summary>Where packages are put, and the result is written.</summary>
    public const string Folder = "/var/lib/v2v-software";

    public const string Log = "/var/log/v2v-software.log";

    // Lines after the first stand as deep as the place in the script that they come to.
    private const string InstallRpm =
        """
        # A kernel goes beside the others: -U would remove the one that runs.
            [ -z "$packages" ] || attempt rpm -Uvh --replacepkgs $packages || return 1
            [ -z "$kernels" ] || attempt rpm -ivh --replacepkgs $kernels
        """;

    private const string InstallDeb =
        """
        DEBIAN_FRONTEND=noninteractive
            export DEBIAN_FRONTEND
            attempt dpkg --force-confdef --force-confold -i $packages $kernels
        """;

    private const string Template =
        """
        #!/bin/sh
        # Installs the packages in @FOLDER@ once, after the conversion to KVM, and builds boot images with virtio drivers for
        # the kernels among them. It may be deleted together with the service of its name. Log: @LOG@
        umask 022
        PATH=/usr/sbin:/usr/bin:/sbin:/bin
        export PATH
        folder=@FOLDER@
        packages='@PACKAGES@'
        kernels='@KERNELS@'
        modules='virtio_pci virtio_blk virtio_net'
        max_starts=2

        exec >>@LOG@ 2>&1 </dev/null
        # When the guest is shut down meanwhile, the package manager is to come to its end.
        trap '' HUP TERM
        say() { echo "$(date '+%Y-%m-%d %H:%M:%S') $*"; }

        # $1 is the result, $2 what to say.
        finish() {
            say "$2"
            echo "$1" >"$folder/result"
            sync
            @DISABLE@
            exit 0
        }

        # Another package manager may be at work.
        attempt() {
            tries=1
            until "$@"; do
                [ "$tries" -lt 3 ] || return 1
                tries=$((tries + 1))
                say "that failed; trying again in 30 seconds ($tries of 3)"
                sleep 30
            done
        }

        install() {
            @INSTALL@
        }

        has_virtio() {
            [ -n "$(find "/lib/modules/$1" -name 'virtio_blk.ko*' 2>/dev/null)" ] || grep -q /virtio_blk.ko "/lib/modules/$1/modules.builtin" 2>/dev/null
        }

        # The drivers of kernel $1 that are files, each after the word $2: a tool complains about one that is built in.
        modules_of() {
            for module in $modules; do
                [ -z "$(find "/lib/modules/$1" -name "$module.ko*")" ] || printf '%s%s ' "$2" "$module"
            done
        }

        image_of() {
            for image in "/boot/initramfs-$1.img" "/boot/initrd-$1.img" "/boot/initrd.img-$1" "/boot/initrd-$1"; do
                [ ! -e "$image" ] || { echo "$image"; return 0; }
            done
            return 1
        }

        # Builds the boot image of kernel $1 again: beside the one that the package has made, which stays when this fails.
        build() {
            image=$(image_of "$1") || { say "kernel $1 has no boot image in /boot"; return 1; }
            if command -v dracut >/dev/null 2>&1; then
                echo 'add_drivers+=" virtio_pci virtio_blk virtio_scsi "' >/etc/dracut.conf.d/50-v2v-virtio.conf
                dracut --force "$image.v2v" "$1" && mv -f "$image.v2v" "$image"
            elif command -v update-initramfs >/dev/null 2>&1; then
                for module in virtio_pci virtio_blk; do
                    grep -q "^$module\$" /etc/initramfs-tools/modules || echo "$module" >>/etc/initramfs-tools/modules
                done
                update-initramfs -u -k "$1"
            elif grep -q '^INITRD_MODULES=' /etc/sysconfig/kernel 2>/dev/null; then
                grep -q '^INITRD_MODULES=.*virtio_blk' /etc/sysconfig/kernel ||
                    sed -i 's/^INITRD_MODULES="\(.*\)"/INITRD_MODULES="\1 virtio_pci virtio_blk"/' /etc/sysconfig/kernel
                kernel=$(cd /boot && ls "vmlinuz-$1" "vmlinux-$1" 2>/dev/null | head -n 1)
                mkinitrd -k "$kernel" -i "${image#/boot/}.v2v" && mv -f "$image.v2v" "$image"
            else
                mkinitrd -f $(modules_of "$1" --with=) "$image.v2v" "$1" && mv -f "$image.v2v" "$image"
            fi
        }

        cd "$folder" || exit 0
        [ ! -e result ] || finish "$(cat result)" "nothing to do: $(cat result)"
        starts=$(cat starts 2>/dev/null)
        case $starts in '' | *[!0-9]*) starts=0 ;; esac
        starts=$((starts + 1))
        [ "$starts" -le "$max_starts" ] || finish failed "failed: interrupted $max_starts times. Install the packages in $folder by hand."
        echo "$starts" >starts
        [ -e kernels ] || ls /lib/modules >kernels

        say "installing, in this order: $packages $kernels"
        install || finish failed "failed: the packages could not be installed. The guest stays as it is; they are in $folder."

        new='' unfit=''
        for version in $(ls /lib/modules); do
            ! grep -qxF "$version" kernels && has_virtio "$version" || continue
            say "building the boot image of kernel $version with virtio drivers"
            if build "$version"; then new="$new $version"; else unfit="$unfit $version"; fi
        done
        rm -f $packages $kernels starts kernels
        [ -z "$unfit" ] || finish incomplete "incomplete: installed, but these kernels have no boot image with virtio drivers:$unfit. Build it by hand."
        [ -z '@KERNELS@' ] || [ -n "$new" ] || finish incomplete "incomplete: installed, but no new kernel with virtio drivers is in /lib/modules"
        ! command -v grubby >/dev/null 2>&1 || say "the default kernel is $(grubby --default-kernel)"
        finish installed "installed: start the guest again, see that it runs the new kernel${new:+ (${new# })}, and give its domain virtio devices"

        """;

    /// <param name="format">"rpm" or "deb".</param>
    /// <param name="packages">Names of files in <see cref="Folder"/>, in order.</param>
    /// <param name="kernels">Those that are installed beside others, after them.</param>
    /// <param name="disable">The command that disables the service.</param>
    public static string Write(string format, IEnumerable<string> packages, IEnumerable<string> kernels, string disable) => Template
        .Replace("@INSTALL@", format == "rpm" ? InstallRpm : InstallDeb, StringComparison.Ordinal)
        .Replace("@FOLDER@", Folder, StringComparison.Ordinal)
        .Replace("@LOG@", Log, StringComparison.Ordinal)
        .Replace("@PACKAGES@", string.Join(' ', packages), StringComparison.Ordinal)
        .Replace("@KERNELS@", string.Join(' ', kernels), StringComparison.Ordinal)
        .Replace("@DISABLE@", disable, StringComparison.Ordinal);
}
