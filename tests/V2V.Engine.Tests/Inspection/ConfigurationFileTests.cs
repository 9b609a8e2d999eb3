using V2V.Engine.Inspection;
using V2V.Engine.Inspection.Packages;
using Xunit;

namespace V2V.Engine.Tests.Inspection;

public sealed class ConfigurationFileTests
{
    [Theory]
    [InlineData("UUID=1 / ext4 defaults 0 1", "UUID=1", "/", "ext4")]
    [InlineData("\tLABEL=\"my\\040disk\" /srv xfs", "LABEL=my disk", "/srv", "xfs")]
    [InlineData("LABEL=my\\040disk /srv/a\\040b/ xfs noauto", "LABEL=my disk", "/srv/a b", "xfs")]
    [InlineData("PARTUUID='aa-01' /x", "PARTUUID=aa-01", "/x", "auto")]
    public void Fstab_lines_are_unescaped_and_unquoted(string line, string device, string mountPoint, string kind)
    {
        var entry = FstabEntry.TryParseLine(line)!;

        Assert.Equal((device, mountPoint, kind), (entry.Device, entry.MountPoint, entry.Kind));
    }

    [Theory]
    [InlineData("")]
    [InlineData("   # /dev/sda1 / ext4")]
    [InlineData("/dev/sda1")]
    public void Comments_and_fragments_are_no_entries(string line) => Assert.Null(FstabEntry.TryParseLine(line));

    [Fact]
    public void Shell_assignments_are_unquoted_and_never_run()
    {
        var values = ShellVariables.Parse(
            "ID=debian\nexport NAME='Debian \"GNU\"/Linux' # x\nA=\"a \\\"b\\\" $HOME\"\n# ID=no\nID=ubuntu\nB=`lsb_release` # c\nC=plain\\ word\n bad-name=1\n=x\n");

        Assert.Equal("ubuntu", values["ID"]);
        Assert.Equal("Debian \"GNU\"/Linux", values["NAME"]);
        Assert.Equal("a \"b\" $HOME", values["A"]);
        Assert.Equal("`lsb_release`", values["B"]);
        Assert.Equal("plain word", values["C"]);
        Assert.Equal(5, values.Count);
    }

    [Fact]
    public void Removed_packages_are_not_installed()
    {
        var packages = DpkgStatus.Parse(
            "Package: a\nStatus: install ok installed\nVersion: 1:2-3\nArchitecture: amd64\n\nPackage: b\nStatus: deinstall ok config-files\nVersion: 1\n\n"
            + "Package: c\nStatus: hold ok installed\nVersion: 2\nArchitecture: all");

        Assert.Equal([new InstalledPackage("a", "1:2-3", "amd64"), new InstalledPackage("c", "2", "all")], packages);
    }

    [Theory]
    [InlineData("6.1.0-9-amd64", "6.1.0-18-amd64")]
    [InlineData("5.15.0-97-generic", "6.1.0-1-generic")]
    [InlineData("4.9", "4.9.1")]
    [InlineData("4.9-a", "4.9-b")]
    public void Versions_are_ordered_by_their_numbers(string older, string newer)
    {
        Assert.True(NaturalOrder.Compare(older, newer) < 0);
        Assert.True(NaturalOrder.Compare(newer, older) > 0);
        Assert.Equal(0, NaturalOrder.Compare(newer, newer));
    }

    [Theory]
    [InlineData("a\nb\r\nc", new[] { "a\n", "b\r\n", "c" })]
    [InlineData("", new string[0])]
    [InlineData("\n\n", new[] { "\n", "\n" })]
    public void Lines_keep_their_ends(string text, string[] lines)
    {
        Assert.Equal(lines, TextLines.Split(text));
        Assert.Equal(text, TextLines.Edit(text, line => line));
    }
}
