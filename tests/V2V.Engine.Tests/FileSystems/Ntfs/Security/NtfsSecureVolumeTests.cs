using System.Text;
using V2V.Engine.FileSystems.Ntfs;
using V2V.Engine.FileSystems.Ntfs.Security;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs.Security;

/// <summary>$Secure of a volume, changed by the engine and by ntfs-3g in turn, and checked by ntfssecaudit.</summary>
public sealed class NtfsSecureVolumeTests
{
    private const int MiB = 1 << 20;
    private const string Name = "system.ntfs_acl";

    [Theory]
    [InlineData("-c 4096")]
    [InlineData("-c 65536")]
    public void Engine_and_ntfs_3g_share_descriptors(string arguments)
    {
        ExternalTool.NeedRoot();
        using var image = new NtfsTestImage(128 * MiB, arguments.Split(' '));
        var random = new Random(1);
        var expected = new Dictionary<string, byte[]>();
        using (var device = new FileDevice(image.Path))
        using (var fileSystem = NtfsFileSystem.Open(device))
        {
            // More than 256 KiB of them, so that $SDS gets a third block and its copy.
            for (var i = 0; i < 400; i++)
            {
                var path = $"/file {i}";
                fileSystem.CreateFile(path, new());
                expected[path] = i % 4 == 3 ? expected[$"/file {i - 3}"] : Descriptor(random);
                fileSystem.SetExtendedAttribute(path, Name, expected[path]);
            }

            fileSystem.Flush();
        }

        image.Check();
        image.Mount();
        foreach (var (path, descriptor) in expected)
        {
            Assert.Equal(descriptor, Get(image.MountPoint + path));
        }

        foreach (var path in expected.Keys.Where((_, i) => i % 5 == 0).ToArray())
        {
            expected[path] = Descriptor(random);
            Set(image.MountPoint + path, expected[path]);
        }

        image.Unmount();
        image.Check();
        using (var device = new FileDevice(image.Path))
        using (var fileSystem = NtfsFileSystem.Open(device))
        {
            foreach (var (path, descriptor) in expected)
            {
                Assert.Equal(descriptor, fileSystem.ExtendedAttributes(path)[Name]);
            }

            fileSystem.CreateFile("/last", new());
            fileSystem.SetExtendedAttribute("/last", Name, expected["/last"] = Descriptor(random));
            fileSystem.Flush();
        }

        image.Check();
        image.Mount();
        Assert.Equal(expected["/last"], Get(image.MountPoint + "/last"));
        image.Unmount();
    }

    /// <summary>Older drivers left the end of each block of $SDS without clusters.</summary>
    [Fact]
    public void A_sparse_stream_gets_the_clusters_that_it_lacks()
    {
        using var image = new NtfsTestImage(64 * MiB, "-c", "4096");
        var random = new Random(2);
        var expected = new Dictionary<string, byte[]>();
        using (var device = new FileDevice(image.Path))
        {
            var volume = NtfsOpening.Open(device);
            using var change = new NtfsTransaction(volume, () => { });
            var file = volume.Files.Get(NtfsSystemFile.Secure);
            var stream = file.Find(NtfsAttributeType.Data, "$SDS")!;
            var run = stream.Runs!.Find(1)!.Value;
            var hole = new NtfsRun(1, NtfsRun.Hole, 60);
            Assert.True(run.Length >= hole.Length);
            volume.Clusters.Free(run.Lcn, hole.Length);
            stream.Runs.Replace(hole);
            stream.Flags |= NtfsAttributeFlags.Sparse;
            stream.CompressedSize = stream.Runs.Allocated * 4096;
            var information = file.Information;
            information.Flags |= NtfsFileFlags.Sparse;
            change.Commit();
            volume.Cache.WriteBack();
        }

        image.Check();
        using (var device = new FileDevice(image.Path))
        using (var fileSystem = NtfsFileSystem.Open(device))
        {
            for (var i = 0; i < 40; i++)
            {
                fileSystem.CreateFile($"/file {i}", new());
                fileSystem.SetExtendedAttribute($"/file {i}", Name, expected[$"/file {i}"] = Descriptor(random));
            }

            fileSystem.Flush();
        }

        image.Check();
        using (var device = new FileDevice(image.Path))
        using (var fileSystem = NtfsFileSystem.Open(device))
        {
            Assert.All(expected, e => Assert.Equal(e.Value, fileSystem.ExtendedAttributes(e.Key)[Name]));
        }
    }

    private static byte[] Get(string path)
    {
        var value = new byte[NtfsSecurityDescriptor.MaxLength];
        var length = LinuxCalls.GetExtendedAttribute(Text(path), Text(Name), value, value.Length);
        Assert.True(length > 0, $"{path} has no {Name}.");
        return value[..(int)length];
    }

    private static void Set(string path, byte[] value) =>
        Assert.Equal(0, LinuxCalls.SetExtendedAttribute(Text(path), Text(Name), value, value.Length, 0));

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text + '\0');

    private static byte[] Descriptor(Random random) => new NtfsSecurityDescriptor
    {
        Control = NtfsSecurityControl.DaclPresent,
        Owner = NtfsSid.Administrators,
        Group = NtfsSid.LocalSystem,
        Dacl = new NtfsAcl(
            NtfsAcl.RevisionPlain,
            [.. Enumerable.Range(0, random.Next(1, 80)).Select(_ => NtfsAce.Allow(NtfsSid.Create(5, 21, (uint)random.Next(), 2, 3, 1000), NtfsAccess.ReadExecute, NtfsAceFlags.None))]),
    }.ToBytes();
}
