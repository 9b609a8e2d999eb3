using V2V.Engine.Conversion;
using V2V.Engine.Conversion.Linux;
using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Fat;
using V2V.Engine.Inspection;
using V2V.Engine.Tests.Disks;
using V2V.Engine.Tests.FileSystems.Fat;
using V2V.Engine.Tests.Inspection;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Linux;

/// <summary>Real FAT system partitions with the files that distributions put there. The programs are headers with a name in them.</summary>
public sealed class UefiFallbackLoaderTests : IDisposable
{
    private const ushort X64 = 0x8664;
    private const ushort Ia32 = 0x14C;
    private const string Esp = "/boot/efi";

    private readonly FatTestImage _image = new(40 << 20, "-F", "32", "-i", "abcd1234");
    private readonly FileDevice _device;
    private readonly FatFileSystem _fileSystem;

    public UefiFallbackLoaderTests()
    {
        _device = new FileDevice(_image.Path);
        _fileSystem = FatFileSystem.Open(_device);
    }

    public void Dispose()
    {
        _fileSystem.Dispose();
        _device.Dispose();
        _image.Dispose();
    }

    [Fact]
    public void Shim_grub_and_the_key_manager_are_copied_and_the_menu_stays_where_it_is_built_in()
    {
        With("debian/shimx64.efi", "shim").With("debian/grubx64.efi", "grub\0/EFI/debian\0").With("debian/mmx64.efi", "keys").With("debian/fbx64.efi", "fallback");
        Text("debian/grub.cfg", "configfile").Text("debian/BOOTX64.CSV", "shimx64.efi,debian");

        Convert("BOOTX64.EFI=debian/shimx64.efi", "grubx64.efi=debian/grubx64.efi", "mmx64.efi=debian/mmx64.efi");
    }

    [Fact]
    public void The_directory_is_found_in_any_case_and_what_is_in_it_is_kept()
    {
        With("DEBIAN/SHIMX64.EFI", "shim").With("DEBIAN/GRUBX64.EFI", "grub\0/EFI/debian\0").Text("DEBIAN/GRUB.CFG", "configfile");
        Text("Boot/other.txt", "kept");

        var context = Convert("BOOTX64.EFI=debian/shimx64.efi", "grubx64.efi=debian/grubx64.efi", "other.txt=");
        Assert.Equal(["Boot", "DEBIAN"], _fileSystem.Enumerate("/EFI").Select(e => e.Name).Order());
        Assert.All(context.Changes, c => Assert.StartsWith("/boot/efi/EFI/", c.Path, StringComparison.Ordinal));
    }

    [Fact]
    public void Whichever_grub_a_shim_looks_for_is_copied()
    {
        With("opensuse/shim.efi", "shim").With("opensuse/grub.efi", "signed").With("opensuse/grubx64.efi", "installed").With("opensuse/MokManager.efi", "keys");

        Convert("BOOTX64.EFI=opensuse/shim.efi", "grub.efi=opensuse/grub.efi", "grubx64.efi=opensuse/grubx64.efi", "MokManager.efi=opensuse/MokManager.efi");
    }

    [Fact]
    public void Grub_alone_becomes_the_program()
    {
        With("debian/grubx64.efi", "grub (,gpt2)/boot/grub");

        Convert("BOOTX64.EFI=debian/grubx64.efi");
    }

    [Fact]
    public void Grub_with_another_directory_built_in_gets_the_menu_beside_it()
    {
        With("server/shimx64.efi", "shim").With("server/grubx64.efi", "grub\0/EFI/debian\0").Text("server/grub.cfg", "configfile");

        Convert("BOOTX64.EFI=server/shimx64.efi", "grubx64.efi=server/grubx64.efi", "grub.cfg=server/grub.cfg");
    }

    [Fact]
    public void Of_several_loaders_the_guests_own_is_taken()
    {
        foreach (var vendor in new[] { "aaa", "Microsoft", "ubuntu", "debian", "systemd" })
        {
            With($"{vendor}/grubx64.efi", vendor);
        }

        Convert("BOOTX64.EFI=debian/grubx64.efi");
    }

    [Fact]
    public void A_loader_of_the_same_family_is_nearer_than_a_foreign_one()
    {
        With("aaa/grubx64.efi", "a").With("ubuntu/grubx64.efi", "u");

        Convert("BOOTX64.EFI=ubuntu/grubx64.efi");
    }

    [Fact]
    public void Systemd_boot_is_copied_as_bootctl_does()
    {
        With("systemd/systemd-bootx64.efi", "systemd-boot");

        Convert("BOOTX64.EFI=systemd/systemd-bootx64.efi");
    }

    [Fact]
    [Shows("UefiMenuCopied")]
    public void Grub_legacy_takes_its_menu_along_and_that_is_told()
    {
        using var phony = PhonyGuest.Debian5().WithSystemPartition(_fileSystem);
        With("redhat/grub.efi", "legacy").Text("redhat/grub.conf", "default=0");

        var context = phony.Run(new UefiFallbackLoader());

        Assert.Equal(_fileSystem.ReadAllBytes("/EFI/redhat/grub.efi"), _fileSystem.ReadAllBytes("/EFI/BOOT/BOOTX64.EFI"));
        Assert.Equal("default=0", _fileSystem.ReadAllText("/EFI/BOOT/BOOTX64.conf"));
        Assert.Equal("UefiMenuCopied", Assert.Single(context.Concerns).Id);
    }

    [Fact]
    public void A_program_that_is_there_already_is_left_alone()
    {
        With("debian/grubx64.efi", "grub").With("boot/bootx64.efi", "mine");
        using var phony = PhonyGuest.Debian12().WithSystemPartition(_fileSystem);

        Assert.Empty(phony.Run(new UefiFallbackLoader()).Changes);
        Assert.Empty(Check(phony));
    }

    [Fact]
    public void A_partition_that_fstab_forgot_is_found_at_its_usual_place()
    {
        With("debian/grubx64.efi", "grub");
        using var phony = PhonyGuest.Debian12().WithSystemPartition(_fileSystem);
        phony.Root.WriteAllText("/etc/fstab", $"UUID={PhonyGuest.RootUuid} / ext4 defaults 0 1\n");

        Assert.Empty(Check(phony));
        phony.Run(new UefiFallbackLoader());
        Assert.NotNull(_fileSystem.Find("/EFI/BOOT/BOOTX64.EFI"));
    }

    [Theory]
    [InlineData("debian/grubx64.efi", X64, null)]
    [InlineData("debian/grubx64.efi", Ia32, "UefiFallbackMissing")]
    [InlineData("debian/shimx64.efi", X64, "UefiFallbackMissing")]
    [InlineData("debian/grubia32.efi", Ia32, "UefiFirmware32Bit")]
    [InlineData("BOOT/BOOTIA32.EFI", Ia32, "UefiFirmware32Bit")]
    [InlineData("BOOT/BOOTX64.EFI", X64, null)]
    [InlineData("Microsoft/Boot/bootmgfw.efi", X64, "UefiFallbackMissing")]
    [Shows("UefiFallbackMissing", "UefiFirmware32Bit")]
    public void Only_without_anything_that_could_be_started_the_guest_is_refused(string path, int machine, string? concern)
    {
        With(path, "program", (ushort)machine);
        using var phony = PhonyGuest.Debian12().WithSystemPartition(_fileSystem);

        Assert.Equal(concern, Check(phony).SingleOrDefault()?.Id);
    }

    [Fact]
    public void Copies_need_room()
    {
        With("debian/grubx64.efi", "grub");
        _fileSystem.CreateFile("/full", new());
        _fileSystem.Truncate("/full", _fileSystem.Space.FreeBytes - 500_000);
        using var phony = PhonyGuest.Debian12().WithSystemPartition(_fileSystem);

        Assert.Equal("GuestDiskFull", Assert.Single(Check(phony)).Id);
    }

    private static IEnumerable<Concern> Check(PhonyGuest phony) => GuestChecks.Run(phony.Inspect(), phony.Source);

    /// <summary>Converts, and expects these files ("copy=original") in EFI/BOOT and no others.</summary>
    private ConversionContext Convert(params string[] expected)
    {
        using var phony = PhonyGuest.Debian12().WithSystemPartition(_fileSystem);
        Assert.Empty(Check(phony));

        var context = phony.Run(new UefiFallbackLoader());

        var names = expected.Select(e => e.Split('=')).ToList();
        Assert.Equal(names.Select(n => n[0]).Order(), _fileSystem.Enumerate("/EFI/BOOT").Select(e => e.Name).Order());
        foreach (var name in names.Where(n => n[1].Length > 0))
        {
            Assert.Equal(_fileSystem.ReadAllBytes($"/EFI/{name[1]}"), _fileSystem.ReadAllBytes($"/EFI/BOOT/{name[0]}"));
            Assert.Contains(context.Changes, c => c.Path.EndsWith("/" + name[0], StringComparison.Ordinal) && c.Path.StartsWith(Esp, StringComparison.Ordinal));
        }

        Assert.Empty(context.Concerns);
        Assert.Empty(phony.Run(new UefiFallbackLoader()).Changes); // a second conversion has nothing to do
        _fileSystem.Flush();
        _image.Check();
        return context;
    }

    private UefiFallbackLoaderTests With(string path, string text, ushort machine = X64) => Put(path, PhonyGuest.Pe(machine, text));

    private UefiFallbackLoaderTests Text(string path, string text) => Put(path, GuestText.Encode(text));

    private UefiFallbackLoaderTests Put(string path, byte[] content)
    {
        var directory = "";
        foreach (var name in $"EFI/{path}".Split('/')[..^1])
        {
            directory += "/" + name;
            if (_fileSystem.Find(directory) is null)
            {
                _fileSystem.CreateDirectory(directory, new());
            }
        }

        _fileSystem.WriteAllBytes($"/EFI/{path}", content);
        return this;
    }
}
