using V2V.Engine.Profiles.VirtV2VConf;
using V2V.Engine.Targets;
using Xunit;

namespace V2V.Engine.Tests.Profiles.VirtV2VConf;

public sealed class VirtV2VConfigTests : IDisposable
{
    private const string Storage = "<storage>s</storage>";
    private const string Method = "<method>libvirt</method>";

    private readonly ConfigFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Profiles_of_an_administrators_file_become_profiles()
    {
        var config = _folder.Load(ConfigFolder.Administrators, ConfigFolder.Database);
        Assert.Equal(["lab", "production", "rhev"], config.ProfileNames);

        var lab = config.Import("lab").Profile;
        Assert.Equal(("lab", null, "guests"), (lab.Name, lab.Connection, lab.StoragePool));
        Assert.Equal((ImageFormat.Qcow2, ImageAllocation.Sparse), (lab.Format, lab.Allocation));
        // Each file has a root of its own, which a setting would put aside.
        Assert.Null(lab.SoftwareRoot);
        Assert.Equal(config.Software.Files, lab.SoftwareConfiguration);
        Assert.Equal(2, lab.SoftwareConfiguration!.Count);
        Assert.Same(config.Software, lab.Software);
        Assert.Null(lab.FindConflict());

        var production = config.Import("production").Profile;
        Assert.Equal(("san", ImageFormat.Raw, ImageAllocation.Preallocated), (production.StoragePool, production.Format, production.Allocation));
    }

    [Fact]
    public void What_the_storage_does_not_say_stays_open()
    {
        var profile = _folder.LoadElements($"<profile name='p'>{Method}<storage>\n  pool 1\n</storage></profile>").Import("p").Profile;
        Assert.Equal(("pool 1", null, null), (profile.StoragePool, profile.Format, profile.Allocation));
    }

    [Fact]
    public void The_first_file_that_has_the_profile_counts()
    {
        static string Pool(string name, string pool) => $"<virt-v2v><profile name='{name}'>{Method}<storage>{pool}</storage></profile></virt-v2v>";
        var config = _folder.Load(Pool("a", "1"), Pool("b", "2"), Pool("b", "3"));
        Assert.Equal(["a", "b"], config.ProfileNames);
        Assert.Equal("2", config.Import("b").Profile.StoragePool);
        Assert.Empty(config.Import("b").Warnings);
    }

    [Fact]
    public void Of_two_profiles_in_one_file_the_first_counts_with_a_warning()
    {
        var imported = _folder.LoadElements($"<profile name='p'>{Method}<storage>1</storage></profile><profile name='p'>{Method}<storage>2</storage></profile>").Import("p");
        Assert.Equal("1", imported.Profile.StoragePool);
        Assert.Contains("multiple profiles are defined with the name p", Assert.Single(imported.Warnings), StringComparison.Ordinal);
    }

    public static TheoryData<string, V2VError, string> BadProfiles => new()
    {
        { "", V2VError.ProfileNotFound, "There is no profile named p" },
        { "<profile name='P'/>", V2VError.ProfileNotFound, "There is no profile named p" },
        { $"<profile name='p'>{Storage}</profile>", V2VError.ProfileInvalid, "Profile p doesn't specify an output method." },
        { $"<profile name='p'><method>  </method>{Storage}</profile>", V2VError.ProfileInvalid, "Profile p doesn't specify an output method." },
        { $"<profile name='p'>{Method}</profile>", V2VError.ProfileInvalid, "Profile p doesn't specify output storage." },
        { $"<profile name='p'>{Method}<storage format='raw'>\n</storage></profile>", V2VError.ProfileInvalid, "Profile p doesn't specify output storage." },
        { $"<profile name='p'><method>xen</method>{Storage}</profile>", V2VError.ProfileInvalid, "xen is not a valid output method" },
        { "<profile name='p'><method>rhev</method><storage>filer:/x</storage></profile>", V2VError.ProfileUnsupported, "output method rhev with the storage filer:/x" },
        { $"<profile name='p'>{Method}<storage format='vmdk'>s</storage></profile>", V2VError.ProfileInvalid, "must be raw or qcow2, not vmdk" },
        { $"<profile name='p'>{Method}<storage allocation='thin'>s</storage></profile>", V2VError.ProfileInvalid, "must be sparse or preallocated, not thin" },
        { $"<profile name='p'>{Method}{Storage}<network type='default'/></profile>", V2VError.ProfileInvalid, "Default network doesn't contain a mapping: <network type=\"default\" />" },
    };

    [Theory]
    [MemberData(nameof(BadProfiles))]
    public void A_profile_that_cannot_be_used_is_refused_by_what_is_wrong(string elements, V2VError error, string message)
    {
        var config = _folder.LoadElements(elements);
        var e = Assert.Throws<ProfileException>(() => config.Import("p"));
        Assert.Equal(error, e.Error);
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.NotNull(e.Advice);
    }

    [Fact]
    public void A_method_that_there_is_not_stands_against_nothing_when_the_target_is_given()
    {
        var imported = _folder.Load(ConfigFolder.Administrators).Import("rhev", targetIsGiven: true);
        Assert.Null(imported.Profile.StoragePool);
        Assert.Equal(ImageFormat.Raw, imported.Profile.Format);
        Assert.Contains(imported.Warnings, w => w.Contains("method rhev of the profile rhev is not used", StringComparison.Ordinal) && w.Contains("filer.example.com:/export/rhev", StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_not_used_is_told_by_name_and_line()
    {
        var path = _folder.Write("<virt-v2v>\n<iso-root>/x</iso-root>\n<profile/>\n<app name='a' os='linux'><path>a</path></app>\n<path-root>software</path-root>\n</virt-v2v>");
        Assert.Equal(
            [
                $"{path}, line 2: the element 'iso-root' is not known and not used.",
                $"{path}, line 3: a profile without a name is not used.",
                $"{path}, line 5: the path-root is no full path and not used.",
            ],
            VirtV2VConfig.Load([path]).ImportNetworks().Warnings);
    }

    public static TheoryData<string, string> BadFiles => new()
    {
        { "", "Unable to parse config file" },
        { "profile = x", "Unable to parse config file" },
        { "<virt-v2v><profile></virt-v2v>", "Unable to parse config file" },
        { "<domain/>", "root element is 'domain'" },
        { "<!DOCTYPE virt-v2v [<!ENTITY a 'b'>]><virt-v2v>&a;</virt-v2v>", "DTD" },
        { "<!DOCTYPE virt-v2v SYSTEM 'file:///etc/passwd'><virt-v2v/>", "DTD" },
        { string.Concat(Enumerable.Repeat("<virt-v2v>", 40)) + string.Concat(Enumerable.Repeat("</virt-v2v>", 40)), "nested deeper" },
        { $"<virt-v2v>{new string(' ', 1 << 20)}</virt-v2v>", "longer than" },
    };

    [Theory]
    [MemberData(nameof(BadFiles))]
    public void A_file_that_is_no_configuration_is_refused(string content, string message)
    {
        var path = _folder.Write(content);
        var e = Assert.Throws<ProfileException>(() => VirtV2VConfig.Load([path]));
        Assert.Equal((V2VError.ProfileInvalid, path), (e.Error, e.Path));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_named()
    {
        var path = Path.Combine(_folder.Path, "none.conf");
        var e = Assert.Throws<ProfileException>(() => VirtV2VConfig.Load([path]));
        Assert.Equal((V2VError.ProfileNotFound, $"Config file {path} doesn't exist."), (e.Error, e.Message));
    }
}
