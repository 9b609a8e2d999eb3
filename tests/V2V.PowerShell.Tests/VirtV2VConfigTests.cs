using System.Management.Automation;
using V2V.Engine;
using V2V.Engine.Profiles;
using V2V.Engine.Targets;

namespace V2V.PowerShell.Tests;

/// <summary>Configuration files of virt-v2v: profiles taken over, and files used as they are.</summary>
[Collection(ProfilesCollection.Name)]
public sealed class VirtV2VConfigTests : IDisposable
{
    private readonly Session _session = new();

    /// <summary>The profiles of all tests share a folder, so each test has names of its own.</summary>
    private readonly string _name = "c" + Guid.NewGuid().ToString("N")[..8];

    private readonly string _file;

    public VirtV2VConfigTests()
    {
        _file = Path.Combine(_session.Folder, "virt-v2v.conf");
        File.WriteAllText(_file, $"""
            <virt-v2v>
              <profile name='{_name}-san'>
                <method>libvirt</method>
                <storage format='raw' allocation='preallocated'>san</storage>
                <network type='default'><network type='bridge' name='br0'/></network>
              </profile>
              <profile name='{_name}-rhev'>
                <method>rhev</method><storage>filer.example.com:/rhev</storage>
                <network type='network' name='lan'><network type='network' name='rhevm'/></network>
              </profile>
              <network type='bridge' name='xenbr0'><network type='network' name='default'/></network>
              <vlan/>
            </virt-v2v>
            """);
    }

    public void Dispose()
    {
        _session.Dispose();
        ProfilesCollection.Clear();
    }

    [Fact]
    public void A_profile_is_taken_over_with_the_files_mappings()
    {
        var outcome = _session.Run("param($f, $n) New-V2VProfile -FromVirtV2VConfig $f -ProfileName \"$n-san\"", _file, _name);
        var profile = outcome.Only<ConversionProfile>();
        Assert.Contains("the element 'vlan' is not known", Assert.Single(outcome.Warnings), StringComparison.Ordinal);

        var stored = ProfileStore.ForUser().Load($"{_name}-san");
        Assert.Equal(profile.Path, stored.Path);
        Assert.Equal(("san", ImageFormat.Raw, ImageAllocation.Preallocated), (stored.StoragePool, stored.Format, stored.Allocation));
        Assert.Equal([new("xenbr0", false, "default") { SourceKind = NetworkKind.Bridge }, new(null, true, "br0")], stored.NetworkRules);
        Assert.Contains(_file, stored.Description, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_of_its_own_and_parameters_win_over_the_files()
    {
        var stored = _session.Run(
            "param($f, $n) New-V2VProfile \"$n-mine\" -FromVirtV2VConfig $f -ProfileName \"$n-san\" -StoragePool fast -Format Qcow2 -Scope AllUsers -Description mine", _file, _name)
            .Only<ConversionProfile>();
        Assert.Equal((ProfileScope.AllUsers, $"{_name}-mine", "mine", "fast", ImageFormat.Qcow2), (stored.Scope, stored.Name, stored.Description, stored.StoragePool, stored.Format));
    }

    [Fact]
    public void All_profiles_are_taken_over_and_one_that_cannot_be_is_an_error()
    {
        var outcome = _session.Run("param($f) New-V2VProfile -FromVirtV2VConfig $f", _file);
        Assert.Equal($"{_name}-san", Assert.IsType<ConversionProfile>(Assert.Single(outcome.Output)).Name);
        var error = Assert.Single(outcome.Errors);
        Assert.StartsWith("ProfileUnsupported,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal((ErrorCategory.NotImplemented, (object)$"{_name}-rhev"), (error.CategoryInfo.Category, error.TargetObject));
        Assert.Contains("-StoragePool", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public void With_a_target_of_its_own_the_rest_of_such_a_profile_is_taken_over()
    {
        var outcome = _session.Run("param($f, $n) New-V2VProfile -FromVirtV2VConfig $f -ProfileName \"$n-RHEV*\" -OutputDirectory /srv", _file, _name);
        Assert.Equal("lan -> rhevm", Formatting.Networks([outcome.Only<ConversionProfile>().NetworkRules[0] with { SourceKind = null }]));
        Assert.Contains(outcome.Warnings, warning => warning.Contains("the method rhev", StringComparison.Ordinal));
    }

    [Fact]
    public void A_pool_and_a_folder_are_not_for_one_profile()
    {
        var error = _session.RunToTerminatingError("param($f) New-V2VProfile -FromVirtV2VConfig $f -OutputDirectory /srv -StoragePool x", _file);
        Assert.StartsWith("AmbiguousParameterSet,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    [Fact]
    public void One_name_is_for_one_profile()
    {
        var error = _session.RunToTerminatingError("param($f, $n) New-V2VProfile $n -FromVirtV2VConfig $f -ProfileName *", _file, _name);
        Assert.StartsWith("ParametersConflict,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIf_takes_nothing_over()
    {
        Assert.Empty(_session.Run("param($f, $n) New-V2VProfile -FromVirtV2VConfig $f -ProfileName \"$n-san\" -WhatIf", _file, _name).All<object>());
        Assert.Contains($"profile {_name}-san in ", _session.Host.Text, StringComparison.Ordinal);
        Assert.Null(ProfileStore.ForUser().TryLoad($"{_name}-san"));
    }

    [Theory]
    [InlineData("none.conf", "ProfileNotFound")]
    [InlineData("bad.conf", "ProfileInvalid")]
    public void A_file_that_cannot_be_used_is_an_error(string file, string id)
    {
        File.WriteAllText(Path.Combine(_session.Folder, "bad.conf"), "[profile]");
        Assert.Equal(id, _session.Run("param($f) New-V2VProfile -FromVirtV2VConfig $f", Path.Combine(_session.Folder, file)).ErrorId);
    }

    [Theory]
    [InlineData("-Profile {0}-san -WhatIf", "as Raw to folder {1}")]
    [InlineData("-Profile {0}-san -Format Qcow2 -WhatIf", "as Qcow2 to folder {1}")]
    [InlineData("-Profile {0}-rhev -WhatIf", "as Qcow2 to folder {1}")]
    [InlineData("-WhatIf", "as Qcow2 to folder {1}")]
    public void A_conversion_uses_the_files_as_they_are(string parameters, string expected)
    {
        var folder = Path.Combine(_session.Folder, "out");
        var script = $"param($p, $f, $o) Invoke-V2VConversion $p -ConfigPath $f -OutputDirectory $o {parameters.Replace("{0}", _name, StringComparison.Ordinal)}";
        _session.Run(script, Repository.SampleGuest, _file, folder).All<object>();
        Assert.Contains(expected.Replace("{1}", folder, StringComparison.Ordinal), _session.Host.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_files_are_asked_in_their_order_and_their_warnings_shown()
    {
        var other = Path.Combine(_session.Folder, "other.conf");
        File.WriteAllText(other, $"<virt-v2v><profile name='{_name}-san'><method>libvirt</method><storage>other</storage></profile></virt-v2v>");
        Assert.Contains("to pool other", Plan(other, _file), StringComparison.Ordinal);
        Assert.Contains("to pool san", Plan(_file, other), StringComparison.Ordinal);
    }

    [Fact]
    public void A_profile_remembers_the_files_that_name_software_and_conversions_read_them()
    {
        var software = Path.Combine(_session.Folder, "software.conf");
        File.WriteAllText(software, "<virt-v2v><app os='linux' name='x'><path>p</path></app><path-root>/srv/packages</path-root></virt-v2v>");
        var outcome = _session.Run("param($f, $n, $s) New-V2VProfile -FromVirtV2VConfig $f, $s -ProfileName \"$n-san\"", _file, _name, software);
        Assert.Equal([software], outcome.Only<ConversionProfile>().SoftwareConfiguration);

        var folder = Path.Combine(_session.Folder, "out");
        const string Script = "param($p, $n, $o) Invoke-V2VConversion $p -Profile \"$n-san\" -OutputDirectory $o -Format Raw -Allocation Sparse -WhatIf -Verbose";
        var settings = _session.Run(Script, Repository.SampleGuest, _name, folder).Verbose;
        Assert.Contains($"Setting: SoftwareConfiguration = {software} (profile)", settings);
        Assert.Contains("Setting: SoftwareRoot = /srv/packages (profile)", settings);
        settings = _session.Run(Script + " -SoftwareRoot /srv/mine", Repository.SampleGuest, _name, folder).Verbose;
        Assert.Contains("Setting: SoftwareRoot = /srv/mine (parameter; the profile has /srv/packages)", settings);

        File.Delete(software);
        var error = _session.RunToTerminatingError("param($p, $n) Test-V2VGuest $p -Profile \"$n-san\"", Repository.SampleGuest, _name);
        Assert.StartsWith("ProfileNotFound,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nosuch", "ProfileNotFound")]
    [InlineData("rhev", "ProfileUnsupported")]
    public void A_profile_that_cannot_be_used_ends_the_conversion(string profile, string id)
    {
        var error = _session.RunToTerminatingError(
            "param($p, $f, $n) Invoke-V2VConversion $p -ConfigPath $f -Profile $n", Repository.SampleGuest, _file, $"{_name}-{profile}");
        Assert.Equal($"{id},V2V.PowerShell.Commands.InvokeV2VConversionCommand", error.FullyQualifiedErrorId);
    }

    [Theory]
    [InlineData("Invoke-V2VConversion -ConfigPath virt-v2v.conf -Profile ")]
    [InlineData("New-V2VProfile -FromVirtV2VConfig ./virt-v2v.conf -ProfileName ")]
    public void Names_of_the_files_profiles_are_completed(string command)
    {
        var matches = _session.Run(
            "param($i, $f) $ExecutionContext.SessionState.Path.SetLocation($f) > $null; (TabExpansion2 $i $i.Length).CompletionMatches", command + _name, _session.Folder)
            .All<CompletionResult>();
        Assert.Equal([$"{_name}-rhev", $"{_name}-san"], matches.Select(match => match.CompletionText));
    }

    /// <summary>What is asked before the conversion, whose answer is no: nothing of it is done.</summary>
    private string Plan(params string[] files)
    {
        _session.Host.Answers.Enqueue("No");
        var outcome = _session.Run("param($p, $f, $n) Invoke-V2VConversion $p -ConfigPath $f -Profile $n -Confirm", Repository.SampleGuest, files, $"{_name}-san");
        Assert.Contains(outcome.Warnings, warning => warning.Contains("'vlan'", StringComparison.Ordinal));
        return _session.Host.Questions.Last();
    }
}
