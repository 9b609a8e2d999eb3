using System.Management.Automation;
using System.Reflection;
using V2V.Engine.Profiles;

namespace V2V.PowerShell.Tests;

/// <summary>
/// Every parameter set, every parameter that takes the pipeline, every value that Tab offers, and -WhatIf and -Confirm of every cmdlet that changes
/// something. What is to be tried is read from the cmdlets themselves: a new set or parameter fails here until it has a case.
/// </summary>
[Collection(ProfilesCollection.Name)]
public sealed class BindingTests : IDisposable
{
    /// <summary>How each set is called. $f is a folder with a.vmx, a.raw and v.conf, and a profile 'stored' is there.</summary>
    private static readonly Dictionary<(string Cmdlet, string Set), string> SetCases = new()
    {
        [("Get-V2VSourceGuest", "Path")] = "Get-V2VSourceGuest $f/*.vmx",
        [("Get-V2VSourceGuest", "LiteralPath")] = "Get-V2VSourceGuest -LiteralPath $f/a.vmx",
        [("Get-V2VSourceGuest", "Disk")] = "Get-V2VSourceGuest -Disk $f/a.raw",
        [("Get-V2VSourceGuest", "Connection")] = "Get-V2VSourceGuest -Connection test:///default",
        [("Get-V2VSourceGuest", "InputObject")] = "\"$f/a.vmx\" | Get-V2VSourceGuest",
        [("Test-V2VGuest", "Path")] = "Test-V2VGuest $f/a.vmx -AsIs",
        [("Test-V2VGuest", "LiteralPath")] = "Test-V2VGuest -LiteralPath $f/a.vmx -AsIs",
        [("Test-V2VGuest", "InputObject")] = "Get-V2VSourceGuest $f/a.vmx | Test-V2VGuest -AsIs -Quiet",
        [("Invoke-V2VConversion", "Path")] = "Invoke-V2VConversion $f/a.vmx -AsIs -NoOutput",
        [("Invoke-V2VConversion", "LiteralPath")] = "Invoke-V2VConversion -LiteralPath $f/a.vmx -AsIs -NoOutput",
        [("Invoke-V2VConversion", "InputObject")] = "Get-V2VSourceGuest $f/a.vmx | Invoke-V2VConversion -AsIs -NoOutput",
        [("Export-V2VReport", ParameterAttribute.AllParameterSets)] = "Test-V2VGuest $f/a.vmx -AsIs | Export-V2VReport $f/report.html -PassThru",
        [("New-V2VProfile", "Libvirt")] = "New-V2VProfile new -StoragePool vms",
        [("New-V2VProfile", "Directory")] = "New-V2VProfile new -OutputDirectory $f/out",
        [("New-V2VProfile", "VirtV2VConfig")] = "New-V2VProfile -FromVirtV2VConfig $f/v.conf -StoragePool vms",
        [("New-V2VProfile", "VirtV2VConfigToDirectory")] = "New-V2VProfile -FromVirtV2VConfig $f/v.conf -OutputDirectory $f/out",
        [("Get-V2VProfile", ParameterAttribute.AllParameterSets)] = "Get-V2VProfile stored",
        [("Remove-V2VProfile", ParameterAttribute.AllParameterSets)] = "Remove-V2VProfile stored",
    };

    /// <summary>What is piped for each parameter that takes it, and what comes of it.</summary>
    private static readonly Dictionary<(string Parameter, string How), (string Script, string Expected)> PipelineCases = new()
    {
        [("Get-V2VSourceGuest -InputObject", "value")] = ("[IO.FileInfo]::new(\"$f/a.vmx\"), \"$f/a.raw\" | Get-V2VSourceGuest | ForEach-Object Name", "a a"),
        [("Test-V2VGuest -InputObject", "value")] = ("\"$f/a.vmx\", (Get-V2VSourceGuest -Disk $f/a.raw -Name b) | Test-V2VGuest -AsIs -Quiet", "True False"),
        [("Test-V2VGuest -LiteralPath", "property name")] = ("[pscustomobject]@{ PSPath = \"$f/a.vmx\" } | Test-V2VGuest -AsIs | ForEach-Object Name", "a"),
        [("Invoke-V2VConversion -InputObject", "value")] = ("Test-V2VGuest $f/a.vmx -AsIs | Invoke-V2VConversion -AsIs -NoOutput | ForEach-Object Name", "a"),
        [("Invoke-V2VConversion -LiteralPath", "property name")] = ("[pscustomobject]@{ FullName = \"$f/a.vmx\" } | Invoke-V2VConversion -AsIs -NoOutput | ForEach-Object Name", "a"),
        [("Export-V2VReport -InputObject", "value")] = ("Test-V2VGuest $f/a.vmx -AsIs | Export-V2VReport $f/report.html; [IO.File]::Exists(\"$f/report.html\")", "True"),
        [("Get-V2VProfile -Name", "value")] = ("'stored' | Get-V2VProfile | ForEach-Object Name", "stored"),
        [("Get-V2VProfile -Name", "property name")] = ("[pscustomobject]@{ Name = 'stored' } | Get-V2VProfile | ForEach-Object Name", "stored"),
        [("Get-V2VProfile -Scope", "property name")] = ("[pscustomobject]@{ Name = 's*'; Scope = 'AllUsers' }, [pscustomobject]@{ Name = 's*'; Scope = 'CurrentUser' } | Get-V2VProfile | ForEach-Object Name", "stored"),
        [("Remove-V2VProfile -Name", "value")] = ("'stored' | Remove-V2VProfile; @(Get-V2VProfile).Count", "0"),
        [("Remove-V2VProfile -Name", "property name")] = ("Get-V2VProfile | Remove-V2VProfile; @(Get-V2VProfile).Count", "0"),
        [("Remove-V2VProfile -Scope", "property name")] = ("[pscustomobject]@{ Name = 's*'; Scope = 'AllUsers' } | Remove-V2VProfile; @(Get-V2VProfile).Count", "1"),
    };

    /// <summary>What changes something, and a look at whether it was changed: True when it was.</summary>
    private static readonly Dictionary<string, (string Change, string Look)> ChangeCases = new()
    {
        ["Invoke-V2VConversion"] = ("Invoke-V2VConversion $f/a.vmx -AsIs -OutputDirectory $f/out", "[IO.Directory]::Exists(\"$f/out\")"),
        ["Export-V2VReport"] = ("Test-V2VGuest $f/a.vmx -AsIs | Export-V2VReport $f/report.html", "[IO.File]::Exists(\"$f/report.html\")"),
        ["New-V2VProfile"] = ("New-V2VProfile new -StoragePool vms", "@(Get-V2VProfile new*).Count -eq 1"),
        ["Remove-V2VProfile"] = ("Remove-V2VProfile stored", "@(Get-V2VProfile).Count -eq 0"),
    };

    private readonly Session _session = new();

    public BindingTests()
    {
        Guests.WriteSataVmx(_session.Folder, "a");
        Guests.WriteRawDisk(_session.Folder, "a.raw");
        File.WriteAllText(Path.Combine(_session.Folder, "v.conf"), "<virt-v2v><profile name='old'><method>libvirt</method><storage>vms</storage></profile></virt-v2v>");
        ProfilesCollection.Clear();
        ProfileStore.ForUser().Save(new ConversionProfile { Name = "stored" });
    }

    public void Dispose()
    {
        ProfilesCollection.Clear();
        _session.Dispose();
    }

    public static TheoryData<string, string> Sets => [.. Help.Cmdlet.All.SelectMany(cmdlet => cmdlet.ParameterSets.Select(set => (cmdlet.Name, set.Name)))];

    public static TheoryData<string, string> PipelineParameters =>
    [
        .. Help.Cmdlet.All.SelectMany(cmdlet => cmdlet.ParameterSets.SelectMany(set => set.Parameters).SelectMany(parameter => new[]
        {
            (Name: $"{cmdlet.Name} -{parameter.Name}", How: parameter.ValueFromPipeline ? "value" : ""),
            (Name: $"{cmdlet.Name} -{parameter.Name}", How: parameter.ValueFromPipelineByPropertyName ? "property name" : ""),
        })).Where(found => found.How.Length > 0).Distinct(),
    ];

    public static TheoryData<string> Changing => [.. Help.Cmdlet.All.Where(cmdlet => Types(cmdlet.Name).GetCustomAttribute<CmdletAttribute>()!.SupportsShouldProcess).Select(cmdlet => cmdlet.Name)];

    public static TheoryData<string, string> Choices =>
    [
        .. Help.Cmdlet.All.SelectMany(cmdlet => cmdlet.ParameterSets.SelectMany(set => set.Parameters)
            .Where(parameter => !Help.Cmdlet.IsCommon(parameter.Name) && Help.Cmdlet.AcceptedValues(parameter).Count > 0).Select(parameter => (cmdlet.Name, parameter.Name))).Distinct(),
    ];

    [Theory]
    [MemberData(nameof(Sets))]
    public void Every_parameter_set_binds_and_works(string cmdlet, string set)
    {
        Assert.True(SetCases.TryGetValue((cmdlet, set), out var script), $"Add to BindingTests.SetCases how {cmdlet} is called with its parameter set {set}.");
        Assert.SkipWhen(
            set == "Connection" && !System.Runtime.InteropServices.NativeLibrary.TryLoad("libvirt.so.0", out _), "libvirt's library is not on this machine");

        // A function with the cmdlet's parameters tells which set they bind.
        var metadata = new CommandMetadata(Types(cmdlet));
        var told = _session.Run($$"""
            param($f)
            function Get-BoundSet { {{ProxyCommand.GetCmdletBindingAttribute(metadata)}} param({{ProxyCommand.GetParamBlock(metadata)}}) process { $PSCmdlet.ParameterSetName } }
            {{script.Replace(cmdlet, "Get-BoundSet", StringComparison.Ordinal)}}
            """, _session.Folder).Only<string>();
        Assert.Equal(set, told);

        var output = _session.Run($"param($f) {script}", _session.Folder).All<object>();
        var returned = Types(cmdlet).GetCustomAttributes<OutputTypeAttribute>().SelectMany(attribute => attribute.Type).Select(type => type.Name).ToList();
        Assert.Equal(cmdlet == "Remove-V2VProfile" ? 0 : 1, output.Count);
        Assert.All(output, value => Assert.Contains(value.GetType().FullName, returned));
    }

    [Fact]
    public void No_case_is_of_a_set_or_parameter_that_is_gone()
    {
        Assert.Equal(Help.Cmdlet.All.SelectMany(cmdlet => cmdlet.ParameterSets.Select(set => (cmdlet.Name, set.Name))).Order(), SetCases.Keys.Order());
        Assert.Equal(PipelineParameters.Select(row => (row.Data.Item1, row.Data.Item2)).Order(), PipelineCases.Keys.Order());
        Assert.Equal(Changing.Select(row => row.Data).Order(), ChangeCases.Keys.Order());
    }

    [Theory]
    [MemberData(nameof(PipelineParameters))]
    public void Every_parameter_that_takes_the_pipeline_does(string parameter, string how)
    {
        Assert.True(PipelineCases.TryGetValue((parameter, how), out var found), $"Add to BindingTests.PipelineCases what is piped to {parameter} by {how}.");
        Assert.Equal(found.Expected, string.Join(' ', _session.Run($"param($f) $WarningPreference = 'SilentlyContinue'; {found.Script}", _session.Folder).All<object>()));
    }

    [Theory]
    [MemberData(nameof(Changing))]
    public void WhatIf_and_a_No_change_nothing(string cmdlet)
    {
        Assert.True(ChangeCases.TryGetValue(cmdlet, out var found), $"Add to BindingTests.ChangeCases what {cmdlet} changes.");
        bool Changed() => _session.Run($"param($f) {found.Look}", _session.Folder).Only<bool>();

        _session.Run($"param($f) {found.Change} -WhatIf", _session.Folder).All<object>();
        Assert.Contains("What if: ", _session.Host.Text, StringComparison.Ordinal);
        Assert.False(Changed());

        _session.Host.Answers.Enqueue("No");
        _session.Run($"param($f) {found.Change} -Confirm", _session.Folder).All<object>();
        Assert.False(Changed());

        _session.Host.Answers.Enqueue("Yes");
        _session.Run($"param($f) {found.Change} -Confirm", _session.Folder).All<object>();
        Assert.True(Changed());
        Assert.Equal(2, _session.Host.Questions.Count);
    }

    [Theory]
    [MemberData(nameof(Choices))]
    public void Every_value_of_a_choice_is_completed(string cmdlet, string parameter)
    {
        var info = Help.Cmdlet.All.Single(c => c.Name == cmdlet).ParameterSets.SelectMany(set => set.Parameters).First(p => p.Name == parameter);
        var offered = _session.Run("param($l) (TabExpansion2 $l $l.Length).CompletionMatches | ForEach-Object CompletionText", $"{cmdlet} -{parameter} ").All<string>();
        Assert.Equal(Help.Cmdlet.AcceptedValues(info).Order(), offered.Order());
    }

    private static Type Types(string cmdlet) =>
        typeof(Commands.V2VCommand).Assembly.GetExportedTypes().Single(type => type.Name == cmdlet.Replace("-", "", StringComparison.Ordinal) + "Command");
}
