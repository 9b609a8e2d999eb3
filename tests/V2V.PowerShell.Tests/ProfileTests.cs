using System.Management.Automation;
using V2V.Engine;
using V2V.Engine.Profiles;
using V2V.Engine.Targets;

namespace V2V.PowerShell.Tests;

[Collection(ProfilesCollection.Name)]
public sealed class ProfileTests : IDisposable
{
    private readonly Session _session = new();

    /// <summary>The profiles of all tests share a folder, so each test has names of its own.</summary>
    private readonly string _name = "p" + Guid.NewGuid().ToString("N")[..8];

    private string StoredFile => Path.Combine(Repository.Configuration, "v2v", "profiles", _name + ".json");

    [Fact]
    public void A_new_profile_is_stored_and_returned()
    {
        var profile = _session.Run(
            "param($n) New-V2VProfile $n -Connection qemu+ssh://kvm1/system -StoragePool vms -Compression Zstd -NetworkMap @{ 'VM Network' = 'default'; DMZ = 'bridge:br1' } -Bridge br0",
            _name).Only<ConversionProfile>();
        Assert.Equal((StoredFile, ProfileScope.CurrentUser), (profile.Path, profile.Scope));

        var stored = ProfileStore.ForUser().Load(_name);
        Assert.Equal(profile with { NetworkRules = [] }, stored with { NetworkRules = [] });
        Assert.Equal(profile.NetworkRules, stored.NetworkRules);
        Assert.Equal((_name, "qemu+ssh://kvm1/system", "vms", null, ImageCompression.Zstd), (stored.Name, stored.Connection, stored.StoragePool, stored.Format, stored.Compression));
        Assert.Equal([new("DMZ", true, "br1"), new("VM Network", false, "default"), new(null, true, "br0")], stored.NetworkRules);
    }

    [Fact]
    public void A_folder_is_stored_as_a_full_path()
    {
        var profile = _session.Run(
            "param($n, $f) $ExecutionContext.SessionState.Path.SetLocation($f) > $null; New-V2VProfile $n -OutputDirectory vms", _name, _session.Folder)
            .Only<ConversionProfile>();
        Assert.Equal(Path.Combine(_session.Folder, "vms"), profile.OutputDirectory);
    }

    [Fact]
    public void A_name_that_is_taken_needs_Force()
    {
        _session.Run("param($n) New-V2VProfile $n", _name).Only<ConversionProfile>();
        var error = Assert.Single(_session.Run("param($n) New-V2VProfile $n -Format Raw", _name).Errors);
        Assert.Equal("ProfileExists,V2V.PowerShell.Commands.NewV2VProfileCommand", error.FullyQualifiedErrorId);
        Assert.Null(ProfileStore.ForUser().Load(_name).Format);

        _session.Run("param($n) New-V2VProfile $n -Format Raw -Force", _name).Only<ConversionProfile>();
        Assert.Equal(ImageFormat.Raw, ProfileStore.ForUser().Load(_name).Format);
    }

    [Fact]
    public void WhatIf_stores_nothing()
    {
        Assert.Empty(_session.Run("param($n) New-V2VProfile $n -WhatIf", _name).All<object>());
        Assert.False(File.Exists(StoredFile));
    }

    [Theory]
    [InlineData("-Connection a -OutputDirectory b", "AmbiguousParameterSet")]
    [InlineData("-Connection a -As KubeVirt", "AmbiguousParameterSet")]
    [InlineData("-Format Raw -Compression Zlib", "ParametersConflict")]
    [InlineData("-Allocation Metadata -Format Raw", "ParametersConflict")]
    [InlineData("-DomainType xen", "ParameterArgumentValidationError")]
    [InlineData("-Format Vmdk", "CannotConvertArgumentNoMessage")]
    public void Settings_that_exclude_each_other_are_refused(string parameters, string id)
    {
        var error = _session.RunToTerminatingError($"param($n) New-V2VProfile $n {parameters}", _name);
        Assert.StartsWith(id, error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.False(File.Exists(StoredFile));
    }

    [Fact]
    public void A_name_cannot_lead_out_of_the_folder() =>
        Assert.Equal("ProfileInvalid", _session.Run("New-V2VProfile ../evil").ErrorId);

    [Fact]
    public void A_conversion_takes_its_settings_from_the_profile()
    {
        var folder = Path.Combine(_session.Folder, "vms");
        _session.Run("param($n, $f) New-V2VProfile $n -OutputDirectory $f -Format Raw", _name, folder);
        Assert.Equal($"as Raw to folder {folder}", Plan("-Profile " + _name));
    }

    [Theory]
    [InlineData("-Format Qcow2", "as Qcow2 to folder /srv/vms")]
    [InlineData("-OutputDirectory /elsewhere", "as Raw to folder /elsewhere")]
    public void Parameters_win_over_the_profile(string parameters, string expected)
    {
        _session.Run("param($n) New-V2VProfile $n -OutputDirectory /srv/vms -Format Raw", _name);
        Assert.Equal(expected, Plan($"-Profile {_name} {parameters}"));
    }

    [Theory]
    [InlineData("Connection", "qemu:///session", "pool default at qemu:///session")]
    [InlineData("StoragePool", "fast", "pool fast at qemu:///system")]
    public void A_pool_wins_over_the_folder_of_the_profile(string parameter, string value, string expected)
    {
        var stored = new ConversionProfile { Name = _name, OutputDirectory = "/srv/vms" };
        var applied = Commands.ProfileParameters.Apply(stored, new Dictionary<string, object> { [parameter] = value }, path => path);
        Assert.Equal(expected, applied.TargetDescription);
    }

    [Fact]
    public void A_parameter_replaces_its_rule_of_the_profile_and_leaves_the_others()
    {
        var stored = new ConversionProfile
        {
            Name = _name,
            NetworkRules = [new("lan", false, "default"), new("dmz", true, "br1"), new(null, true, "br0")],
        };
        Assert.Equal(
            [new("LAN", true, "br9"), new("dmz", true, "br1"), new(null, false, "prod")],
            Commands.ProfileParameters.Apply(
                stored,
                new Dictionary<string, object> { ["NetworkMap"] = new System.Collections.Hashtable { ["LAN"] = "bridge:br9" }, ["Network"] = "prod" },
                path => path).NetworkRules);
    }

    [Fact]
    public void What_a_profile_can_hold_besides_is_stored()
    {
        var outcome = _session.Run(
            "param($n) New-V2VProfile $n -DomainType QEMU -Allocation Preallocated -SoftwareRoot /srv/software -Network a -Bridge b "
            + "-NetworkMap @{ 'bridge:xenbr0' = 'network:default' } -MacMap @{ '00-50-56-AA-BB-CC' = 'bridge:br1' }",
            _name);
        outcome.Only<ConversionProfile>();
        Assert.Equal("The software root /srv/software is no folder of this machine.", Assert.Single(outcome.Warnings));

        var stored = ProfileStore.ForUser().Load(_name);
        Assert.Equal(("qemu", ImageAllocation.Preallocated, "/srv/software"), (stored.DomainType, stored.Allocation, stored.SoftwareRoot));
        Assert.Equal(
            [
                NetworkRule.ForAdapter("00:50:56:aa:bb:cc", true, "br1")!,
                new("xenbr0", false, "default") { SourceKind = NetworkKind.Bridge },
                new(null, false, "a") { SourceKind = NetworkKind.Network },
                new(null, true, "b") { SourceKind = NetworkKind.Bridge },
            ],
            stored.NetworkRules);
    }

    [Fact]
    public void Where_drivers_come_from_is_stored_as_a_full_path()
    {
        var profile = _session.Run(
            "param($n, $f) $ExecutionContext.SessionState.Path.SetLocation($f) > $null; New-V2VProfile $n -DriverSource virtio-win.iso -BlockDriver vioscsi -AllowNoDrivers",
            _name, _session.Folder).Only<ConversionProfile>();

        Assert.Equal(Path.Combine(_session.Folder, "virtio-win.iso"), profile.DriverSource);
        Assert.Contains("\"blockDriver\": \"Vioscsi\"", File.ReadAllText(StoredFile), StringComparison.Ordinal);
        var options = ProfileStore.ForUser().Load(_name).ToOptions();
        Assert.Equal((profile.DriverSource, StoragePreference.Vioscsi, true), (options.DriverSource, options.BlockDriver, options.AllowNoDrivers));
    }

    [Fact]
    public void Parameters_for_drivers_win_over_the_profile()
    {
        var stored = new ConversionProfile { Name = _name, DriverSource = "/srv/a.iso", BlockDriver = StoragePreference.Vioscsi, AllowNoDrivers = true };

        Assert.Equal(stored, Commands.ProfileParameters.Apply(stored, new Dictionary<string, object>(), path => path) with { NetworkRules = stored.NetworkRules });
        var applied = Commands.ProfileParameters.Apply(
            stored,
            new Dictionary<string, object> { ["DriverSource"] = "b", ["BlockDriver"] = StoragePreference.Viostor, ["AllowNoDrivers"] = new SwitchParameter(false) },
            path => "/cwd/" + path);
        Assert.Equal(("/cwd/b", StoragePreference.Viostor, false), (applied.DriverSource, applied.BlockDriver, applied.AllowNoDrivers));
    }

    [Theory]
    [InlineData("Invoke-V2VConversion -BlockDriver vio")]
    [InlineData("Test-V2VGuest -BlockDriver vio")]
    public void Storage_drivers_are_completed(string input) => Assert.Equal(["Vioscsi", "Viostor"], Complete(input));

    [Theory]
    [InlineData("-BlockDriver ide", "CannotConvertArgumentNoMessage")]
    [InlineData("-DriverSource ''", "ParameterArgumentValidationError")]
    [InlineData("-DriverSource env:PATH", "NotAFileSystemPath")]
    public void Parameters_for_drivers_are_checked(string parameters, string id)
    {
        var error = _session.RunToTerminatingError($"param($n) New-V2VProfile $n {parameters}", _name);
        Assert.StartsWith(id, error.FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    [Fact]
    public void A_profile_that_is_not_there_ends_the_command()
    {
        var error = _session.RunToTerminatingError("param($p) Invoke-V2VConversion $p -Profile nosuch", Repository.SampleGuest);
        Assert.Equal("ProfileNotFound,V2V.PowerShell.Commands.InvokeV2VConversionCommand", error.FullyQualifiedErrorId);
        Assert.Equal(ErrorCategory.ObjectNotFound, error.CategoryInfo.Category);
        Assert.Equal("nosuch", error.TargetObject);
    }

    [Fact]
    public void A_malformed_profile_ends_the_command_naming_file_and_line()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(StoredFile)!);
        File.WriteAllText(StoredFile, "{\n  \"format\": \"Raw\",\n  \"poool\": \"x\"\n}\n");
        var error = _session.RunToTerminatingError("param($p, $n) Invoke-V2VConversion $p -Profile $n", Repository.SampleGuest, _name);
        Assert.StartsWith("ProfileInvalid,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains(StoredFile, error.ErrorDetails.Message, StringComparison.Ordinal);
        Assert.Contains("line 3", error.ErrorDetails.Message, StringComparison.Ordinal);
        Assert.Contains("poool", error.ErrorDetails.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_of_profiles_are_completed()
    {
        _session.Run("param($n) New-V2VProfile \"$n-test\"; New-V2VProfile \"$n-prod\"", _name);
        Assert.Equal([$"{_name}-prod", $"{_name}-test"], Complete($"Invoke-V2VConversion -Profile {_name}"));
        Assert.Equal([$"{_name}-test"], Complete($"Invoke-V2VConversion -Profile {_name}-t"));
    }

    [Fact]
    public void Values_of_enumerations_are_completed() => Assert.Equal(["Zlib", "Zstd"], Complete("Invoke-V2VConversion -Compression Z"));

    public void Dispose()
    {
        _session.Dispose();
        ProfilesCollection.Clear();
    }

    /// <summary>What -WhatIf says of where the disk goes.</summary>
    private string Plan(string parameters)
    {
        _session.Run($"param($p) Invoke-V2VConversion $p -WhatIf {parameters}", Repository.SampleGuest).All<object>();
        var line = Assert.Single(_session.Host.Text.Split('\n'), l => l.StartsWith("What if: Copy ", StringComparison.Ordinal));
        return line[line.IndexOf(") as ", StringComparison.Ordinal)..][2..];
    }

    private List<string> Complete(string input) =>
        [.. _session.Run("param($i) (TabExpansion2 $i $i.Length).CompletionMatches", input).All<CompletionResult>().Select(match => match.CompletionText)];
}
