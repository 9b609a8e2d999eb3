using V2V.Engine.FileSystems.Ntfs;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs.Index;

/// <summary>Directories as Windows leaves them, which the drivers at hand do not make.</summary>
public sealed class NtfsIndexVolumeTests
{
    private const int MiB = 1 << 20;

    /// <summary>Windows makes an index longer in advance: the records behind the initialized size were never written.</summary>
    [Fact]
    public void Index_records_that_were_never_written_are_used()
    {
        ExternalTool.NeedRoot();
        using var image = new NtfsTestImage(32 * MiB, "-c", "4096");
        var names = Enumerable.Range(0, 300).Select(i => $"a file of the directory {i}").ToArray();
        using (var device = new FileDevice(image.Path))
        {
            using (var fileSystem = NtfsFileSystem.Open(device))
            {
                fileSystem.CreateDirectory("/d", new());
                Array.ForEach(names[..20], n => fileSystem.CreateFile($"/d/{n}", new()));
                fileSystem.Flush();
            }

            var volume = NtfsOpening.Open(device);
            using (var change = new NtfsTransaction(volume, () => { }))
            {
                var directory = volume.Files.Get(new NtfsPaths(volume).Find("/d")!.Number);
                var allocation = directory.Find(NtfsAttributeType.IndexAllocation, NtfsFile.IndexName)!;
                Assert.Equal(allocation.DataSize, allocation.InitializedSize);
                new NtfsClusterSpace(volume, directory, allocation).Resize(allocation.Runs!.Length + 4);
                allocation.DataSize += 4 * 4096;
                directory.MarkDirty();
                change.Commit();
            }

            volume.Cache.WriteBack();
        }

        using (var device = new FileDevice(image.Path))
        using (var fileSystem = NtfsFileSystem.Open(device))
        {
            Array.ForEach(names[20..], n => fileSystem.CreateFile($"/d/{n}", new()));
            fileSystem.Flush();
        }

        image.Check();
        image.Mount();
        Assert.Equal(names.Order(StringComparer.Ordinal), Directory.GetFiles(Path.Combine(image.MountPoint, "d")).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
        image.Unmount();
    }
}
