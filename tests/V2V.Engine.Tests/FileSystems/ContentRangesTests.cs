using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Ext;
using V2V.Engine.FileSystems.Ntfs;
using V2V.Engine.FileSystems.Xfs;
using V2V.Engine.Tests.Disks;
using V2V.Engine.Tests.FileSystems.Ext;
using V2V.Engine.Tests.FileSystems.Ntfs;
using V2V.Engine.Tests.FileSystems.Xfs;
using Xunit;

namespace V2V.Engine.Tests.FileSystems;

/// <summary>Where a file's contents are said to lie, they lie: files that other programs wrote are read there from the bare volume.</summary>
public sealed class ContentRangesTests
{
    private const int Length = (3 << 20) + 700;
    private const int From = 64 << 10;

    [Theory]
    [InlineData("ext4")]
    [InlineData("ext2")]
    [InlineData("xfs")]
    [InlineData("ntfs")]
    public void The_bytes_there_are_the_files(string kind)
    {
        var contents = new byte[Length];
        new Random(3).NextBytes(contents);
        using TestImage image = kind switch
        {
            "xfs" => new XfsTestImage("320M"),
            "ntfs" => new NtfsTestImage(32 << 20),
            _ => new ExtTestImage("32M", "-t", kind),
        };
        if (image is ExtTestImage ext)
        {
            ext.DebugFs($"write {image.WriteFile("f", contents)} f");
        }
        else
        {
            image.Mount();
            File.WriteAllBytes(Path.Combine(image.MountPoint, "f"), contents);
            image.Unmount();
        }

        using var device = new FileDevice(image.Path);
        using GuestFileSystem fileSystem = kind switch
        {
            "xfs" => XfsFileSystem.Open(device),
            "ntfs" => NtfsFileSystem.Open(device),
            _ => ExtFileSystem.Open(device),
        };
        var ranges = fileSystem.ContentRanges("/f", From);
        var found = new MemoryStream();
        foreach (var range in ranges)
        {
            var bytes = new byte[range.Length];
            device.Read(range.Offset, bytes);
            found.Write(bytes);
        }

        Assert.InRange(found.Length, Length - From, Length - From + 4095);
        Assert.True(contents.AsSpan(From).SequenceEqual(found.ToArray().AsSpan(0, Length - From)));

        // Nothing of it is free, or the copy would take it for damaged.
        Assert.All(fileSystem.FreeExtents(), free => Assert.All(ranges, r => Assert.True(r.End <= free.Offset || r.Offset >= free.End)));
    }
}
