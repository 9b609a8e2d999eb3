using V2V.Engine.Tests.Conversion.Initramfs;

namespace V2V.Engine.Tests.Guests.Phony;

/// <summary>An initramfs with what tells its generator, some modules with their indexes, and whatever else the recipe puts into it.</summary>
internal static class PhonyInitramfs
{
    /// <summary>What each generator's images have in common, as a shell script that makes it. Programs are empty files.</summary>
    private static readonly Dictionary<string, string> Trees = new()
    {
        ["dracut"] =
            """
            mkdir -p usr/bin usr/sbin usr/lib/dracut/hooks/initqueue/finished usr/lib/systemd usr/lib64 etc/cmdline.d dev proc sys
            ln -s usr/bin bin; ln -s usr/sbin sbin; ln -s usr/lib lib; ln -s usr/lib64 lib64
            touch usr/lib/systemd/systemd-udevd usr/lib/systemd/systemd usr/lib/dracut-lib.sh usr/bin/udevadm
            ln -s usr/lib/systemd/systemd init
            """,
        ["dracut-004"] =
            """
            mkdir -p bin sbin lib lib64 etc initqueue/finished pre-udev dev proc sys
            touch init lib/dracut-lib.sh sbin/udevd sbin/udevadm
            """,
        ["initramfs-tools"] =
            """
            mkdir -p usr/bin usr/sbin usr/lib/systemd usr/lib/modprobe.d etc/modprobe.d conf scripts/init-top dev
            ln -s usr/bin bin; ln -s usr/sbin sbin; ln -s usr/lib lib
            touch init scripts/functions scripts/local scripts/init-top/udev conf/modules conf/initramfs.conf usr/lib/systemd/systemd-udevd usr/bin/udevadm
            """,
        ["initramfs-tools-split"] =
            """
            mkdir -p bin sbin lib/udev etc/modprobe.d conf scripts/init-top dev
            touch init scripts/functions scripts/local scripts/init-top/udev conf/modules conf/initramfs.conf sbin/udevd sbin/udevadm
            """,
        ["mkinitcpio"] =
            """
            mkdir -p usr/bin usr/lib/systemd etc hooks dev proc sys
            ln -s usr/bin bin; ln -s usr/bin sbin; ln -s usr/lib lib; ln -s bin usr/sbin; ln -s lib usr/lib64; ln -s usr/lib lib64
            touch init init_functions buildconfig hooks/udev usr/lib/systemd/systemd-udevd usr/bin/udevadm
            printf 'MODULES=""\nEARLYHOOKS="udev"\nHOOKS="udev"\n' > config
            """,
        ["mkinitfs"] =
            """
            mkdir -p bin sbin lib etc dev proc sys
            touch init sbin/nlplug-findfs bin/busybox
            """,
        ["suse-mkinitrd"] =
            """
            mkdir -p bin sbin lib/udev etc/udev/rules.d config boot dev proc sys
            touch init run_all.sh mkinitrd.config bin/bash sbin/udevd sbin/udevadm boot/02-start.sh config/mount.sh
            """,
        ["nash"] =
            """
            mkdir -p bin lib etc dev proc sys sysroot
            touch bin/nash bin/insmod
            """,
    };

    public static byte[] Build(Workshop workshop, PhonySection section, Func<string, byte[]> module)
    {
        var (generator, compression, version) = (section.Arguments[1], section.Arguments[2], section.Arguments[3]);
        var script = Trees[generator] + '\n';
        var modules = generator switch
        {
            // Red Hat's old mkinitrd puts them into lib, without indexes, and loads them by name.
            "nash" => "lib",
            "dracut" or "initramfs-tools" or "mkinitcpio" => $"usr/lib/modules/{version}",
            _ => $"lib/modules/{version}",
        };
        var count = 0;
        foreach (var line in section.Lines)
        {
            if (line.StartsWith("> ", StringComparison.Ordinal))
            {
                // "> path content", with \n for the ends of lines
                var (path, content) = line[2..].Split(' ', 2) is [var p, var c] ? (p, c) : (line[2..], "");
                script += $"mkdir -p \"$(dirname {path})\"; printf '{content.Replace("%", "%%", StringComparison.Ordinal)}\\n' > {path}\n";
                continue;
            }

            var target = generator == "nash" ? $"lib/{Path.GetFileName(line)}" : $"{modules}/{line}";
            workshop.Save($"module{count}", module(line));
            script += $"mkdir -p \"$(dirname {target})\"; cp ../module{count} {target}\n";
            count++;
        }

        if (generator != "nash")
        {
            // depmod looks below lib; it is a link where /usr is merged.
            script += $"mkdir -p {modules}; touch {modules}/modules.order {modules}/modules.builtin\ndepmod -b . {version}\n";
            script += generator == "mkinitcpio" ? $"rm {modules}/modules.dep {modules}/modules.alias {modules}/modules.symbols\n" : "";
            script += $"rm -f {modules}/modules.devname {modules}/modules.builtin.bin {modules}/modules.builtin.alias.bin\n";
        }

        // Every file of the same age, so that the archive is the same each time.
        script += "find . -exec touch -h -d @1700000000 '{}' +\n";
        var image = Compress(workshop, workshop.Archive(script), compression);
        return section.Arguments.Contains("microcode")
            ? Workshop.Join(Workshop.Align(workshop.Archive("mkdir -p kernel/x86/microcode; touch kernel/x86/microcode/GenuineIntel.bin; touch early_cpio")), image)
            : image;
    }

    private static byte[] Compress(Workshop workshop, byte[] archive, string compression) => compression switch
    {
        "gzip" => workshop.Compress(archive, "gzip -n"),
        "xz" => workshop.Compress(archive, "xz --check=crc32 -0"),
        "zstd" => workshop.Compress(archive, "zstd -q -3"),
        "lz4" => workshop.Compress(archive, "lz4 -l -q"),
        "none" => archive,
        _ => throw new ArgumentOutOfRangeException(nameof(compression), compression, null),
    };
}
