using V2V.Engine.Profiles;
using V2V.Engine.Profiles.VirtV2VConf;
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
        var saved = _store.Save(new ConversionProfile
        {
            Name = "prod",
            Description = "Für <alle>",
            StoragePool = "vms",
            Format = ImageFormat.Qcow2,
            Allocation = ImageAllocation.Metadata,
            NetworkRules =
            [
                NetworkRule.ForAdapter("00-50-56-AA-BB-CC", true, "br1")!,
                new("VM Network", false, "default"),
                new("xenbr0", false, "prod") { SourceKind = NetworkKind.Bridge },
                new(null, true, "br0"),
            ],
        });

        Assert.Equal((Path.Combine(_store.Directory, "prod.json"), ProfileScope.CurrentUser), (saved.Path, saved.Scope));
        Assert.Equal(
            """
            {
              "description": "Für <alle>",
              "storagePool": "vms",
              "format": "Qcow2",
              "allocation": "Metadata",
              "networks": [
                {
                  "mac": "00:50:56:aa:bb:cc",
                  "bridge": "br1"
                },
                {
                  "source": "VM Network",
                  "network": "default"
                },
                {
                  "source": "xenbr0",
                  "sourceKind": "bridge",
                  "network": "prod"
                },
                {
                  "bridge": "br0"
                }
              ]
            }

            """.ReplaceLineEndings("\n"),
            File.ReadAllText(saved.Path!).ReplaceLineEndings("\n"));
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
            DomainType = "qemu",
            SoftwareRoot = "/srv/software",
            SoftwareConfiguration = ["/etc/virt-v2v.conf", "/var/lib/virt-v2v/virt-v2v.db"],
            NetworkRules =
            [
                new("a", false, "b"), new("a", true, "c") { SourceKind = NetworkKind.Bridge }, new("a", true, "d") { SourceKind = NetworkKind.Network },
                NetworkRule.ForAdapter("00:50:56:aa:bb:cc", false, "e")!, new(null, true, "f") { SourceKind = NetworkKind.Bridge },
            ],
        };
        var saved = _store.Save(profile);

        var loaded = _store.Load("lab.1");

        Assert.Equal(profile.NetworkRules, loaded.NetworkRules);
        Assert.Equal(profile.SoftwareConfiguration, loaded.SoftwareConfiguration);
        profile = profile with { SoftwareConfiguration = loaded.SoftwareConfiguration };
        Assert.Equal(saved with { NetworkRules = loaded.NetworkRules, SoftwareConfiguration = loaded.SoftwareConfiguration }, loaded);
        Assert.Equal(profile with { NetworkRules = loaded.NetworkRules, Path = saved.Path, Scope = ProfileScope.CurrentUser }, loaded);
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
    [InlineData("{\"softwareConfiguration\": [ \"virt-v2v.conf\" ]}", "no full path")]
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
    [InlineData("{\"networks\": [ { \"mac\": \"VM Network\", \"network\": \"a\" } ]}", "'VM Network' is no MAC address")]
    [InlineData("{\"networks\": [ { \"mac\": \"00:50:56:aa:bb:cc\", \"source\": \"x\", \"network\": \"a\" } ]}", "no 'source'")]
    [InlineData("{\"networks\": [ { \"sourceKind\": \"vlan\", \"network\": \"a\" } ]}", "not 'vlan'")]
    [InlineData("{\"networks\": [ { \"mac\": \"00:50:56:aa:bb:cc\", \"network\": \"a\" }, { \"mac\": \"00-50-56-AA-BB-CC\", \"network\": \"b\" } ]}", "00:50:56:aa:bb:cc is mapped more than once")]
    [InlineData("{\"format\": \"Raw\", \"allocation\": \"Metadata\"}", "no metadata")]
    [InlineData("{\"allocation\": \"Preallocated\", \"compression\": \"Zstd\"}", "exclude each other")]
    [InlineData("{\"domainType\": \"xen\"}", "'xen'")]
    [InlineData("{\"softwareRoot\": \"software\"}", "no full path")]
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
        Assert.Equal(V2VError.ProfileWriteFailed, Assert.Throws<ProfileException>(() => _store.Save(new ConversionProfile { Name = "p" })).Error);
        Assert.Empty(_store.Names());
    }

    [Fact]
    public void A_profile_is_replaced_whole_and_nothing_is_left_beside_it()
    {
        _store.Save(new ConversionProfile { Name = "p", Description = new string('x', 9000) });
        _store.Save(new ConversionProfile { Name = "p", StoragePool = "y" }, overwrite: true);
        Assert.Equal("y", _store.Load("p").StoragePool);
        Assert.Equal([Path.Combine(_store.Directory, "p.json")], Directory.EnumerateFileSystemEntries(_store.Directory));
    }

    [Fact]
    public void What_cannot_take_its_name_leaves_nothing_behind()
    {
        Directory.CreateDirectory(Path.Combine(_store.Directory, "p.json"));
        Assert.Equal(V2VError.ProfileWriteFailed, Assert.Throws<ProfileException>(() => _store.Save(new ConversionProfile { Name = "p" }, overwrite: true)).Error);
        Assert.Empty(Directory.EnumerateFiles(_store.Directory));
    }

    [Fact]
    public void A_profile_of_all_users_can_be_read_by_them()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no file modes");
            return;
        }

        var machine = new ProfileStore(Path.Combine(_folder, "machine"), ProfileScope.AllUsers);
        var saved = machine.Save(new ConversionProfile { Name = "p" });
        Assert.Equal(ProfileScope.AllUsers, saved.Scope);
        Assert.Equal(UnixFileMode.OtherRead, File.GetUnixFileMode(saved.Path!) & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.GroupWrite));
        Assert.Equal(ProfileScope.AllUsers, machine.Load("p").Scope);
    }

    [Fact]
    public void A_removed_profile_is_gone_whatever_was_in_it()
    {
        Write("Bad", "{");
        _store.Save(new ConversionProfile { Name = "good" });
        _store.Remove("bad");
        Assert.Equal(["good"], _store.Names());
        Assert.Equal(V2VError.ProfileNotFound, Assert.Throws<ProfileException>(() => _store.Remove("bad")).Error);
        Assert.Equal(V2VError.ProfileInvalid, Assert.Throws<ProfileException>(() => _store.Remove("../good")).Error);
    }

    [Fact]
    public void Options_take_the_defaults_for_what_a_profile_leaves_open()
    {
        var none = new ConfiguredSoftware(SoftwareCatalogue.Empty, null);
        Assert.Equal(new ConversionOptions { Software = none }, new ConversionProfile().ToOptions());
        var options = new ConversionProfile { Format = ImageFormat.Raw, TemporaryDirectory = "/t" }.ToOptions("web", overwrite: true);
        Assert.Equal(new ConversionOptions { Name = "web", Format = ImageFormat.Raw, TemporaryDirectory = "/t", Software = none, Overwrite = true }, options);
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
