using V2V.Engine.Conversion.Linux.Software;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Linux.Software;

/// <summary>The script that runs in guests runs here, in a folder of its own, with every program that would change a system replaced.</summary>
public sealed class SoftwareScriptTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("v2v-script-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Tools in place, what is installed, the result, and the commands that were run, in order.</summary>
    public static TheoryData<string, string, string, string> Guests => new()
    {
        { "", "works", "installed", "rpm -Uvh --replacepkgs 01-a.rpm 02-b.rpm;rpm -ivh --replacepkgs 03-kernel.rpm;mkinitrd -f --with=virtio_pci --with=virtio_blk --with=virtio_net image.v2v 2.6.18-new" },
        { "dracut", "works", "installed", "rpm -Uvh --replacepkgs 01-a.rpm 02-b.rpm;rpm -ivh --replacepkgs 03-kernel.rpm;dracut --force image.v2v 2.6.18-new" },
        { "update-initramfs", "works", "installed", "rpm -Uvh --replacepkgs 01-a.rpm 02-b.rpm;rpm -ivh --replacepkgs 03-kernel.rpm;update-initramfs -u -k 2.6.18-new" },
        { "suse", "works", "installed", "rpm -Uvh --replacepkgs 01-a.rpm 02-b.rpm;rpm -ivh --replacepkgs 03-kernel.rpm;mkinitrd -k vmlinuz-2.6.18-new -i initrd-2.6.18-new.img.v2v" },
        // What fails is tried thrice, in case another package manager was at work, and what depends on it is not tried.
        { "", "fails", "failed", "rpm -Uvh --replacepkgs 01-a.rpm 02-b.rpm;rpm -Uvh --replacepkgs 01-a.rpm 02-b.rpm;rpm -Uvh --replacepkgs 01-a.rpm 02-b.rpm" },
        { "", "no-image", "incomplete", "rpm -Uvh --replacepkgs 01-a.rpm 02-b.rpm;rpm -ivh --replacepkgs 03-kernel.rpm" },
        { "", "no-virtio", "incomplete", "rpm -Uvh --replacepkgs 01-a.rpm 02-b.rpm;rpm -ivh --replacepkgs 03-kernel.rpm" },
        { "broken-mkinitrd", "works", "incomplete", "rpm -Uvh --replacepkgs 01-a.rpm 02-b.rpm;rpm -ivh --replacepkgs 03-kernel.rpm;mkinitrd -f --with=virtio_pci --with=virtio_blk --with=virtio_net image.v2v 2.6.18-new" },
    };

    [Theory]
    [MemberData(nameof(Guests))]
    public void It_installs_in_order_and_builds_the_boot_image_of_what_is_new(string tools, string outcome, string result, string commands)
    {
        Prepare(tools, outcome);
        var output = Start();

        Assert.Equal(result, Read("var/lib/v2v-software/result"));
        Assert.Equal(commands, Read("commands").Replace($"{_folder}/boot/initrd-2.6.18-new.img", "image", StringComparison.Ordinal).Replace('\n', ';'));
        Assert.False(File.Exists($"{_folder}/link"), output);
        Assert.Equal(result == "failed", File.Exists($"{_folder}/var/lib/v2v-software/01-a.rpm"));
        Assert.Equal(result == "installed" && tools != "update-initramfs" ? "built" : outcome is "fails" or "no-image" ? "" : "package", Read("boot/initrd-2.6.18-new.img"));
        Assert.Contains(result, output, StringComparison.Ordinal);
        if (tools is "suse")
        {
            Assert.Equal("INITRD_MODULES=\"ata_piix virtio_pci virtio_blk\"", Read("etc/sysconfig/kernel"));
        }
        else if (tools is "update-initramfs")
        {
            Assert.Equal("virtio_pci\nvirtio_blk", Read("etc/initramfs-tools/modules"));
        }
    }

    [Fact]
    public void What_has_a_result_is_not_done_again()
    {
        Prepare("", "works");
        Start();
        File.WriteAllText($"{_folder}/link", "");
        var before = Read("commands");
        Start();
        Assert.Equal(before, Read("commands"));
        Assert.Equal("installed", Read("var/lib/v2v-software/result"));
        Assert.False(File.Exists($"{_folder}/link"));
    }

    [Theory]
    [InlineData("1", "installed")]
    [InlineData("2", "failed")]
    [InlineData("rubbish", "installed")]
    public void What_was_interrupted_is_done_again_once(string starts, string result)
    {
        Prepare("", "works");
        File.WriteAllText($"{_folder}/var/lib/v2v-software/starts", starts + "\n");
        // The kernel was unpacked when the power went; it is new all the same.
        File.WriteAllText($"{_folder}/var/lib/v2v-software/kernels", "2.6.18-old\n");
        Start();
        Assert.Equal(result, Read("var/lib/v2v-software/result"));
        Assert.Equal(result == "installed", Read("commands").Length > 0);
    }

    private void Prepare(string tools, string outcome)
    {
        var rpm = outcome switch
        {
            "fails" => "exit 1",
            "no-virtio" => "mkdir -p lib/modules/2.6.18-new; echo package >boot/initrd-2.6.18-new.img",
            _ => "d=lib/modules/2.6.18-new/kernel; mkdir -p $d; touch $d/virtio_pci.ko $d/virtio_blk.ko $d/virtio_net.ko; touch boot/vmlinuz-2.6.18-new"
                + (outcome == "no-image" ? "" : "; echo package >boot/initrd-2.6.18-new.img"),
        };
        // The image that mkinitrd and dracut build is the last argument but one; SUSE's names it after -i, below /boot.
        const string Build = "image=; for a; do case $a in *.v2v) image=$a ;; esac; done; case $image in /*) ;; *) image=boot/$image ;; esac; echo built >$image";
        ExternalTool.Check("sh", "-ec", $$"""
            cd {{_folder}}
            mkdir -p bin var/log var/lib/v2v-software lib/modules/2.6.18-old boot etc/dracut.conf.d etc/sysconfig etc/initramfs-tools
            for f in 01-a 02-b 03-kernel; do : >var/lib/v2v-software/$f.rpm; done
            : >link; : >commands; : >etc/initramfs-tools/modules
            tool() { printf '#!/bin/sh\ncd %s\necho "%s $*" >>commands\n%s\n' {{_folder}} "$1" "$2" >bin/$1; chmod +x bin/$1; }
            tool rpm '[ "$1" = -Uvh ] && [ {{outcome}} != fails ] && exit 0; {{rpm}}'
            tool mkinitrd '{{(tools == "broken-mkinitrd" ? "exit 1" : Build)}}'
            [ '{{tools}}' != dracut ] || tool dracut '{{Build}}'
            [ '{{tools}}' != update-initramfs ] || tool update-initramfs ''
            [ '{{tools}}' != suse ] || echo 'INITRD_MODULES="ata_piix"' >etc/sysconfig/kernel
            printf '#!/bin/sh\n' >bin/sleep; chmod +x bin/sleep
            for t in cat date grep ls rm mv mkdir find sed head echo printf touch sync; do ln -sf "$(command -v $t)" bin/$t; done
            """);
        var script = SoftwareScript.Write("rpm", ["01-a.rpm", "02-b.rpm"], ["03-kernel.rpm"], $"rm -f {_folder}/link");
        foreach (var directory in (string[])["/var/", "/lib/modules", "/boot", "/etc/"])
        {
            script = script.Replace($" {directory}", $" {_folder}{directory}", StringComparison.Ordinal).Replace($"\"{directory}", $"\"{_folder}{directory}", StringComparison.Ordinal)
                .Replace($"={directory}", $"={_folder}{directory}", StringComparison.Ordinal).Replace($">{directory}", $">{_folder}{directory}", StringComparison.Ordinal)
                .Replace($"#{directory}", $"#{_folder}{directory}", StringComparison.Ordinal);
        }

        // Nothing but what is in the folder can be run.
        File.WriteAllText($"{_folder}/script", script.Replace("PATH=/usr/sbin:/usr/bin:/sbin:/bin", $"PATH={_folder}/bin", StringComparison.Ordinal));
    }

    private string Start()
    {
        ExternalTool.Check("/bin/sh", $"{_folder}/script");
        return Read("var/log/v2v-software.log");
    }

    private string Read(string path) => File.Exists($"{_folder}/{path}") ? File.ReadAllText($"{_folder}/{path}").Trim() : "";
}
