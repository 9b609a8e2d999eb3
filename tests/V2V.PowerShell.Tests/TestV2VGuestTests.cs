using V2V.Engine;
using V2V.Engine.Conversion;

namespace V2V.PowerShell.Tests;

public sealed class TestV2VGuestTests : IDisposable
{
    private readonly Session _session = new();

    [Fact]
    public void A_guest_that_converts_is_assessed_with_every_change()
    {
        var before = File.ReadAllBytes(Repository.SampleGuest);
        var assessment = _session.Run("param($p) Get-V2VSourceGuest $p | Test-V2VGuest", Repository.SampleGuest).Only<GuestAssessment>();

        Assert.True(assessment.Convertible, string.Join(' ', assessment.Concerns));
        Assert.Equal("debian", assessment.OperatingSystem?.Distribution);
        Assert.Equal(DiskBus.Virtio, assessment.Hardware?.DiskBus);
        Assert.NotEmpty(assessment.Changes);
        Assert.Equal(before, File.ReadAllBytes(Repository.SampleGuest));
        Assert.Contains(_session.Host.Progress, record => record.Activity.StartsWith("Testing ", StringComparison.Ordinal));
    }

    [Fact]
    public void Paths_are_taken_like_guests() =>
        Assert.True(_session.Run("param($p) Test-V2VGuest -Path $p", Repository.SampleGuest).Only<GuestAssessment>().Convertible);

    [Fact]
    public void A_guest_without_an_operating_system_is_blocked_with_a_warning_and_not_an_error()
    {
        var path = Guests.WriteVmx(_session.Folder, "empty");
        var outcome = _session.Run("param($p) Get-V2VSourceGuest $p | Test-V2VGuest", path);

        var assessment = outcome.Only<GuestAssessment>();
        Assert.False(assessment.Convertible);
        Assert.Null(assessment.OperatingSystem);
        var blocker = Assert.Single(assessment.Concerns, concern => concern.Severity == ConcernSeverity.Critical);
        Assert.Contains($"empty: {blocker}", outcome.Warnings);
    }

    [Fact]
    public void Every_guest_of_a_pipeline_is_assessed_though_one_cannot_be_read()
    {
        var good = Guests.WriteVmx(_session.Folder, "a");
        var torn = Guests.WriteVmx(_session.Folder, "b");
        var last = Guests.WriteVmx(_session.Folder, "c");
        var guests = _session.Run("param($p) Get-V2VSourceGuest $p", (object)new[] { good, torn, last }).All<object>();
        File.Delete(Path.Combine(_session.Folder, "b-flat.vmdk"));

        var outcome = _session.Run("param($g) $g | Test-V2VGuest", (object)guests.ToArray());

        Assert.Contains("a", outcome.Output.Cast<GuestAssessment>().Select(a => a.Source.Name));
        Assert.Contains("c", outcome.Output.Cast<GuestAssessment>().Select(a => a.Source.Name));
        Assert.DoesNotContain(outcome.Output.Cast<GuestAssessment>(), a => a.Source.Name == "b" && a.Convertible);
    }

    [Theory]
    [InlineData("Test-V2VGuest")]
    [InlineData("Invoke-V2VConversion -WhatIf")]
    public void A_source_of_drivers_that_is_none_ends_the_command_once(string command)
    {
        var error = _session.RunToTerminatingError(
            $"param($p, $f) $ExecutionContext.SessionState.Path.SetLocation($f) > $null; $p, $p | {command} -DriverSource missing.iso", Repository.SampleGuest, _session.Folder);

        Assert.StartsWith("DriverSourceNotFound,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal(Path.Combine(_session.Folder, "missing.iso"), error.TargetObject);
        Assert.Contains("-DriverSource", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public void Drivers_do_not_matter_to_other_guests()
    {
        Directory.CreateDirectory(Path.Combine(_session.Folder, "drivers"));
        File.WriteAllText(Path.Combine(_session.Folder, "drivers", "viostor.inf"), "");
        var assessment = _session.Run(
            "param($p, $d) Test-V2VGuest $p -DriverSource $d -BlockDriver vioscsi -AllowNoDrivers", Repository.SampleGuest, Path.Combine(_session.Folder, "drivers"))
            .Only<GuestAssessment>();

        Assert.True(assessment.Convertible);
        Assert.Equal(DiskBus.Virtio, assessment.Hardware?.DiskBus);
    }

    [Fact]
    public void Quiet_gives_the_answer_alone()
    {
        var blocked = Guests.WriteVmx(_session.Folder, "empty");

        var outcome = _session.Run("param($p) $p | Test-V2VGuest -Quiet", (object)new[] { Repository.SampleGuest, blocked });

        Assert.Equal([true, false], outcome.All<bool>());
        Assert.Empty(outcome.Warnings);
    }

    [Fact]
    public void A_target_is_asked_only_when_it_is_named()
    {
        const string Script = "param($p, $o) Test-V2VGuest $p; Test-V2VGuest $p -OutputDirectory $o";
        File.WriteAllText(Path.Combine(_session.Folder, "debian12.xml"), "");

        var assessments = _session.Run(Script, Repository.SampleGuest, _session.Folder).All<GuestAssessment>();

        Assert.True(assessments[0].Convertible);
        Assert.Null(assessments[0].Target);
        Assert.Contains(assessments[0].Concerns, c => c.Id == "TargetNotAsked");
        Assert.False(assessments[1].Convertible);
        Assert.Equal($"folder {_session.Folder}", assessments[1].Target);
        Assert.Equal(["TargetExists"], assessments[1].Concerns.Where(c => c.Severity == ConcernSeverity.Critical).Select(c => c.Id));
        Assert.NotEmpty(assessments[1].Changes);
    }

    [Fact]
    public void Checks_alone_leave_out_the_conversion()
    {
        var assessment = _session.Run("param($p) Test-V2VGuest $p -CheckOnly", Repository.SampleGuest).Only<GuestAssessment>();

        Assert.True(assessment.Convertible);
        Assert.Equal("debian", assessment.OperatingSystem?.Distribution);
        Assert.Empty(assessment.Changes);
        Assert.True(assessment.EstimatedBytes > 0);
    }

    [Theory]
    [InlineData("Test-V2VGuest")]
    [InlineData("Invoke-V2VConversion -WhatIf")]
    public void A_concern_that_does_not_exist_cannot_be_ignored(string command)
    {
        var error = _session.RunToTerminatingError($"param($p) $p | {command} -IgnoreConcern GuestDiskFull, GuestDiskFul", Repository.SampleGuest);

        Assert.StartsWith("ConcernUnknown,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal("GuestDiskFul", error.TargetObject);
    }

    [Fact]
    public void Concerns_that_can_be_ignored_are_completed()
    {
        const string Script = "$t = 'Test-V2VGuest x -IgnoreConcern guest'; [Management.Automation.CommandCompletion]::CompleteInput($t, $t.Length, $null).CompletionMatches";

        var completions = _session.Run(Script).All<System.Management.Automation.CompletionResult>().Select(c => c.CompletionText);

        Assert.Equal(["GuestDiskFull", "GuestInodesExhausted", "GuestRunning"], completions);
    }

    public void Dispose() => _session.Dispose();
}
