using V2V.Engine.Profiles;
using V2V.Engine.Targets;
using Xunit;

namespace V2V.Engine.Tests.Profiles;

public sealed class ProfileStoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("v2v-profiles-").FullName;
    private readonly ProfileStore _store;

    public ProfileStoreTests() => _store = new ProfileStore(Path.Combine(_folder, "profiles"));

    [Fact]
    public void A_profile_is_written_as_a_person_would_write_it()
    {
        var path = _store.Save(new ConversionProfile
        {
            Name = "prod",
            Description = "Für <alle>",
            StoragePool = "vms",
            Format = ImageFormat.Qcow2,
            NetworkRules = [new("VM Network", false, "default"), new(null, true, "br0")],
        });

        Assert.Equal(
            """
            {
              "description": "Für <alle>",
              "storagePool": "vms",
              "format": "Qcow2",
              "networks": [
                {
                  "source": "VM Network",
                  "network": "default"
                },
                {
                  "bridge": "br0"
                }
              ]
            }

            """.ReplaceLineEndings("\n"),
            File.ReadAllText(path).ReplaceLineEndings("\n"));
    }

    [Fact]
    public void What_was_saved_is_loaded()
    {
        var profile = new ConversionProfile
        {
            Name = "Lab.1",
            OutputDirectory = "/srv/vms",
            Format = ImageFormat.Qcow2,
            Compression = ImageCompression.Zstd,
            TemporaryDirectory = "/var/tmp",
            NetworkRules = [new("a", false, "b")],
        };
        _store.Save(profile);

        var loaded = _store.Load("lab.1");

        Assert.Equal(profile.NetworkRules, loaded.NetworkRules);
        Assert.Equal(profile with { NetworkRules = loaded.NetworkRules }, loaded);
        Assert.Equal(["Lab.1"], _store.Names());
    }

    [Fact]
    public void Comments_and_trailing_commas_are_welcome()
    {
        Write("p", """
            {
              // the new host
              "connection": "qemu+ssh://kvm1/system",
              /* "format": "Raw", */
              "networks": [ { "bridge": "br0" }, ],
            }
            """);
        var profile = _store.Load("p");
        Assert.Equal("qemu+ssh://kvm1/system", profile.Connection);
        Assert.Null(profile.Format);
        Assert.Equal([new NetworkRule(null, true, "br0")], profile.NetworkRules);
    }

    [Theory]
    [InlineData("", "line 1")]
    [InlineData("null", "null")]
    [InlineData("[]", "line 1")]
    [InlineData("{\n\"pool\": \"x\"}", "pool")]
    [InlineData("{\"connection\": 5}", "line 1")]
    [InlineData("{\"format\": \"Vmdk\"}", "line 1")]
    [InlineData("{\"format\": \"Raw\", \"format\": \"Qcow2\"}", "format")]
    [InlineData("{\"format\": \"Raw\", \"compression\": \"Zlib\"}", "Raw images cannot be compressed")]
    [InlineData("{\"outputDirectory\": \"/a\", \"storagePool\": \"b\"}", "only one can be")]
    [InlineData("{\"blockDriver\": \"ide\"}", "line 1")]
    [InlineData("{\"allowNoDrivers\": \"yes\"}", "line 1")]
    [InlineData("{\"networks\": null}", "line 1")]
    [InlineData("{\"networks\": [ null ]}", "network rule")]
    [InlineData("{\"networks\": [ 5 ]}", "must be an object")]
    [InlineData("{\"networks\": [ {} ]}", "either 'network' or 'bridge'")]
    [InlineData("{\"networks\": [ { \"network\": \"a\", \"bridge\": \"b\" } ]}", "either 'network' or 'bridge'")]
    [InlineData("{\"networks\": [ { \"network\": \"a\", \"network\": \"b\" } ]}", "twice")]
    [InlineData("{\"networks\": [ { \"network\": \"\" } ]}", "not empty")]
    [InlineData("{\"networks\": [ { \"network\": [ { \"a\": {} } ] } ]}", "not empty")]
    [InlineData("{\"networks\": [ { \"vlan\": \"5\", \"network\": \"a\" } ]}", "no 'vlan'")]
    [InlineData("{\"networks\": [ { \"network\": \"a\" }, { \"bridge\": \"b\" } ]}", "More than one network")]
    [InlineData("{\"networks\": [ { \"source\": \"x\", \"network\": \"a\" }, { \"source\": \"X\", \"bridge\": \"b\" } ]}", "mapped more than once")]
    [InlineData("{\"networks\": [ { \"network\": \"a\"", "line 1")]
    public void A_malformed_profile_is_refused_with_its_path_and_what_was_found(string json, string found)
    {
        var path = Write("bad", json);
        var error = Assert.Throws<ProfileException>(() => _store.Load("bad"));
        Assert.Equal((V2VError.ProfileInvalid, path), (error.Error, error.Path));
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(found, error.Message, StringComparison.OrdinalIgnoreCase);
        Assert.NotNull(error.Advice);
    }

    [Fact]
    public void A_file_that_is_no_profile_by_its_size_is_not_read()
    {
        Write("big", new string(' ', 2 << 20));
        Assert.Contains("at most", Assert.Throws<ProfileException>(() => _store.Load("big")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_profile_that_is_not_there_is_named_with_those_that_are()
    {
        Assert.Equal(V2VError.ProfileNotFound, Assert.Throws<ProfileException>(() => _store.Load("prod")).Error);
        _store.Save(new ConversionProfile { Name = "test" });
        Assert.Contains("test", Assert.Throws<ProfileException>(() => _store.Load("prod")).Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_is_taken_whatever_its_case()
    {
        _store.Save(new ConversionProfile { Name = "Prod" });
        Assert.Equal(V2VError.ProfileExists, Assert.Throws<ProfileException>(() => _store.Save(new ConversionProfile { Name = "prod" })).Error);
        _store.Save(new ConversionProfile { Name = "prod", StoragePool = "x" }, overwrite: true);
        Assert.Equal(["Prod"], _store.Names());
        Assert.Equal("x", _store.Load("PROD").StoragePool);
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("../evil")]
    [InlineData("/etc/passwd")]
    [InlineData("a b")]
    [InlineData("a\0b")]
    [InlineData(".hidden")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void A_name_that_is_no_file_name_everywhere_is_refused(string name)
    {
        Assert.Equal(V2VError.ProfileInvalid, Assert.Throws<ProfileException>(() => _store.Load(name)).Error);
        Assert.Equal(V2VError.ProfileInvalid, Assert.Throws<ProfileException>(() => _store.Save(new ConversionProfile { Name = name })).Error);
    }

    [Fact]
    public void Settings_that_exclude_each_other_are_not_saved()
    {
        var profile = new ConversionProfile { Name = "p", OutputDirectory = "/a", Connection = "b" };
        Assert.Equal(V2VError.ProfileInvalid, Assert.Throws<ProfileException>(() => _store.Save(profile)).Error);
        Assert.Empty(_store.Names());
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_an_error_about_the_file()
    {
        File.WriteAllText(Path.Combine(_folder, "profiles"), "a file where the folder should be");
        Assert.Throws<ProfileException>(() => _store.Save(new ConversionProfile { Name = "p" }));
        Assert.Empty(_store.Names());
    }

    [Fact]
    public void Options_take_the_defaults_for_what_a_profile_leaves_open()
    {
        Assert.Equal(new ConversionOptions(), new ConversionProfile().ToOptions());
        var options = new ConversionProfile { Format = ImageFormat.Raw, TemporaryDirectory = "/t" }.ToOptions("web", overwrite: true);
        Assert.Equal(new ConversionOptions { Name = "web", Format = ImageFormat.Raw, TemporaryDirectory = "/t", Overwrite = true }, options);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Write(string name, string json)
    {
        Directory.CreateDirectory(_store.Directory);
        var path = Path.Combine(_store.Directory, name + ".json");
        File.WriteAllText(path, json);
        return path;
    }
}
