using System.Text;
using V2V.Engine.Sources.Vmx;
using Xunit;

namespace V2V.Engine.Tests.Sources.Vmx;

public sealed class VmxFileTests
{
    [Fact]
    public void Keys_are_found_in_any_case()
    {
        var file = Parse("displayName = \"web\"\nMEMSIZE = \"512\"");
        Assert.Equal("web", file["DISPLAYNAME"]);
        Assert.True(file.TryGetNumber("memSize", out var memory));
        Assert.Equal(512, memory);
    }

    [Theory]
    [InlineData("a = \"x\"", "x")]
    [InlineData("a=\"x\"", "x")]
    [InlineData("  a\t=  \"x\"  \r", "x")]
    [InlineData("a = x", "x")]
    [InlineData("a = \"\"", "")]
    [InlineData("a = \"x = y\"", "x = y")]
    [InlineData("a = \"# no comment\"", "# no comment")]
    [InlineData("a = \"one|0Atwo|22|7C\"", "one\ntwo\"|")]
    [InlineData("a = \"|G1 |4\"", "|G1 |4")]
    [InlineData("#!/usr/bin/vmware\n\na = \"x\"", "x")]
    public void Values_are_read_as_VMware_writes_them(string text, string expected) => Assert.Equal(expected, Parse(text)["a"]);

    [Fact]
    public void The_first_of_two_values_stays_and_the_second_is_reported()
    {
        var file = Parse("a = \"1\"\nA = \"2\"");
        Assert.Equal("1", file["a"]);
        Assert.Contains("line 2", Assert.Single(file.Concerns).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_that_make_no_sense_are_reported_but_not_without_end()
    {
        var file = Parse(string.Concat(Enumerable.Repeat("nonsense\n", 100_000)) + "a = \"1\"");
        Assert.Equal("1", file["a"]);
        Assert.InRange(file.Concerns.Count, 2, 30);
    }

    [Fact]
    public void The_file_names_its_own_encoding()
    {
        byte[] content = [.. ".encoding = \"windows-1252\"\ndisplayName = \"B"u8, 0xFC, .. "ro "u8, 0x80, (byte)'"'];
        Assert.Equal("Büro €", VmxFile.Parse("x.vmx", content)["displayName"]);
    }

    [Fact]
    public void Without_an_encoding_UTF8_is_tried_before_Latin1()
    {
        Assert.Equal("Büro", Parse("displayName = \"Büro\"")["displayName"]);
        byte[] latin = [.. "displayName = \"B"u8, 0xFC, .. "ro\""u8];
        Assert.Equal("Büro", VmxFile.Parse("x.vmx", latin)["displayName"]);
    }

    [Fact]
    public void Random_bytes_never_break_the_reader()
    {
        var random = new Random(1);
        var content = new byte[3000];
        for (var i = 0; i < 300; i++)
        {
            random.NextBytes(content);
            _ = VmxFile.Parse("x.vmx", content).Concerns;
        }
    }

    private static VmxFile Parse(string text) => VmxFile.Parse("x.vmx", Encoding.UTF8.GetBytes(text));
}
