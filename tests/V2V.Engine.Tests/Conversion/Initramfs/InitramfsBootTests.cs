using V2V.Engine.Conversion;
using V2V.Engine.Conversion.Initramfs;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Initramfs;

/// <summary>
/// The kernel's own judgement: an image without virtio is extended and booted under QEMU with a virtio disk. Its init follows modules.dep,
/// loads the drivers and tells whether the disk appeared and whether what was there before still is.
/// </summary>
public sealed class InitramfsBootTests : IDisposable
{
    private const string Init = """
        #define _GNU_SOURCE
        #include <fcntl.h>
        #include <stdio.h>
        #include <string.h>
        #include <sys/mount.h>
        #include <sys/reboot.h>
        #include <sys/stat.h>
        #include <sys/syscall.h>
        #include <unistd.h>

        static void load(const char *path)
        {
            char full[512];
            snprintf(full, sizeof full, "/lib/modules/%s/%s", VERSION, path);
            int file = open(full, O_RDONLY);
            long result = syscall(SYS_finit_module, file, "", 0);
            printf("load %s: %ld\n", path, result);
            close(file);
        }

        static void modprobe(const char *name)
        {
            char line[4096], *words[64];
            FILE *dep = fopen("/lib/modules/" VERSION "/modules.dep", "r");
            while (dep && fgets(line, sizeof line, dep)) {
                char *colon = strchr(line, ':'), *slash = strstr(line, name);
                if (!colon || !slash || slash > colon || slash[-1] != '/' || strncmp(slash + strlen(name), ".ko:", 4)) continue;
                int count = 0;
                for (char *word = strtok(line, ": \n"); word && count < 64; word = strtok(NULL, ": \n")) words[count++] = word;
                while (count > 0) load(words[--count]);
                break;
            }
        }

        int main(void)
        {
            struct stat st;
            mount("dev", "/dev", "devtmpfs", 0, "");
            int console = open("/dev/console", O_RDWR);
            dup2(console, 1);
            setvbuf(stdout, NULL, _IOLBF, 0);
            modprobe("virtio_pci");
            modprobe("virtio_blk");
            int found = -1;
            for (int i = 0; i < 100 && (found = stat("/dev/vda", &st)); i++) usleep(100000);
            printf("disk %s\n", found == 0 ? "appeared" : "missing");
            printf("lib %s\n", lstat("/lib", &st) == 0 && S_ISLNK(st.st_mode) ? "is a link" : "is not a link");
            printf("twin %s\n", stat("/usr/lib/twin", &st) == 0 && st.st_nlink == 1 ? "is alone" : "is linked");
            printf("marker %s\n", stat("/lib/marker", &st) == 0 ? "stayed" : "is gone");
            fflush(stdout);
            reboot(RB_POWER_OFF);
            return 0;
        }
        """;

    private readonly Workshop _workshop = new();

    public void Dispose() => _workshop.Dispose();

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("zstd -q", false)]
    [InlineData("lz4 -q -l", false)]
    [InlineData("lz4 -q -l", true)]
    public void The_kernel_unpacks_the_extension_and_its_drivers_find_the_disk(string command, bool rewriteLz4)
    {
        var installed = InstalledModules.Find();
        var kernelImage = $"/boot/vmlinuz-{installed.Version}";
        Assert.SkipUnless(File.Exists(kernelImage), $"needs {kernelImage}");
        ExternalTool.Need("gcc");
        ExternalTool.Need("qemu-system-x86_64");

        _workshop.Save("init.c", System.Text.Encoding.ASCII.GetBytes(Init));
        _workshop.Shell($"gcc -static -O1 -DVERSION='\"{installed.Version}\"' -o init init.c; truncate -s 1M disk");
        var plain = _workshop.Archive($"""
            mkdir -p dev conf scripts usr/lib/systemd usr/lib/modules/{installed.Version}; ln -s usr/lib lib
            cp ../init init; echo > scripts/functions; echo > usr/lib/systemd/systemd-udevd; echo > lib/marker
            for index in modules.dep modules.alias; do echo '# empty' > lib/modules/{installed.Version}/$index; done
            ln lib/modules/{installed.Version}/modules.dep lib/twin
            """);
        var original = _workshop.Compress(plain, command);
        var contents = Workshop.Read(original);
        var kernel = installed.Open();
        var plan = InitramfsPlanner.Plan(contents.Tree, kernel, InitramfsNeeds.For(DiskBus.Virtio), KnownDisks.None);
        var image = InitramfsExtension.Build(new InitramfsImage(original), contents, plan, rewriteLz4);
        InitramfsExtension.Verify(image.Content, contents, plan, kernel, rewriteLz4, TestContext.Current.CancellationToken);
        _workshop.Save("initrd", image.Content);

        var output = _workshop.Shell($"""
            timeout 300 qemu-system-x86_64 -accel tcg -m 512 -nodefaults -display none -serial stdio -no-reboot \
              -kernel {kernelImage} -initrd initrd -append 'console=ttyS0 quiet panic=-1' \
              -drive file=disk,format=raw,if=none,id=d -device virtio-blk-pci,drive=d,disable-legacy=on < /dev/null
            """, TimeSpan.FromMinutes(6));

        Assert.Contains("disk appeared", output);
        Assert.Contains("lib is a link", output);
        Assert.Contains("twin is alone", output);
        Assert.Contains("marker stayed", output);
    }
}
