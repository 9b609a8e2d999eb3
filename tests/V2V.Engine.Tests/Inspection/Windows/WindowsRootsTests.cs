using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;
using V2V.Engine.Sources;
using V2V.Engine.Tests.FileSystems;
using V2V.Engine.Tests.Guests.Phony;
using V2V.Engine.Volumes;
using Xunit;

namespace V2V.Engine.Tests.Inspection.Windows;

public sealed class WindowsRootsTests
{
    [Fact]
    public void A_Windows_is_found_with_its_drives_and_its_boot_manager()
    {
        using var phony = PhonyWindows.Create();
        phony.Add(MemoryVolume.Partition(0, 3) with { MbrType = 7 }, new MemoryFileSystem("ntfs", "01CA0000000000D3", "Data").With("/data.txt", "data"));
        phony.WithSystem("""
            [MountedDevices]
            "\DosDevices\D:"=hex:d0,c0,d1,5a,00,00,30,00,00,00,00,00
            "\DosDevices\E:"=hex:5c,00,3f,00,3f,00
            "\??\Volume{4C1B02C1-D990-4F3A-8C86-F1B7C5D61E0A}"=hex:d0,c0,d1,5a,00,00,30,00,00,00,00,00
            """);

        var guest = phony.Inspect();

        Assert.Equal([('C', 2), ('D', 3)], guest.Windows!.Drives.Select(d => (d.Letter, d.Volume.Volume.PartitionNumber!.Value)));
        Assert.Equal("/Windows", guest.Windows.SystemRoot);
        Assert.Equal(["/Volume{5ad1c0d0-0000-0000-0000-100000000000}", "/", "/D:"], guest.Volumes.Select(v => v.MountPoint));
        Assert.Equal("data", guest.Root.ReadAllText("/D:/data.txt"));
        Assert.Equal("data", guest.Root.ReadAllText("/Volume{4c1b02c1-d990-4f3a-8c86-f1b7c5d61e0a}/data.txt"));
        Assert.True(guest.Root.FileExists("/C:/windows/system32/CMD.EXE"));
        Assert.Equal((BootLoaderKind.WindowsBootManager, "/Volume{5ad1c0d0-0000-0000-0000-100000000000}/Boot/BCD"), (guest.BootLoader.Kind, guest.BootLoader.ConfigurationPath));
        Assert.True(guest.HasBootLoaderOnDisk);
        Assert.Empty(GuestChecks.Run(guest, phony.Source));
    }

    [Fact]
    public void Junctions_lead_where_they_lead_in_Windows_and_never_out_of_the_guest()
    {
        using var phony = PhonyWindows.Create();
        phony.C.With("/Users/Public/a.txt", "a").WithLink("/Documents and Settings", "/C:/Users").WithLink("/out", "/Z:/../../etc").WithLink("/loop", "/C:/loop");

        var root = phony.Inspect().Root;

        Assert.Equal("a", root.ReadAllText("/Documents and Settings/Public/a.txt"));
        Assert.Null(root.Find("/out/passwd"));
        Assert.Null(root.Find("/loop/x"));
    }

    /// <summary>A copy of the disk, with the same signature, and one that has been given another.</summary>
    [Theory]
    [InlineData("5ad1c0d0-02")]
    [InlineData("12345678-02")]
    public void Of_a_disk_and_its_copy_each_calls_its_own_volume_C(string copy)
    {
        using var phony = PhonyWindows.Create();
        var other = new MemoryFileSystem("ntfs").With("/copy.txt", "copy");
        PhonyWindows.AddWindows(other, "/Windows", 0x8664, "Windows Server 2016 Standard", "10.0", "14393", "Server");
        other.WriteAllBytes("/Windows/System32/config/SYSTEM", phony.C.ReadAllBytes("/Windows/System32/config/SYSTEM"));
        phony.Add(MemoryVolume.Partition(1, 2, partitionUuid: copy), other);

        Assert.Equal("copy", phony.Inspect("2").Root.ReadAllText("/C:/copy.txt"));
        Assert.Null(phony.Inspect("1").Root.Find("/C:/copy.txt"));
        Assert.Equal("disk 2, partition 2", phony.Inspect("2").Windows!.Drives.Single(d => d.Letter == 'C').Volume.Volume.DisplayName);
    }

    [Theory]
    [InlineData("/WINNT")]
    [InlineData("/win32")]
    [InlineData("/ReactOS")]
    public void Other_names_of_the_directory_are_known(string directory)
    {
        using var phony = PhonyWindows.Create();
        var fileSystem = new MemoryFileSystem("ntfs");
        PhonyWindows.AddWindows(fileSystem, directory, 0x14C, "Microsoft Windows XP", "5.1", "2600", null);
        phony.Volumes.Clear();
        phony.Add(MemoryVolume.Partition(0, 2), fileSystem);

        var guest = phony.Inspect();

        Assert.Equal((directory, "i686"), (guest.Windows!.SystemRoot, guest.OperatingSystem.Architecture));
    }

    /// <summary>NTLDR and its menu are on the first partition, the system that it starts on the second, in a directory that nobody would guess.</summary>
    [Fact]
    public void A_boot_menu_names_directories_that_are_not_usual()
    {
        using var phony = PhonyWindows.Create();
        phony.Volumes.Clear();
        var system = new MemoryFileSystem("ntfs");
        PhonyWindows.AddWindows(system, "/SBS/Server.1", 0x14C, "Microsoft Windows Server 2003", "5.2", "3790", "Server");
        phony.Add(
            MemoryVolume.Partition(0, 1) with { IsActive = true },
            new MemoryFileSystem("vfat").With("/NTLDR").With("/boot.ini", "[operating systems]\r\nmulti(0)disk(0)rdisk(0)partition(2)\\sbs\\SERVER.1=\"x\"\r\n"));
        phony.Add(MemoryVolume.Partition(0, 2), system);

        var guest = phony.Inspect();

        Assert.Equal("/SBS/Server.1", guest.Windows!.SystemRoot);
        Assert.Equal(BootLoaderKind.Ntldr, guest.BootLoader.Kind);
    }

    [Theory]
    [InlineData(0xAA64, "aarch64")]
    [InlineData(0x14C, "i686")]
    [InlineData(0x200, "ia64")]
    public void The_architecture_is_that_of_its_programs(int machine, string expected)
    {
        using var phony = PhonyWindows.Create(machine: (ushort)machine);
        Assert.Equal(expected, phony.Inspect().OperatingSystem.Architecture);
    }

    [Fact]
    public void A_program_that_is_none_leaves_the_others()
    {
        using var phony = PhonyWindows.Create();
        phony.C.With("/Windows/System32/cmd.exe", "MZ");
        Assert.Equal("x86_64", phony.Inspect().OperatingSystem.Architecture);

        var far = PhonyGuest.Pe(0x8664, "");
        far.AsSpan(0x3C, 4).Fill(0xFF);
        phony.C.With("/Windows/System32/cmd.exe", far);
        Assert.Equal("x86_64", phony.Inspect().OperatingSystem.Architecture);

        phony.C.Delete("/Windows/System32/ntoskrnl.exe");
        var concern = Assert.Single(phony.Check());
        Assert.Equal(("ArchitectureUnsupported", ConcernSeverity.Critical), (concern.Id, concern.Severity));
        Assert.Contains("/Windows/system32 has no cmd.exe", concern.Message);
    }

    [Fact]
    public void Linux_and_Windows_side_by_side_are_chosen_between()
    {
        using var phony = WithDebian();

        var e = Assert.Throws<ConversionException>(() => phony.Inspect());

        Assert.Equal(V2VError.SeveralOperatingSystems, e.Error);
        Assert.Equal(
            "The guest has several operating systems: 1: win-host, Windows Server 2016 Standard, on disk 1, partition 2 (C:); "
            + $"2: Debian GNU/Linux 12 (bookworm), on disk 1, partition 4 (UUID={PhonyGuest.RootUuid}).",
            e.Message);
    }

    [Theory]
    [InlineData("1", true)]
    [InlineData("c:", true)]
    [InlineData("first", true)]
    [InlineData("UUID=01CA0000000000C2", true)]
    [InlineData("disk 1, partition 2", true)]
    [InlineData("2", false)]
    [InlineData("/dev/sda4", false)]
    public void One_of_both_is_chosen_and_the_other_told_of(string root, bool isWindows)
    {
        using var phony = WithDebian();

        var guest = phony.Inspect(root);

        Assert.Equal(isWindows, guest.Windows is not null);
        Assert.Equal(isWindows ? OperatingSystemFamily.Windows : OperatingSystemFamily.Linux, guest.OperatingSystem.Family);
        Assert.Contains(guest.Concerns, c => c.Id == "OtherOperatingSystem" && c.Message.Contains(isWindows ? "Debian" : "Windows Server 2016", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("D:", "The guest has no operating system on D:. There is")]
    [InlineData("C:", "Several operating systems of the guest call their volume C:: 1: win-host, Windows Server 2016 Standard, on disk 1, partition 2 (C:); 2: ")]
    public void A_letter_that_names_none_or_several_chooses_none(string root, string message)
    {
        using var phony = PhonyWindows.Create();
        var other = new MemoryFileSystem("ntfs");
        PhonyWindows.AddWindows(other, "/Windows", 0x8664, "Windows 7 Professional", "6.1", "7601", "Client");
        PhonyHive.Write(other, "/Windows/System32/config/SOFTWARE", "[Microsoft\\Windows NT\\CurrentVersion]\n\"SystemRoot\"=\"C:\\Windows\"");
        phony.Add(MemoryVolume.Partition(0, 3), other);

        var e = Assert.Throws<ConversionException>(() => phony.Inspect(root));

        Assert.StartsWith(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_hive_says_where_and_leaves_other_systems_alone()
    {
        using var phony = WithDebian();
        phony.C.WriteAllBytes("/Windows/System32/config/SYSTEM", new byte[8192]);

        Assert.Equal(OperatingSystemFamily.Linux, phony.Inspect("2").OperatingSystem.Family);
        var e = Assert.Throws<ConversionException>(() => phony.Inspect("1"));
        Assert.StartsWith("disk 1, partition 2 holds a Windows in /Windows that cannot be read: ", e.Message, StringComparison.Ordinal);
        Assert.Contains("SYSTEM", e.Message);
        Assert.Equal("/Windows/System32/config/SYSTEM", e.Path, ignoreCase: true);
        Assert.NotNull(e.Advice);
    }

    [Theory]
    [InlineData("\"Current\"=dword:00000000", @"Select\Current")]
    [InlineData("\"Current\"=dword:00000007", "ControlSet007")]
    [InlineData("\"Current\"=\"1\"", @"Select\Current")]
    public void A_hive_without_what_every_Windows_has_is_refused_by_name(string value, string missing)
    {
        using var phony = PhonyWindows.Create();
        phony.WithSystem("[Select]\n" + value);

        var e = Assert.Throws<ConversionException>(() => phony.Inspect());

        Assert.Equal(V2VError.GuestUnsupported, e.Error);
        Assert.Contains($"has no {missing}, which every Windows has", e.Message);
    }

    [Fact]
    public void Firmware_and_boot_manager_are_found_on_the_system_partition()
    {
        using var phony = PhonyWindows.Create();
        phony.Source = phony.Source with { Firmware = Firmware.Uefi };
        phony.Add(
            MemoryVolume.Partition(0, 3) with { Kind = VolumeKind.GptPartition, PartitionUuid = "9a000000-0000-4000-8000-000000000003", GptType = new Guid("c12a7328-f81f-11d2-ba4b-00a0c93ec93b") },
            new MemoryFileSystem("vfat").With("/EFI/Microsoft/Boot/BCD").With("/EFI/Microsoft/Boot/bootmgfw.efi"));

        var guest = phony.Inspect();

        Assert.Equal("/Volume{9a000000-0000-4000-8000-000000000003}/EFI/Microsoft/Boot/BCD", guest.BootLoader.ConfigurationPath);
        Assert.Equal(Firmware.Uefi, guest.Firmware);
    }

    private static PhonyWindows WithDebian() => PhonyWindows.Create().Add(
        MemoryVolume.Partition(0, 4),
        new MemoryFileSystem("ext4", PhonyGuest.RootUuid)
            .With("/etc/fstab", $"UUID={PhonyGuest.RootUuid} / ext4 defaults 0 1\nUUID=01CA0000000000C2 /mnt/windows ntfs ro 0 0\n")
            .With("/etc/hosts").With("/bin/ls", PhonyGuest.Elf(62))
            .With("/etc/os-release", "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n"));
}
