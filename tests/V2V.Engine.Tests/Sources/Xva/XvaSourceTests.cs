using V2V.Engine.Tests.Disks;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Sources.Xva;

public sealed class XvaSourceTests : IDisposable
{
    private const int BlockSize = 1 << 20;
    private const int DiskSize = (12 * BlockSize) + 512;

    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _disk = CreateDisk();

    public void Dispose() => _folder.Dispose();

    /// <summary>Blocks of zeros among others, and the last one a part of a block.</summary>
    private static byte[] CreateDisk()
    {
        var disk = SampleDisk.Create(DiskSize);
        disk.AsSpan(5 * BlockSize, 2 * BlockSize).Clear();
        return disk;
    }

    /// <summary>Packs an export as XenServer does: the description, then each disk in blocks, those of zeros left out except at both ends.</summary>
    private string Place(Func<string, string>? edit = null, bool withContents = true)
    {
        ExternalTool.Need("tar");
        var text = SourceSample.Read("xcp-ng-8.2", "ova.xml");
        File.WriteAllText(_folder["ova.xml"], edit?.Invoke(text) ?? text);
        List<string> members = ["ova.xml"];
        foreach (var (reference, disk) in new[] { ("Ref:7", _disk), ("Ref:4", new byte[4 * BlockSize]) })
        {
            Directory.CreateDirectory(_folder[reference]);
            var last = (disk.Length - 1) / BlockSize;
            for (var i = 0; withContents && i <= last; i++)
            {
                var block = disk.AsSpan(i * BlockSize, Math.Min(BlockSize, disk.Length - (i * BlockSize)));
                // An empty member only keeps the connection of an export alive.
                if (i is not 0 && i != last && !block.ContainsAnyExcept((byte)0) && i != 6)
                {
                    continue;
                }

                File.WriteAllBytes(_folder[$"{reference}/{i:d8}"], i == 6 ? [] : block.ToArray());
                File.WriteAllText(_folder[$"{reference}/{i:d8}.checksum"], new string('0', 40));
                members.AddRange([$"{reference}/{i:d8}", $"{reference}/{i:d8}.checksum"]);
            }
        }

        ExternalTool.Check("tar", ["--force-local", "--format=ustar", "-C", _folder.Path, "-cf", _folder["mail.xva"], .. members]);
        return _folder["mail.xva"];
    }

    [Theory]
    [InlineData("gzip -1")]
    [InlineData("zstd -q")]
    public void Compressed_exports_are_read_too(string program)
    {
        var path = Place();
        ExternalTool.Check("sh", "-c", $"{program} -c {path} > {path}.packed");
        var guest = Assert.Single(SampleData.Open(path + ".packed"));
        Assert.Equal(("XVA", "mail & calendar"), (guest.SourceKind, guest.Name));
        using var device = guest.Disks[0].Open();
        DiskAssert.Holds(_disk, device);
    }

    [Fact]
    public void Disks_are_read_in_place()
    {
        var guest = Assert.Single(SampleData.Open(Place()));
        using var system = guest.Disks[0].Open();
        DiskAssert.Holds(_disk, system);
        Assert.True(DiskAssert.CheckExtents(_disk, system, 0, _disk.Length) >= 2 * BlockSize, "blocks that were left out are not said to be zeros");
        using var archive = guest.Disks[1].Open();
        DiskAssert.Holds(new byte[4 * BlockSize], archive);
    }

    [Theory]
    [InlineData("<value>Halted</value>", "<value>Suspended</value>", "GuestSuspended")]
    [InlineData("7e:11:22:33:44:55", "none", "MacAddressIgnored")]
    [InlineData("<value>3221225472</value>", "<value>-1</value>", "MemoryNotTold")]
    [InlineData("<name>class</name><value>VIF</value></member><member><name>id</name><value>Ref:9</value>", "<name>class</name><value>VTPM</value></member><member><name>id</name><value>Ref:9</value>", "TpmContentsStay")]
    public void What_is_unusual_is_reported(string text, string by, string concern)
    {
        var edited = Place(t => t.Replace(text, by, StringComparison.Ordinal).Replace("<value>2147483648</value>", "<value/>", StringComparison.Ordinal));
        Assert.Contains(concern, Assert.Single(SampleData.Open(edited)).Concerns.Select(c => c.Id));
    }

    [Theory]
    [InlineData("<value>12583424</value>", "<value>99</value>", V2VError.SourceInvalid)]
    [InlineData("<value>12583424</value>", "<value>9223372036854775807</value>", V2VError.SourceInvalid)]
    [InlineData("<name>objects</name>", "<name>other</name>", V2VError.SourceInvalid)]
    [InlineData("<value>VM</value>", "<value>host</value>", V2VError.SourceInvalid)]
    [InlineData("</struct>", "", V2VError.SourceInvalid)]
    public void A_description_that_makes_no_sense_is_refused(string text, string by, V2VError error) =>
        Assert.Equal(error, Assert.ThrowsAny<V2VException>(() => SampleData.Open(Place(t => t.Replace(text, by, StringComparison.Ordinal)))).Error);

    [Fact]
    public void An_export_without_disks_is_refused()
    {
        var e = Assert.Throws<SourceException>(() => SampleData.Open(Place(withContents: false)));
        Assert.Equal(V2VError.DiskImageNotFound, e.Error);
        Assert.NotNull(e.Advice);
    }

    [Fact]
    public void An_export_that_was_cut_short_is_refused()
    {
        var path = Place();
        using (var file = File.OpenWrite(path))
        {
            file.SetLength(file.Length / 2);
        }

        Assert.Equal(V2VError.DiskImageCorrupt, Assert.ThrowsAny<V2VException>(() => SampleData.Open(path)).Error);
    }
}
