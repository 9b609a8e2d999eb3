using V2V.Engine.Profiles;
using V2V.Engine.Profiles.VirtV2VConf;
using V2V.Engine.Targets;
using V2V.Engine.Tests.Profiles.VirtV2VConf;
using Xunit;

namespace V2V.Engine.Tests.Profiles;

public sealed class ConversionProfileTests
{
    private static readonly ConversionProfile Pool = new() { Name = "p", Connection = "qemu:///session", StoragePool = "vms" };

    public static TheoryData<ConversionProfile, ConversionProfile, string> Targets => new()
    {
        { Pool, new ConversionProfile(), "pool vms at qemu:///session" },
        { Pool, new ConversionProfile { StoragePool = "fast" }, "pool fast at qemu:///session" },
        { Pool, new ConversionProfile { OutputDirectory = "/srv" }, "folder /srv" },
        { new ConversionProfile { OutputDirectory = "/srv" }, new ConversionProfile { Connection = "qemu:///session" }, "pool default at qemu:///session" },
    };

    [Theory]
    [MemberData(nameof(Targets))]
    public void A_given_target_replaces_the_one_of_the_profile(ConversionProfile stored, ConversionProfile given, string expected)
    {
        var applied = stored.With(given);
        Assert.Equal((expected, stored.Name), (applied.TargetDescription, applied.Name));
        Assert.Null(applied.FindConflict());
    }

    [Fact]
    public void What_a_folder_is_for_goes_with_the_folder()
    {
        var stored = new ConversionProfile { OutputDirectory = "/srv", As = GuestPlatform.KubeVirt };
        Assert.Equal(GuestPlatform.KubeVirt, stored.With(new ConversionProfile { OutputDirectory = "/other" }).As);
        Assert.Equal(GuestPlatform.Proxmox, stored.With(new ConversionProfile { As = GuestPlatform.Proxmox }).As);
        Assert.Null(stored.With(new ConversionProfile { StoragePool = "vms" }).As);
        Assert.Null(stored.With(new ConversionProfile { StoragePool = "vms" }).FindConflict());
        Assert.NotNull(Pool.With(new ConversionProfile { As = GuestPlatform.Proxmox }).FindConflict());
    }

    [Fact]
    public void Nowhere_replaces_the_target_of_the_profile_and_excludes_a_given_one()
    {
        foreach (var stored in new[] { Pool, new ConversionProfile { OutputDirectory = "/srv", As = GuestPlatform.OpenStack } })
        {
            var applied = stored.With(new ConversionProfile { NoOutput = true });
            Assert.Equal("nowhere", applied.TargetDescription);
            Assert.Null(applied.FindConflict());
            Assert.NotNull(stored.With(new ConversionProfile { NoOutput = true, StoragePool = "x" }).FindConflict());
        }
    }

    [Fact]
    public void Targets_that_are_given_together_stay_a_conflict() =>
        Assert.NotNull(Pool.With(new ConversionProfile { OutputDirectory = "/srv", StoragePool = "x" }).FindConflict());

    public static TheoryData<ConversionProfile, ConversionProfile, ImageFormat?, ImageAllocation?, ImageCompression?> Images => new()
    {
        // What of the profile's is excluded by a parameter falls away.
        { Image(null, null, ImageCompression.Zstd), Image(ImageFormat.Raw, null, null), ImageFormat.Raw, null, null },
        { Image(null, ImageAllocation.Metadata, null), Image(ImageFormat.Raw, null, null), ImageFormat.Raw, null, null },
        { Image(null, ImageAllocation.Preallocated, null), Image(ImageFormat.Raw, null, null), ImageFormat.Raw, ImageAllocation.Preallocated, null },
        { Image(null, null, ImageCompression.Zstd), Image(null, ImageAllocation.Metadata, null), null, ImageAllocation.Metadata, null },
        { Image(null, null, ImageCompression.Zstd), Image(null, ImageAllocation.Sparse, null), null, ImageAllocation.Sparse, ImageCompression.Zstd },
        { Image(null, ImageAllocation.Preallocated, null), Image(null, null, ImageCompression.Zlib), null, null, ImageCompression.Zlib },
        { Image(ImageFormat.Raw, ImageAllocation.Preallocated, null), Image(ImageFormat.Qcow2, null, null), ImageFormat.Qcow2, ImageAllocation.Preallocated, null },
    };

    [Theory]
    [MemberData(nameof(Images))]
    public void A_given_property_of_the_image_wins_over_what_it_excludes(
        ConversionProfile stored, ConversionProfile given, ImageFormat? format, ImageAllocation? allocation, ImageCompression? compression)
    {
        var applied = stored.With(given);
        Assert.Equal((format, allocation, compression), (applied.Format, applied.Allocation, applied.Compression));
        Assert.Null(applied.FindConflict());
    }

    [Fact]
    public void Given_rules_replace_those_for_the_same_adapters_and_leave_the_others()
    {
        var mac = NetworkRule.ForAdapter("00:50:56:aa:bb:cc", true, "br1")!;
        var stored = new ConversionProfile
        {
            NetworkRules =
            [
                mac, new("lan", false, "a") { SourceKind = NetworkKind.Bridge }, new("lan", false, "b"), new("dmz", false, "c") { SourceKind = NetworkKind.Bridge },
                new(null, false, "d") { SourceKind = NetworkKind.Bridge }, new(null, false, "e"),
            ],
        };
        NetworkRule lan = new("LAN", true, "x"), dmz = new("dmz", true, "y") { SourceKind = NetworkKind.Network }, rest = new(null, true, "z");

        var applied = stored.With(new ConversionProfile { NetworkRules = [rest, lan, dmz] });

        Assert.Equal([lan, dmz, mac, stored.NetworkRules[3], rest], applied.NetworkRules);
    }

    [Fact]
    public void A_given_rest_replaces_all_that_the_profile_has_for_the_rest()
    {
        NetworkRule networks = new(null, false, "a") { SourceKind = NetworkKind.Network }, bridges = new(null, true, "b") { SourceKind = NetworkKind.Bridge };
        var stored = new ConversionProfile { NetworkRules = [new("lan", false, "x"), new(null, false, "y")] };
        Assert.Equal([stored.NetworkRules[0], networks, bridges], stored.With(new ConversionProfile { NetworkRules = [networks, bridges] }).NetworkRules);
    }

    [Fact]
    public void Each_setting_is_told_with_who_decided_it()
    {
        var stored = new ConversionProfile
        {
            StoragePool = "vms",
            Format = ImageFormat.Qcow2,
            Compression = ImageCompression.Zstd,
            NetworkRules = [new("lan", false, "a"), new("dmz", false, "b")],
        };
        var given = new ConversionProfile { Format = ImageFormat.Raw, BlockDriver = StoragePreference.Vioscsi, NetworkRules = [new("lan", true, "br0")] };

        Assert.Equal(
            [
                new("Connection", "qemu:///system", SettingOrigin.Default),
                new("StoragePool", "vms", SettingOrigin.Profile),
                new("Format", "Raw", SettingOrigin.Parameter, "Qcow2"),
                new("Allocation", "Sparse", SettingOrigin.Default),
                new("Compression", "None", SettingOrigin.Default, "Zstd"),
                new("Network", "lan -> bridge br0", SettingOrigin.Parameter, "a"),
                new("Network", "dmz -> b", SettingOrigin.Profile),
                new("BlockDriver", "Vioscsi", SettingOrigin.Parameter),
                new("AllowNoDrivers", "False", SettingOrigin.Default),
            ],
            ProfileSettings.Describe(stored, given));
    }

    [Theory]
    [InlineData(null, null, "/var/lib/virt-v2v/software", SettingOrigin.Default, null)]
    [InlineData(null, "/profile", "/profile", SettingOrigin.Profile, null)]
    [InlineData("/parameter", "/profile", "/parameter", SettingOrigin.Parameter, "/profile")]
    [InlineData("/parameter", null, "/parameter", SettingOrigin.Parameter, null)]
    public void The_root_of_software_is_the_parameters_then_the_profiles_then_the_files(string? given, string? stored, string value, SettingOrigin origin, string? other)
    {
        using var folder = new ConfigFolder();
        const string Elements = "<app os='linux' name='x'><path>p</path></app>";
        var file = folder.Write($"<virt-v2v>{Elements}</virt-v2v>");
        var profile = new ConversionProfile { SoftwareConfiguration = [file], SoftwareRoot = stored }.WithSoftware();
        var parameters = new ConversionProfile { SoftwareRoot = given };
        Assert.Contains(new ConversionSetting("SoftwareRoot", value, origin, other), ProfileSettings.Describe(profile, parameters));
        Assert.Contains(new ConversionSetting("SoftwareConfiguration", file, SettingOrigin.Profile), ProfileSettings.Describe(profile, parameters));
        Assert.Equal(Path.Combine(value, "p"), App(profile.With(parameters)));

        // A file's own root comes before the default, and is part of what the profile says.
        var rooted = profile with { SoftwareConfiguration = [folder.Write($"<virt-v2v>{Elements}<path-root>/file</path-root></virt-v2v>")], Software = null };
        rooted = rooted.WithSoftware();
        var expected = given ?? stored ?? "/file";
        var setting = ProfileSettings.Describe(rooted, parameters).Single(s => s.Name == "SoftwareRoot");
        Assert.Equal((expected, given is null ? SettingOrigin.Profile : SettingOrigin.Parameter), (setting.Value, setting.Origin));
        Assert.Equal($"{expected}/p", App(rooted.With(parameters)));

        static string App(ConversionProfile settings) => settings.Software!.ResolveApp(
            new SoftwareGuest { Os = "linux", Architecture = "x86_64" }, "x", ((ConfiguredSoftware)settings.ToOptions().Software!).Root).Packages[0].FullPath;
    }

    [Fact]
    public void Without_configuration_files_nothing_is_told_of_software() =>
        Assert.DoesNotContain(ProfileSettings.Describe(new ConversionProfile(), new ConversionProfile { SoftwareRoot = "/r" }), setting => setting.Name.StartsWith("Software", StringComparison.Ordinal));

    [Fact]
    public void The_profile_keeps_no_say_in_a_target_that_is_given()
    {
        var described = ProfileSettings.Describe(Pool with { DomainType = "qemu" }, new ConversionProfile { OutputDirectory = "/srv" });
        Assert.Contains(new ConversionSetting("OutputDirectory", "/srv", SettingOrigin.Parameter), described);
        Assert.Contains(new ConversionSetting("DomainType", "qemu", SettingOrigin.Profile), described);
        Assert.DoesNotContain(described, setting => setting.Name is "Connection" or "StoragePool");
    }

    [Theory]
    [InlineData(SettingOrigin.Parameter, null, "Format = Raw (parameter)")]
    [InlineData(SettingOrigin.Parameter, "Qcow2", "Format = Raw (parameter; the profile has Qcow2)")]
    [InlineData(SettingOrigin.Profile, null, "Format = Raw (profile)")]
    [InlineData(SettingOrigin.Default, null, "Format = Raw (default)")]
    [InlineData(SettingOrigin.Default, "Qcow2", "Format = Raw (default, since a parameter excludes the profile's Qcow2)")]
    public void A_setting_reads_as_a_sentence(SettingOrigin origin, string? other, string expected) =>
        Assert.Equal(expected, new ConversionSetting("Format", "Raw", origin, other).ToString());

    private static ConversionProfile Image(ImageFormat? format, ImageAllocation? allocation, ImageCompression? compression) =>
        new() { Format = format, Allocation = allocation, Compression = compression };
}
