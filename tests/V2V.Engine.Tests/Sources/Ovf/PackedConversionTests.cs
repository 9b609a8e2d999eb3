using System.Runtime.CompilerServices;
using V2V.Engine.Sources;
using V2V.Engine.Targets.Directory;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Sources.Ovf;

/// <summary>The sample guest, packed otherwise, goes through the whole pipeline as it does from its own OVA.</summary>
public sealed class PackedConversionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("tar -czf ../packed.tar.gz $(tar -tf $SAMPLE)", "packed.tar.gz")]
    [InlineData("zip -q -r ../packed.zip .", "packed.zip")]
    [InlineData("rm -f *.mf && gzip *.vmdk && split -b 50000 -d -a 9 *.gz disk. && rm *.gz && sed -i 's/ovf:href=\"[^\"]*\"/ovf:href=\"disk\" ovf:chunkSize=\"50000\" ovf:compression=\"gzip\"/; s/ovf:size=\"[0-9]*\"//' *.ovf", "unpacked/debian12.ovf")]
    public void It_converts_as_from_its_own_package(string command, string opened)
    {
        ExternalTool.Need("tar", "zip", "gzip", "split", "sed");
        ExternalTool.Check("sh", "-c", $"SAMPLE={Sample} && mkdir {_folder["unpacked"]} && cd {_folder["unpacked"]} && tar -xf $SAMPLE && {command}");
        var expected = new GuestConversion(Open(Sample), new ConversionOptions()).Assess(cancellation: TestContext.Current.CancellationToken);
        using var target = new DirectoryTarget(_folder["out"]);
        var result = new GuestConversion(Open(_folder[opened]), new ConversionOptions()).Convert(target, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(expected.Changes.Select(c => (c.Kind, c.Path)), result.Assessment.Changes.Select(c => (c.Kind, c.Path)));
        ExternalTool.Check("qemu-img", "check", result.Disks[0]);
    }

    [Theory]
    [InlineData("gzip -c", "xva.gz")]
    [InlineData("cat", "ova")]
    public void Its_disk_is_the_same_to_other_programs(string compress, string suffix)
    {
        ExternalTool.Need("tar", "gzip", "qemu-img");
        ExternalTool.Check("sh", "-c", $"cd {_folder.Path} && tar -xf {Sample} && {compress} {Sample} > packed.{suffix}");
        var disk = Open(_folder["packed." + suffix]).Disks[0];
        using (var device = disk.Open())
        using (var raw = File.Create(_folder["read.raw"]))
        {
            var buffer = new byte[1 << 20];
            for (long at = 0; at < device.Length; at += buffer.Length)
            {
                var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, device.Length - at));
                device.Read(at, part);
                if (part.ContainsAnyExcept((byte)0))
                {
                    raw.Position = at;
                    raw.Write(part);
                }
            }

            raw.SetLength(device.Length);
        }

        var vmdk = Directory.EnumerateFiles(_folder.Path, "*.vmdk").Single();
        ExternalTool.Check("qemu-img", "compare", "-f", "raw", "-F", "vmdk", _folder["read.raw"], vmdk);
    }

    private static SourceGuest Open(string path) => Assert.Single(GuestSources.Open(path, TestContext.Current.CancellationToken));

    private static string Sample => Path.GetFullPath(Path.Combine(Here(), "../../../../samples/debian12.ova"));

    private static string Here([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;
}
