using System.Security.Cryptography;
using System.Text;
using V2V.Engine.Sources.Ovf;
using Xunit;

namespace V2V.Engine.Tests.Sources.Ovf;

public sealed class OvfManifestTests
{
    private const string Sha1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

    [Theory]
    [InlineData($"SHA1(disk.vmdk)= {Sha1}")]
    [InlineData($"SHA1 (disk.vmdk) = {Sha1}")]
    [InlineData($"SHA1(disk.vmdk)={Sha1}\r")]
    [InlineData($"sha1(disk.vmdk)=   {Sha1}  ")]
    [InlineData("SHA1(disk.vmdk)= DA39A3EE5E6B4B0D3255BFEF95601890AFD80709")]
    public void Every_writers_form_is_understood(string line)
    {
        var manifest = Parse(line);
        Assert.Empty(manifest.Concerns);
        Assert.Equal(new OvfDigest(HashAlgorithmName.SHA1, Sha1), manifest["disk.vmdk"]);
    }

    [Theory]
    [InlineData("SHA256", 64)]
    [InlineData("SHA384", 96)]
    [InlineData("SHA512", 128)]
    [InlineData("SHA3-256", 64)]
    [InlineData("MD5", 32)]
    public void Other_digests_are_known(string name, int digits) =>
        Assert.Equal(name, Parse($"{name}(a (1) = b.vmdk)= {new string('a', digits)}")["a (1) = b.vmdk"]?.Algorithm.Name);

    [Theory]
    [InlineData("CRC32(disk.vmdk)= d41d8cd9")]
    [InlineData("SHA256(disk.vmdk)= abcd")]
    [InlineData("SHA1(disk.vmdk)= ga39a3ee5e6b4b0d3255bfef95601890afd80709")]
    [InlineData("SHA1()= da39a3ee5e6b4b0d3255bfef95601890afd80709")]
    [InlineData("nonsense")]
    [InlineData("=")]
    [InlineData("SHA1(=)")]
    [Shows("ManifestLineIgnored")]
    public void Lines_that_are_not_understood_are_reported(string line) =>
        Assert.Equal("ManifestLineIgnored", Assert.Single(Parse(line).Concerns).Id);

    [Fact]
    public void A_line_of_brackets_takes_no_longer_than_any_other() =>
        Assert.Single(Parse(new string(')', 2_000_000) + "(" + new string(')', 2_000_000)).Concerns);

    [Fact]
    public void Damaged_manifests_are_read_or_reported_line_by_line()
    {
        var original = Encoding.UTF8.GetBytes($"SHA1(disk.vmdk)= {Sha1}\r\nSHA256 (a.ovf) = {new string('a', 64)}\n");
        var random = new Random(13);
        for (var i = 0; i < 500; i++)
        {
            byte[] damaged = [.. original];
            for (var n = random.Next(1, 6); n > 0; n--)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            var manifest = OvfManifest.Parse("x.mf", damaged);
            Assert.InRange(manifest.FileNames.Count() + manifest.Concerns.Count, 1, damaged.Length);
        }
    }

    private static OvfManifest Parse(string text) => OvfManifest.Parse("x.mf", Encoding.UTF8.GetBytes(text));
}
