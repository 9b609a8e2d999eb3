using V2V.Engine.FileSystems.Ntfs.Index;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs.Index;

public sealed class NtfsShortNameTests
{
    [Theory]
    [InlineData("viostor.sys", true)]
    [InlineData("VIOSTOR", true)]
    [InlineData("a.b", true)]
    [InlineData("~$'(),.!x", false)]
    [InlineData("{a}&#%_^", true)]
    [InlineData("netkvm1234.inf", false)]
    [InlineData("viostor.syst", false)]
    [InlineData("Program Files", false)]
    [InlineData("a.b.c", false)]
    [InlineData(".bash", false)]
    [InlineData("name.", false)]
    [InlineData("a+b", false)]
    [InlineData("grün.txt", false)]
    [InlineData("", false)]
    public void Names_that_need_no_short_one_are_told_from_others(string name, bool expected) => Assert.Equal(expected, NtfsShortName.Fits(name));

    /// <summary>The hashes were computed apart from this code, from the published description of RtlComputeLfnChecksum.</summary>
    [Theory]
    [InlineData("Program Files", 0, "PROGRA~1")]
    [InlineData("Program Files (x86)", 1, "PROGRA~2")]
    [InlineData("The quick brown fox.txt", 0, "THEQUI~1.TXT")]
    [InlineData("The quick brown fox.txt", 4, "TH3014~1.TXT")]
    [InlineData("The quick brown fox.txt", 13, "TH301~10.TXT")]
    [InlineData("Program Files", 5, "PR7B53~2")]
    [InlineData("index.html", 0, "INDEX~1.HTM")]
    [InlineData(".profile", 0, "PROFIL~1")]
    [InlineData("archive.tar.gz", 0, "ARCHIV~1.GZ")]
    [InlineData("a+b=c;d.x,y", 0, "A_B_C_~1.X_Y")]
    [InlineData("trailing dot.", 0, "TRAILI~1")]
    [InlineData("a.b", 0, "A498A~1.B")]
    public void Short_names_are_those_of_Windows(string name, int taken, string expected)
    {
        var names = new HashSet<string>();
        for (var i = 0; i < taken; i++)
        {
            Assert.True(names.Add(NtfsShortName.Generate(name, names.Contains)!));
        }

        var generated = NtfsShortName.Generate(name, names.Contains)!;
        Assert.Equal(expected, generated);
        Assert.True(NtfsShortName.Fits(generated));
    }

    [Fact]
    public void Every_name_gets_one()
    {
        var random = new Random(1);
        var names = new HashSet<string>();
        for (var i = 0; i < 3000; i++)
        {
            var name = new string([.. Enumerable.Range(0, random.Next(1, 30)).Select(_ => (char)random.Next(' ', i % 2 == 0 ? 0x7F : 0x2000))]);
            var generated = NtfsShortName.Generate(name, names.Contains);
            Assert.True(generated is not null && NtfsShortName.Fits(generated) && names.Add(generated), name);
        }
    }
}
