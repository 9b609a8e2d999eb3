using V2V.Engine.Tests.FileSystems;
using V2V.Engine.Volumes;
using Xunit;

namespace V2V.Engine.Tests.Inspection.Windows;

/// <summary>Where a Windows cannot be opened, it is said by name what stands in the way, and what to do.</summary>
public sealed class UnreadableWindowsTests
{
    [Theory]
    [InlineData("BitLocker", "is encrypted with BitLocker", "manage-bde -off C:")]
    [InlineData("BitLocker To Go", "is encrypted with BitLocker", "manage-bde -off C:")]
    [InlineData("ReFS", "holds ReFS, which V2V cannot open", "-AsIs")]
    [InlineData("LDM on MBR", "belongs to a Windows dynamic disk", "basic disk")]
    [InlineData("LDM on GPT", "belongs to a Windows dynamic disk", "basic disk")]
    [InlineData("LDM metadata", "belongs to a Windows dynamic disk", "basic disk")]
    [InlineData("Storage Spaces", "belongs to a pool of Storage Spaces", "-AsIs")]
    public void What_hides_the_system_is_named_with_the_way_out(string content, string message, string advice)
    {
        using var phony = PhonyWindows.Create();
        phony.Volumes.Clear();
        // The file system within would be found, if the volume were opened; it has a mirror or goes on elsewhere.
        phony.Add(Volume(content), content.StartsWith("LDM", StringComparison.Ordinal) ? phony.C : null);

        var e = Assert.Throws<ConversionException>(() => phony.Inspect());

        Assert.Equal(V2VError.NoOperatingSystem, e.Error);
        Assert.Contains($"disk 1, partition 1 {message}", e.Message);
        Assert.Contains(advice, e.Advice);
    }

    private static Volume Volume(string content)
    {
        Volume Gpt(string type) => MemoryVolume.Partition(0, 1) with { Kind = VolumeKind.GptPartition, GptType = new Guid(type) };
        Volume Sector(params (int, byte[])[] parts) => MemoryVolume.Partition(0, 1, VolumeImages.With(8192, parts)) with { MbrType = 7 };
        return content switch
        {
            "BitLocker" => Sector((0, [0xEB, 0x58, 0x90]), (3, "-FVE-FS-"u8.ToArray())),
            "BitLocker To Go" => Sector((3, "MSWIN4.1"u8.ToArray()), (424, new Guid("4967d63b-2e29-4ad8-8399-f6a339e3d001").ToByteArray())),
            "ReFS" => Sector((3, "ReFS\0\0\0\0"u8.ToArray()), (16, "FSRS"u8.ToArray())),
            "LDM on MBR" => MemoryVolume.Partition(0, 1) with { MbrType = 0x42 },
            "LDM on GPT" => Gpt("af9b60a0-1431-4f62-bc68-3311714a69ad"),
            "LDM metadata" => Gpt("5808c8aa-7e8f-42e0-85d2-e904be813e65"),
            _ => Gpt("e75caf8f-f680-4cee-afa3-b001e56efc2d"),
        };
    }
}
