using System.Management.Automation;
using V2V.Engine;
using V2V.Engine.Sources;

namespace V2V.PowerShell.Tests;

public sealed class ConversionJobTests : IDisposable
{
    private readonly Session _session = new();

    private string Target => Path.Combine(_session.Folder, "out");

    [Fact]
    public void A_job_has_a_child_for_each_guest_and_gives_what_the_command_would()
    {
        var outcome = _session.Run(
            "param($p, $o) $job = $p | Invoke-V2VConversion -OutputDirectory $o -AsIs -AsJob; $null = Wait-Job $job; $job; (Get-Job -Id $job.Id).Name; Receive-Job $job",
            Paths("a", "b", "c"), Target);

        var job = Assert.IsAssignableFrom<Job>(outcome.Output[0]);
        Assert.Equal(JobState.Completed, job.JobStateInfo.State);
        Assert.Equal("V2VConversion", job.PSJobTypeName);
        Assert.Equal("3 of 3 guests done, 0 running", job.StatusMessage.Replace("Done", "3 of 3 guests done, 0 running", StringComparison.Ordinal));
        Assert.Equal(["a", "b", "c"], job.ChildJobs.Select(child => child.Name));
        Assert.All(job.ChildJobs, child => Assert.Equal(JobState.Completed, child.JobStateInfo.State));
        Assert.Equal(job.Name, outcome.Output[1]);
        Assert.Equal(["a", "b", "c"], outcome.Output.Skip(2).Cast<ConversionResult>().Select(result => result.Name).Order());
        Assert.False(job.HasMoreData);
        Assert.All(outcome.Output.Skip(2).Cast<ConversionResult>(), result => Assert.True(File.Exists(result.DomainXmlPath)));
    }

    [Fact]
    public void A_guest_that_fails_makes_its_job_fail_and_no_other()
    {
        var guests = _session.Run("param($p) Get-V2VSourceGuest $p", (object)Paths("good", "bad")).All<SourceGuest>();
        File.Delete(Path.Combine(_session.Folder, "bad-flat.vmdk"));
        var outcome = _session.Run(
            "param($g, $o) $job = $g | Invoke-V2VConversion -OutputDirectory $o -AsIs -AsJob; $job; Receive-Job $job -Wait", guests.ToArray(), Target);

        var job = (Job)outcome.Output[0];
        Assert.Equal(JobState.Failed, job.JobStateInfo.State);
        Assert.Equal([JobState.Completed, JobState.Failed], job.ChildJobs.Select(child => child.JobStateInfo.State));
        Assert.Equal("DiskImageNotFound", outcome.ErrorId);
        Assert.Equal("bad", Assert.IsType<SourceGuest>(outcome.Errors[0].TargetObject).Name);
        Assert.NotEmpty(outcome.Errors[0].ErrorDetails.RecommendedAction);
        Assert.Equal("good", Assert.IsType<ConversionResult>(outcome.Output[1]).Name);
    }

    [Fact]
    public void Stopping_a_job_takes_back_what_is_under_way()
    {
        using var server = new SlowServer(3);
        var log = Path.Combine(_session.Folder, "run.jsonl");
        var job = _session.Run(
            "param($u, $o, $l) $u | Invoke-V2VConversion -OutputDirectory $o -AsIs -AsJob -ThrottleLimit 2 -LogPath $l", server.Guests, Target, log).Only<Job>();
        Assert.True(SpinWait.SpinUntil(() => job.ChildJobs.Count(child => child.StatusMessage.StartsWith("Copy", StringComparison.Ordinal)) == 2, TimeSpan.FromSeconds(60)));
        Assert.Equal([JobState.Running, JobState.Running, JobState.NotStarted], job.ChildJobs.Select(child => child.JobStateInfo.State));

        var outcome = _session.Run("param($j) Stop-Job $j; Receive-Job $j; $j.State; Remove-Job $j; @(Get-Job).Count", job);

        Assert.Empty(outcome.Errors);
        Assert.Equal(["Stopped", 0], outcome.Output.Select(o => o is JobState state ? state.ToString() : o));
        Assert.All(job.ChildJobs, child => Assert.Equal(JobState.Stopped, child.JobStateInfo.State));
        Assert.False(Directory.Exists(Target));
        Assert.Contains("\"event\":\"runEnded\"", File.ReadLines(log).Last(), StringComparison.Ordinal);
    }

    [Fact]
    public void One_guest_of_a_job_can_be_stopped()
    {
        using var server = new SlowServer(1);
        var job = _session.Run(
            "param($u, $o) $u | Invoke-V2VConversion -OutputDirectory $o -AsIs -AsJob", (string[])[.. server.Guests, .. Paths("a", "b")], Target).Only<Job>();
        server.WaitUntilAllAreRead();

        _session.Run("param($j) Stop-Job $j; $null = Wait-Job $args[0]", job.ChildJobs[0], job);

        Assert.Equal(JobState.Stopped, job.ChildJobs[0].JobStateInfo.State);
        Assert.True(job.Finished.WaitOne(TimeSpan.FromSeconds(60)));
        Assert.Equal(JobState.Completed, job.JobStateInfo.State);
        Assert.Equal(["a.xml", "b.xml"], Directory.GetFiles(Target, "*.xml").Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Removing_a_running_job_by_force_stops_it()
    {
        using var server = new SlowServer(1);
        var job = _session.Run("param($u, $o) $u | Invoke-V2VConversion -OutputDirectory $o -AsIs -AsJob", server.Guests, Target).Only<Job>();
        server.WaitUntilAllAreRead();
        _session.Run("param($j) Remove-Job $j -Force", job);
        Assert.False(Directory.Exists(Target));
    }

    [Fact]
    public void WhatIf_shows_the_plan_and_makes_no_job()
    {
        var outcome = _session.Run("param($p, $o) $p | Invoke-V2VConversion -OutputDirectory $o -AsIs -AsJob -WhatIf; @(Get-Job).Count", Paths("a"), Target);
        Assert.Equal([0], outcome.All<int>());
        Assert.Contains("What if: Define domain a", _session.Host.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Questions_are_asked_before_the_job_is_made()
    {
        _session.Host.Answers.Enqueue("No");
        _session.Host.Answers.Enqueue("Yes");
        var job = _session.Run("param($p, $o) $p | Invoke-V2VConversion -OutputDirectory $o -AsIs -AsJob -Confirm", Paths("a", "b"), Target).Only<Job>();
        Assert.Equal(["b"], job.ChildJobs.Select(child => child.Name));
        Assert.True(job.Finished.WaitOne(TimeSpan.FromSeconds(60)));
    }

    public void Dispose() => _session.Dispose();

    private string[] Paths(params string[] names) => [.. names.Select(name => Guests.WriteSataVmx(_session.Folder, name))];
}
