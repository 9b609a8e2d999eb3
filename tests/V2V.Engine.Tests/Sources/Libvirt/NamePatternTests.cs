using V2V.Engine.Sources.Libvirt;
using Xunit;

namespace V2V.Engine.Tests.Sources.Libvirt;

public sealed class NamePatternTests
{
    private static readonly Guid Uuid = Guid.Parse("6695eb01-f6a4-8304-79aa-97f2502e193f");

    [Theory]
    [InlineData("web", "web", true)]
    [InlineData("web", "WEB", true)]
    [InlineData("web", "web1", false)]
    [InlineData("web*", "web1", true)]
    [InlineData("web*", "my web", false)]
    [InlineData("*", "", true)]
    [InlineData("w?b", "wäb", true)]
    [InlineData("w?b", "wb", false)]
    [InlineData("web[0-3]", "web2", true)]
    [InlineData("web[0-3]", "web4", false)]
    [InlineData("web[ab-]", "web-", true)]
    [InlineData("web[]]", "web]", true)]
    [InlineData("web[9-0]", "web5", false)]
    [InlineData("web[1]", "web[1]", true)]
    [InlineData("web`[1`]", "web[1]", true)]
    [InlineData("web`*", "web1", false)]
    [InlineData("web[", "web[", true)]
    [InlineData("a.b", "axb", false)]
    [InlineData("6695EB01-f6a4-8304-79aa-97f2502e193f", "web", true)]
    [InlineData("6695eb01-f6a4-8304-79aa-97f2502e1930", "web", false)]
    public void Names_match_as_PowerShell_has_it(string pattern, string name, bool matches) =>
        Assert.Equal(matches, new NamePattern(pattern).Matches(name, Uuid));

    [Theory]
    [InlineData("web", false)]
    [InlineData("web`*", false)]
    [InlineData("web[", false)]
    [InlineData("web*", true)]
    [InlineData("w?b", true)]
    [InlineData("web[12]", true)]
    public void Only_a_name_without_wildcards_has_to_be_there(string pattern, bool hasWildcards) =>
        Assert.Equal(hasWildcards, new NamePattern(pattern).HasWildcards);

    [Fact]
    public void Many_wildcards_take_no_time() =>
        Assert.False(new NamePattern(string.Concat(Enumerable.Repeat("*a", 40)) + "b").Matches(new string('a', 4000), Uuid));
}
