using System.Management.Automation;
using V2V.Engine;
using V2V.Engine.Profiles;

namespace V2V.PowerShell.Tests;

/// <summary>Profiles of the user and of the machine: listed, used, removed, and told in the report.</summary>
[Collection(ProfilesCollection.Name)]
public sealed class ProfileScopeTests : IDisposable
{
    private readonly Session _session = new();

    /// <summary>The profiles of all tests share two folders, so each test has names of its own.</summary>
    private readonly string _name = "s" + Guid.NewGuid().ToString("N")[..8];

    public void Dispose()
    {
        _session.Dispose();
        ProfilesCollection.Clear();
    }

    [Fact]
    public void A_profile_of_all_users_lies_in_the_machines_folder_and_is_found_by_its_name()
    {
        var made = _session.Run("param($n) New-V2VProfile $n -Scope AllUsers -StoragePool machine", _name).Only<ConversionProfile>();
        Assert.Equal((Path.Combine(ProfileStore.ForMachine().Directory, _name + ".json"), ProfileScope.AllUsers), (made.Path, made.Scope));
        Assert.True(File.Exists(made.Path));
        Assert.Equal("machine", _session.Run("param($n) Get-V2VProfile $n", _name).Only<ConversionProfile>().StoragePool);
        Assert.Equal("machine", ProfileStores.Load(_name).StoragePool);
    }

    [Fact]
    public void The_users_profile_wins_over_the_machines()
    {
        Both();
        Assert.Equal("user", ProfileStores.Load(_name).StoragePool);
        Assert.Equal("user", _session.Run("param($n) Get-V2VProfile $n", _name).Only<ConversionProfile>().StoragePool);
        Assert.Equal("user", _session.Run("param($n) Get-V2VProfile \"$n*\"", _name).Only<ConversionProfile>().StoragePool);
        Assert.Equal("machine", _session.Run("param($n) Get-V2VProfile \"$n*\" -Scope AllUsers", _name).Only<ConversionProfile>().StoragePool);
        Assert.Equal("user", _session.Run("param($n) Get-V2VProfile $n -Scope CurrentUser", _name).Only<ConversionProfile>().StoragePool);
    }

    [Fact]
    public void Profiles_are_listed_by_patterns_in_the_order_of_their_names()
    {
        _session.Run("param($n) New-V2VProfile \"$n-b\"; New-V2VProfile \"$n-a\" -Scope AllUsers; New-V2VProfile \"$n-c\"", _name);
        Assert.Equal([$"{_name}-a", $"{_name}-b", $"{_name}-c"], Names("param($n) Get-V2VProfile \"$n*\""));
        Assert.Equal([$"{_name}-b", $"{_name}-c"], Names("param($n) Get-V2VProfile \"$n*\" -Scope CurrentUser"));
        // Other tests have malformed profiles there.
        Assert.Contains($"{_name}-a", _session.Run("Get-V2VProfile").Output.Cast<ConversionProfile>().Select(profile => profile.Name));
        Assert.Empty(Names("param($n) Get-V2VProfile \"$n-x*\""));
        Assert.Equal("ProfileNotFound", _session.Run("param($n) Get-V2VProfile \"$n-x\"", _name).ErrorId);
    }

    [Fact]
    public void A_malformed_profile_is_an_error_and_the_others_follow()
    {
        _session.Run("param($n) New-V2VProfile \"$n-b\"", _name);
        File.WriteAllText(Path.Combine(ProfileStore.ForUser().Directory, $"{_name}-a.json"), "{");
        var outcome = _session.Run("param($n) Get-V2VProfile \"$n*\"", _name);
        Assert.Equal("ProfileInvalid", outcome.ErrorId);
        Assert.Equal($"{_name}-b", Assert.IsType<ConversionProfile>(Assert.Single(outcome.Output)).Name);
    }

    [Fact]
    public void Only_the_profile_of_the_scope_is_removed()
    {
        Both();
        _session.Run("param($n) Remove-V2VProfile $n", _name).All<object>();
        Assert.Equal("machine", ProfileStores.Load(_name).StoragePool);
        Assert.Equal("ProfileNotFound", _session.Run("param($n) Remove-V2VProfile $n", _name).ErrorId);
        _session.Run("param($n) Get-V2VProfile $n | Remove-V2VProfile", _name).All<object>();
        Assert.Null(ProfileStore.ForMachine().TryLoad(_name));
    }

    [Fact]
    public void Patterns_remove_several_also_malformed_ones()
    {
        _session.Run("param($n) New-V2VProfile \"$n-b\"; New-V2VProfile \"$n-c\"", _name);
        File.WriteAllText(Path.Combine(ProfileStore.ForUser().Directory, $"{_name}-a.json"), "{");
        _session.Run("param($n) Remove-V2VProfile \"$n-[ab]\"", _name).All<object>();
        Assert.Equal([$"{_name}-c"], Names("param($n) Get-V2VProfile \"$n*\""));
    }

    [Fact]
    public void WhatIf_removes_and_stores_nothing()
    {
        Both();
        Assert.Empty(_session.Run("param($n) Remove-V2VProfile $n -WhatIf; New-V2VProfile \"$n-new\" -Scope AllUsers -WhatIf", _name).All<object>());
        Assert.Contains($"profile {_name} in {ProfileStore.ForUser().Directory}", _session.Host.Text, StringComparison.Ordinal);
        Assert.Contains($"profile {_name}-new in {ProfileStore.ForMachine().Directory}", _session.Host.Text, StringComparison.Ordinal);
        Assert.Equal("user", ProfileStores.Load(_name).StoragePool);
        Assert.Null(ProfileStore.ForMachine().TryLoad($"{_name}-new"));
    }

    [Theory]
    [InlineData("Invoke-V2VConversion -Profile ", "a b")]
    [InlineData("Get-V2VProfile ", "a b")]
    [InlineData("Get-V2VProfile -Scope AllUsers -Name ", "a")]
    [InlineData("Remove-V2VProfile -Scope CurrentUser ", "b")]
    [InlineData("New-V2VProfile -Force ", "a b")]
    public void Names_of_both_scopes_are_completed(string command, string expected)
    {
        _session.Run("param($n) New-V2VProfile \"$n-a\" -Scope AllUsers; New-V2VProfile \"$n-b\"", _name);
        var matches = _session.Run("param($i) (TabExpansion2 $i $i.Length).CompletionMatches", command + _name).All<CompletionResult>();
        Assert.Equal(expected.Split(' ').Select(suffix => $"{_name}-{suffix}"), matches.Select(match => match.CompletionText));
        Assert.EndsWith(".json", matches[0].ToolTip, StringComparison.Ordinal);
    }

    [Fact]
    public void The_result_says_who_decided_each_setting()
    {
        var folder = Path.Combine(_session.Folder, "out");
        _session.Run("param($n) New-V2VProfile $n -Scope AllUsers -StoragePool vms -Format Raw -Network lab", _name);
        var outcome = _session.Run(
            "param($p, $n, $o) Invoke-V2VConversion $p -Profile $n -OutputDirectory $o -Format Qcow2 -Allocation Metadata -Verbose", Repository.SampleGuest, _name, folder);

        var settings = outcome.Only<ConversionResult>().Settings;
        Assert.Equal(
            [
                new("OutputDirectory", folder, SettingOrigin.Parameter),
                new("Format", "Qcow2", SettingOrigin.Parameter, "Raw"),
                new("Allocation", "Metadata", SettingOrigin.Parameter),
                new("Compression", "None", SettingOrigin.Default),
                new("Network", "others -> lab", SettingOrigin.Profile),
                new("BlockDriver", "Viostor", SettingOrigin.Default),
                new("AllowNoDrivers", "False", SettingOrigin.Default),
            ],
            settings);
        Assert.All(settings, setting => Assert.Contains($"Setting: {setting}", outcome.Verbose));
    }

    private void Both() =>
        _session.Run("param($n) New-V2VProfile $n -StoragePool user; New-V2VProfile $n -Scope AllUsers -StoragePool machine", _name).All<object>();

    private List<string> Names(string script) => [.. _session.Run(script, _name).All<ConversionProfile>().Select(profile => profile.Name)];
}
