using System.Buffers.Binary;
using V2V.Engine.Conversion.Windows;
using V2V.Engine.Disks;
using V2V.Engine.Tests.FileSystems;
using V2V.Engine.Tests.Inspection;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Windows;

/// <summary>What only XP and 2003 need.</summary>
public sealed class OldWindowsTests
{
    /// <summary>The boot sector's copy stands behind the last sector that NTFS counts.</summary>
    private const int Copy = 4096 - 512;

    [Theory]
    [InlineData("xp", 2L << 30, 128)]
    [InlineData("xp", 1L << 30, 64)]
    [InlineData("2003", 40L << 30, 255)]
    public void The_boot_sector_gets_the_heads_that_the_BIOS_will_present(string release, long size, int heads)
    {
        var (guest, device) = Create(release, size);
        using var owned = guest;

        using var context = guest.Run(new BootSectorGeometry());

        foreach (var at in (long[])[0, Copy])
        {
            var found = new byte[2];
            device.Read(at + 0x1A, found);
            Assert.Equal(heads, BinaryPrimitives.ReadUInt16LittleEndian(found));
        }

        Assert.Equal([$"heads = {heads}, was 16", $"heads = {heads}, was 16, in its copy"], context.Changes.Select(c => c.What));
    }

    [Fact]
    public void Newer_versions_do_not_care()
    {
        var (guest, _) = Create("2008", 40L << 30);
        using var owned = guest;

        using var context = guest.Run(new BootSectorGeometry());

        Assert.Empty(context.Changes);
    }

    [Theory]
    [InlineData(null, "reg delete \"HKLM\\SYSTEM\\CurrentControlSet\\Services\\PlugPlay\\Parameters\" /v SuppressUI /f")]
    [InlineData(0u, "reg add \"HKLM\\SYSTEM\\CurrentControlSet\\Services\\PlugPlay\\Parameters\" /v SuppressUI /t REG_DWORD /d 0 /f")]
    public void The_hardware_wizard_is_silenced_and_gets_its_voice_back(uint? before, string command)
    {
        using var guest = WindowsGuest.Create("2003");
        if (before is { } value)
        {
            guest.Edit((system, _) => system.Create(@"ControlSet001\Services\PlugPlay\Parameters").SetUInt32("SuppressUI", value));
        }

        using var context = guest.Run(new HardwareWizard());

        Assert.Equal(1u, guest.Read(@"HKLM\SYSTEM\ControlSet001\Services\PlugPlay\Parameters")!.GetUInt32("SuppressUI"));
        Assert.Contains(command, Assert.Single(context.FirstBoot.Scripts).Content, StringComparison.Ordinal);
    }

    private static (WindowsGuest Guest, WritableBlockDevice Device) Create(string release, long size)
    {
        var sector = new byte[4096];
        "NTFS    "u8.CopyTo(sector.AsSpan(3));
        sector[0x1A] = 16;
        sector[0x28] = (Copy / 512) & 0xFF;
        sector.AsSpan(0, 512).CopyTo(sector.AsSpan(Copy));
        var guest = WindowsGuest.Create(release, is32Bit: true);
        guest.Source = guest.Source with { Disks = [PhonyGuest.Disk() with { Capacity = size }] };
        guest.ReplaceVolume(MemoryVolume.Partition(0, 1, sector));
        return (guest, guest.Volumes[0].Device);
    }
}
