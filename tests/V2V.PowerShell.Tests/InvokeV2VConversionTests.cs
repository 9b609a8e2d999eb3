using System.Formats.Tar;
using System.Management.Automation;
using System.Text.RegularExpressions;
using V2V.Engine;

namespace V2V.PowerShell.Tests;

public sealed class InvokeV2VConversionTests : IDisposable
{
    private readonly Session _session = new();

    private string Target => Path.Combine(_session.Folder, "out");

    [Fact]
    public void A_guest_becomes_disks_and_a_domain_in_a_folder()
    {
        var result = _session.Run("param($p, $o) Get-V2VSourceGuest $p | Invoke-V2VConversion -OutputDirectory $o", Repository.SampleGuest, Target)
            .Only<ConversionResult>();

        Assert.True(File.Exists(Assert.Single(result.Disks)), result.Disks[0]);
        Assert.Equal("QFI\xfb"u8[..3].ToArray(), File.ReadAllBytes(result.Disks[0])[..3]);
        Assert.True(File.Exists(result.DomainXmlPath));
        Assert.Contains($"<name>{result.Name}</name>", result.DomainXml, StringComparison.Ordinal);
        Assert.NotEmpty(result.Assessment.Changes);
        Assert.True(result.BytesWritten > 0);
        Assert.Contains(_session.Host.Progress, record => record.StatusDescription.StartsWith("Copy", StringComparison.Ordinal));
    }

    [Fact]
    public void Name_format_and_networks_are_taken_from_the_parameters()
    {
        var result = _session.Run(
            "param($p, $o) Invoke-V2VConversion $p -OutputDirectory $o -Name web02 -Format Raw -Bridge br7", Repository.SampleGuest, Target)
            .Only<ConversionResult>();

        Assert.Equal("web02", result.Name);
        Assert.Contains("web02", Path.GetFileName(Assert.Single(result.Disks)), StringComparison.Ordinal);
        Assert.NotEqual("QFI"u8.ToArray(), File.ReadAllBytes(result.Disks[0])[..3]);
        Assert.Contains("<source bridge='br7'", result.DomainXml.Replace('"', '\''), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Libvirt", ".sh .xml")]
    [InlineData("KubeVirt", "-upload.sh .yaml")]
    [InlineData("OpenStack", ".properties -openstack.sh")]
    [InlineData("Proxmox", "-qm.sh")]
    public void As_decides_what_lies_beside_the_disks(string platform, string suffixes)
    {
        var result = _session.Run(
            "param($p, $o, $a) Invoke-V2VConversion $p -OutputDirectory $o -As $a -Name web -Bridge lan", Repository.SampleGuest, Target, platform).Only<ConversionResult>();

        Assert.Equal(suffixes.Split(' ').Select(s => Path.Combine(Target, "web" + s)), result.Descriptions);
        Assert.Equal(result.Descriptions.Concat(result.Disks).Order(StringComparer.Ordinal), Directory.GetFiles(Target).Order(StringComparer.Ordinal));
        Assert.Equal(platform == "Libvirt" ? Path.Combine(Target, "web.xml") : null, result.DomainXmlPath);
        Assert.Contains(result.Settings, s => s.ToString() == $"As = {platform} (parameter)");
    }

    [Fact]
    public void What_the_platform_cannot_have_is_refused_before_anything_is_written()
    {
        var outcome = _session.Run("param($p, $o) Invoke-V2VConversion $p -OutputDirectory $o -As KubeVirt -Name Web_1", Repository.SampleGuest, Target);
        var error = Assert.Single(outcome.Errors);
        Assert.StartsWith("TargetUnsupported,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("RFC 1123", error.Exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("AsIs", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Target));
    }

    [Fact]
    public void Without_output_everything_is_run_and_nothing_kept()
    {
        var result = _session.Run("param($p) Invoke-V2VConversion $p -NoOutput", Repository.SampleGuest).Only<ConversionResult>();
        Assert.Equal("nowhere (nothing is kept)", result.Target);
        Assert.Contains(result.Assessment.Concerns, c => c.Id == "NothingKept");
        Assert.True(result.BytesRead > 0 && result.BytesWritten > 0);
        Assert.Contains(result.Phases, p => p.Name == "Copy");
        Assert.Contains(result.Settings, s => s is { Name: "NoOutput", Origin: SettingOrigin.Parameter });
        Assert.DoesNotContain(result.Settings, s => s.Name is "Connection" or "StoragePool");
    }

    [Fact]
    public void WhatIf_lists_every_change_and_writes_nothing()
    {
        var assessment = _session.Run("param($p) Test-V2VGuest $p -WarningAction SilentlyContinue", Repository.SampleGuest).Only<GuestAssessment>();

        var outcome = _session.Run("param($p, $o) Invoke-V2VConversion $p -OutputDirectory $o -WhatIf", Repository.SampleGuest, Target);

        Assert.Empty(outcome.All<object>());
        Assert.False(Directory.Exists(Target));
        // Adapters that the OVF gives no address get a random one in each run.
        string Masked(string value) => Regex.Replace(value, "52:54:00(:[0-9a-f]{2}){3}", "MAC");
        var text = Masked(_session.Host.Text);
        Assert.StartsWith("What if: Convert ", text, StringComparison.Ordinal);
        Assert.NotEmpty(assessment.Changes);
        Assert.All(assessment.Changes, change => Assert.Contains(Masked($"{change.Kind} in the guest: {change.Path}: {change.What}"), text, StringComparison.Ordinal));
        Assert.Contains($"as Qcow2 to folder {Target}", text, StringComparison.Ordinal);
        Assert.Contains("What if: Define domain ", text, StringComparison.Ordinal);
        Assert.Contains(" to the network VM Network", text, StringComparison.Ordinal);
        Assert.Matches("What if: In all: .* to copy, up to .* at the target, about [0-9.]+ m?s", text);
    }

    [Fact]
    public void WhatIf_of_a_guest_that_cannot_be_converted_is_an_error()
    {
        var path = Guests.WriteVmx(_session.Folder, "empty");
        var outcome = _session.Run("param($p, $o) Invoke-V2VConversion $p -OutputDirectory $o -WhatIf", path, Target);
        Assert.Contains("empty: ", Assert.Single(outcome.Errors).ErrorDetails.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Target));
    }

    [Fact]
    public void A_no_to_the_question_converts_nothing()
    {
        _session.Host.Answers.Enqueue("No");
        var outcome = _session.Run("param($p, $o) Invoke-V2VConversion $p -OutputDirectory $o -Confirm", Repository.SampleGuest, Target);
        Assert.Empty(outcome.All<object>());
        Assert.False(Directory.Exists(Target));
        Assert.Contains($"to folder {Target}?", Assert.Single(_session.Host.Questions), StringComparison.Ordinal);
    }

    [Fact]
    public void A_yes_to_all_holds_for_the_guests_that_follow()
    {
        _session.Host.Answers.Enqueue("Yes to All");
        string[] paths = [Guests.WriteVmx(_session.Folder, "a"), Guests.WriteVmx(_session.Folder, "b")];
        var outcome = _session.Run("param($p, $o) $p | Invoke-V2VConversion -OutputDirectory $o -Confirm", paths, Target);
        Assert.Equal(2, outcome.Errors.Count);
        Assert.Single(_session.Host.Questions);
    }

    [Fact]
    public void A_guest_that_fails_is_an_error_that_leaves_nothing_and_the_next_is_converted()
    {
        var empty = Guests.WriteVmx(_session.Folder, "empty");
        var outcome = _session.Run("param($p, $o) Get-V2VSourceGuest $p | Invoke-V2VConversion -OutputDirectory $o", new[] { empty, Repository.SampleGuest }, Target);

        var error = Assert.Single(outcome.Errors);
        Assert.Equal("NoOperatingSystem,V2V.PowerShell.Commands.InvokeV2VConversionCommand", error.FullyQualifiedErrorId);
        var result = Assert.IsType<ConversionResult>(Assert.Single(outcome.Output));
        Assert.DoesNotContain(Directory.GetFiles(Target), file => Path.GetFileName(file).StartsWith("empty", StringComparison.Ordinal));
        Assert.Contains(result.Disks[0], Directory.GetFiles(Target));
    }

    [Fact]
    public void What_is_there_already_is_replaced_only_by_Force()
    {
        const string Script = "param($p, $o, $f) Invoke-V2VConversion $p -OutputDirectory $o -Force:$f";
        _session.Run(Script, Repository.SampleGuest, Target, false).Only<ConversionResult>();
        Assert.Equal("TargetExists", _session.Run(Script, Repository.SampleGuest, Target, false).ErrorId);
        _session.Run(Script, Repository.SampleGuest, Target, true).Only<ConversionResult>();
    }

    [Fact]
    public void One_name_is_for_one_guest()
    {
        string[] paths = [Guests.WriteVmx(_session.Folder, "a"), Guests.WriteVmx(_session.Folder, "b")];
        var error = _session.RunToTerminatingError("param($p, $o) $p | Invoke-V2VConversion -OutputDirectory $o -Name web", paths, Target);
        Assert.StartsWith("NameForSeveralGuests,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Target));
    }

    [Theory]
    [InlineData("-OutputDirectory out -StoragePool vms")]
    [InlineData("-OutputDirectory out -Connection qemu:///session")]
    [InlineData("-StoragePool vms -As KubeVirt")]
    [InlineData("-As Libvirt")]
    [InlineData("-NoOutput -OutputDirectory out")]
    [InlineData("-NoOutput -As Proxmox")]
    [InlineData("-OutputDirectory out -Format Raw -Compression Zstd")]
    [InlineData("-OutputDirectory out -Format Raw -Allocation Metadata")]
    [InlineData("-OutputDirectory out -Allocation Preallocated -Compression Zstd")]
    [InlineData("-OutputDirectory out -Start")]
    [InlineData("-OutputDirectory out -AutoStart")]
    [InlineData("-StoragePool vms -PassThru -Start")]
    [InlineData("-StoragePool vms -PassThru -AutoStart")]
    [InlineData("-OutputDirectory out -NetworkMap @{ lan = '' }")]
    [InlineData("-OutputDirectory out -NetworkMap @{ lan = 5 }")]
    [InlineData("-OutputDirectory out -NetworkMap @{ lan = 'bridge:' }")]
    [InlineData("-OutputDirectory out -NetworkMap @{ 'bridge:' = 'default' }")]
    [InlineData("-OutputDirectory out -NetworkMap @{ '00:50:56:aa:bb:cc' = 'default' }")]
    [InlineData("-OutputDirectory out -MacMap @{ '00:50:56:aa:bb' = 'default' }")]
    [InlineData("-OutputDirectory out -MacMap @{ '00:50:56:aa:bb:cc' = 'a'; '00-50-56-AA-BB-CC' = 'b' }")]
    [InlineData("-OutputDirectory out -NetworkMap @{ lan = 'a'; LAN = 'b' }.Clone()")]
    public void Settings_that_exclude_each_other_end_the_command(string parameters)
    {
        var script = parameters.Contains(".Clone()", StringComparison.Ordinal)
            // PowerShell's own hashtables do not tell letters' cases apart; .NET's do.
            ? "param($p) $m = [Collections.Hashtable]::new(); $m['lan'] = 'a'; $m['LAN'] = 'b'; Invoke-V2VConversion $p -OutputDirectory out -NetworkMap $m"
            : $"param($p) Invoke-V2VConversion $p {parameters}";
        var error = _session.RunToTerminatingError(script, Guests.WriteVmx(_session.Folder, "a"));
        Assert.Equal("ParametersConflict,V2V.PowerShell.Commands.InvokeV2VConversionCommand", error.FullyQualifiedErrorId);
        Assert.Equal(ErrorCategory.InvalidArgument, error.CategoryInfo.Category);
    }

    [Fact]
    public void A_domain_that_does_not_start_is_an_error_beside_the_result()
    {
        using var pool = new LibvirtPool(_session.Folder);

        var outcome = _session.Run(
            "param($p, $n) Invoke-V2VConversion $p -StoragePool $n -Name $n -DomainType qemu -Network no-such-net -Start -WarningAction SilentlyContinue",
            Repository.SampleGuest, pool.Name);

        var result = Assert.IsType<ConversionResult>(Assert.Single(outcome.Output));
        Assert.False(result.IsStarted);
        Assert.Equal("shut off", LibvirtPool.Virsh("domstate", pool.Name).Trim());
        var error = Assert.Single(outcome.Errors);
        Assert.Equal("NotStarted,V2V.PowerShell.Commands.InvokeV2VConversionCommand", error.FullyQualifiedErrorId);
        Assert.Contains("no-such-net", error.ErrorDetails.Message, StringComparison.Ordinal);
        Assert.Contains($"virsh start {pool.Name}", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.DoesNotContain(outcome.Warnings, warning => warning.Contains("cannot be started", StringComparison.Ordinal));
    }

    [Fact]
    public void PassThru_returns_the_XML_of_a_domain_that_is_not_defined()
    {
        using var pool = new LibvirtPool(_session.Folder);

        var result = _session.Run(
            "param($p, $n) Invoke-V2VConversion $p -StoragePool $n -Name $n -PassThru -WarningAction SilentlyContinue", Repository.SampleGuest, pool.Name)
            .Only<ConversionResult>();

        Assert.Null(result.DomainUuid);
        Assert.Contains($"<name>{pool.Name}</name>", result.DomainXml, StringComparison.Ordinal);
        Assert.Contains(Path.GetFileName(result.Disks[0]), LibvirtPool.Virsh("vol-list", pool.Name), StringComparison.Ordinal);
        Assert.DoesNotContain(pool.Name, LibvirtPool.Virsh("list", "--all", "--name"), StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIf_tells_that_the_domain_would_be_started()
    {
        using var pool = new LibvirtPool(_session.Folder);

        _session.Run(
            "param($p, $n) Invoke-V2VConversion $p -StoragePool $n -Name $n -Network no-such-net -Start -AutoStart -WhatIf -WarningAction SilentlyContinue",
            Repository.SampleGuest, pool.Name);

        Assert.Contains($"Start domain {pool.Name}", _session.Host.Text, StringComparison.Ordinal);
        Assert.Contains($"Set domain {pool.Name} to start with its host", _session.Host.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_guest_is_warned_about_once()
    {
        var path = Guests.WriteVmx(_session.Folder, "web01");
        File.AppendAllText(path, "this is no setting\n");
        var outcome = _session.Run("param($p, $o) Get-V2VSourceGuest $p | Invoke-V2VConversion -OutputDirectory $o -WhatIf", path, Target);
        Assert.Single(outcome.Warnings, warning => warning.Contains("line", StringComparison.Ordinal));
    }

    [Fact]
    public void Stopping_in_the_middle_of_the_copy_leaves_nothing_behind()
    {
        using var pipeline = _session.Pipeline();
        var isCopying = false;
        // The event comes on the pipeline's own thread while the engine's goes on copying.
        pipeline.Streams.Progress.DataAdded += (_, added) =>
        {
            if (!isCopying && pipeline.Streams.Progress[added.Index].StatusDescription.StartsWith("Copy", StringComparison.Ordinal))
            {
                isCopying = true;
                pipeline.BeginStop(null, null);
            }
        };
        pipeline.AddScript("param($d, $o) Get-V2VSourceGuest -Disk $d | Invoke-V2VConversion -OutputDirectory $o")
            .AddArgument(new[] { ExtractSampleDisk(), WriteLargeDisk() }).AddArgument(Target);

        Record.Exception(() => pipeline.Invoke());

        Assert.True(isCopying, string.Join(' ', pipeline.Streams.Error));
        Assert.Equal(PSInvocationState.Stopped, pipeline.InvocationStateInfo.State);
        var left = Directory.Exists(Target) ? Directory.GetFiles(Target) : [];
        // A very fast disk may have finished first; then all of the guest is there, its domain included.
        Assert.True(left.Length == 0 || left.Any(file => file.EndsWith(".xml", StringComparison.Ordinal)), string.Join(' ', left));
    }

    public void Dispose() => _session.Dispose();

    private string ExtractSampleDisk()
    {
        using var archive = new TarReader(File.OpenRead(Repository.SampleGuest));
        while (archive.GetNextEntry() is { } entry)
        {
            if (entry.Name.EndsWith(".vmdk", StringComparison.Ordinal))
            {
                var path = Path.Combine(_session.Folder, "sda.vmdk");
                entry.ExtractToFile(path, overwrite: false);
                return path;
            }
        }

        throw new InvalidDataException("The sample has no disk.");
    }

    private string WriteLargeDisk()
    {
        const int Mebibytes = 256;
        var path = Path.Combine(_session.Folder, "sdb.raw");
        var block = new byte[1 << 20];
        new Random(1).NextBytes(block);
        using var disk = File.Create(path);
        for (var i = 0; i < Mebibytes; i++)
        {
            disk.Write(block);
        }

        return path;
    }
}
