using System.Management.Automation;
using V2V.Engine;

using Work = System.Func<System.IProgress<V2V.Engine.ConversionProgress>, System.Threading.CancellationToken, object>;

namespace V2V.PowerShell.Tests;

public sealed class V2VCommandTests : IDisposable
{
    private readonly Session _session = new(typeof(ProbeCommand));

    /// <summary>What is shown of the work itself, without that of the whole.</summary>
    private List<ProgressRecord> Shown => [.. _session.Host.Progress.Where(record => record.ActivityId != 0)];

    [Fact]
    public void Reports_of_the_engine_become_progress_records()
    {
        Work work = (progress, _) =>
        {
            progress.Report(new("Inspect", "Looking for an operating system"));
            progress.Report(new("Copy", "disk 1 of 1", 0, 4 << 20));
            // The rate counts from when the phase is shown, which on a busy machine is later.
            SpinWait.SpinUntil(() => Shown.Count == 2, TimeSpan.FromSeconds(60));
            Thread.Sleep(700);
            progress.Report(new("Copy", "disk 1 of 1", 1 << 20, 4 << 20));
            return "done";
        };

        Assert.Equal("done", _session.Run("param($w) Invoke-Probe -Work $w", work).Only<string>());

        var records = Shown;
        Assert.Equal(["Inspect: Looking for an operating system", "Copy: disk 1 of 1", "Copy: disk 1 of 1", "Done"], records.Select(r => r.StatusDescription));
        Assert.All(records, record => Assert.Equal("Probing", record.Activity));
        Assert.Equal([-1, 0, 25], records.Take(3).Select(r => r.PercentComplete));
        Assert.Matches(@"^1\.0 MiB of 4\.0 MiB, \d\.\d MiB/s$", records[2].CurrentOperation);
        // A quarter took at least 0.7 seconds, so the rest takes two seconds or more.
        Assert.InRange(records[2].SecondsRemaining, 2, 60);
        Assert.Equal(ProgressRecordType.Completed, records[3].RecordType);
    }

    [Fact]
    public void A_flood_of_reports_is_thinned_but_every_phase_is_shown()
    {
        Work work = (progress, _) =>
        {
            for (var i = 0; i < 100_000; i++)
            {
                progress.Report(new(i < 50_000 ? "Copy" : "Define", "", i, 100_000));
            }

            return 0;
        };

        _session.Run("param($w) Invoke-Probe -Work $w", work);

        Assert.InRange(Shown.Count, 3, 50);
        Assert.Equal(["Copy", "Define", "Done"], Shown.Select(r => r.StatusDescription).Distinct());
    }

    [Fact]
    public void A_report_that_comes_after_the_end_does_no_harm()
    {
        IProgress<ConversionProgress>? late = null;
        _session.Run("param($w) Invoke-Probe -Work $w", (Work)((progress, _) => late = progress));
        late!.Report(new("Copy", "late"));
        Assert.DoesNotContain(_session.Host.Progress, record => record.StatusDescription.Contains("late", StringComparison.Ordinal));
    }

    [Fact]
    public void Verbose_names_each_phase_once()
    {
        Work work = (progress, _) =>
        {
            progress.Report(new("Open", ""));
            progress.Report(new("Copy", "", 1, 2));
            Thread.Sleep(150);
            progress.Report(new("Copy", "", 2, 2));
            return 0;
        };
        Assert.Equal(["Probing: Open", "Probing: Copy"], _session.Run("param($w) Invoke-Probe -Work $w -Verbose", work).Verbose);
    }

    [Fact]
    public void ProgressPreference_silences_the_display()
    {
        Work work = (progress, _) =>
        {
            progress.Report(new("Open", ""));
            return 0;
        };
        _session.Run("param($w) $ProgressPreference = 'SilentlyContinue'; Invoke-Probe -Work $w", work);
        Assert.Empty(_session.Host.Progress);
    }

    [Fact]
    public void Stopping_the_pipeline_cancels_the_engine_and_waits_until_it_has_cleaned_up()
    {
        var cleanedUp = false;
        using var started = new ManualResetEventSlim();
        Work work = (progress, cancellation) =>
        {
            progress.Report(new("Copy", "", 1, 100));
            started.Set();
            try
            {
                while (true)
                {
                    Thread.Sleep(10);
                    progress.Report(new("Copy", "", 1, 100));
                    cancellation.ThrowIfCancellationRequested();
                }
            }
            finally
            {
                Thread.Sleep(300);
                cleanedUp = true;
            }
        };
        using var pipeline = _session.Pipeline();
        pipeline.AddCommand("Invoke-Probe").AddParameter("Work", work);

        var running = pipeline.BeginInvoke();
        Assert.True(started.Wait(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        pipeline.Stop();

        Assert.True(cleanedUp);
        Assert.Throws<PipelineStoppedException>(() => pipeline.EndInvoke(running));
        Assert.Equal(PSInvocationState.Stopped, pipeline.InvocationStateInfo.State);
        Assert.Empty(pipeline.Streams.Error);
    }

    [Fact]
    public void A_failure_is_an_error_and_the_next_input_has_its_turn()
    {
        Work fails = (_, _) => throw new DiskImageException(V2VError.DiskImageCorrupt, "The grain directory is torn.") { Path = "/a.vmdk", Advice = "Copy it again." };
        Work works = (_, _) => "second";

        var outcome = _session.Run("param($w) $w | Invoke-Probe", new object[] { new object[] { fails, works } });

        Assert.Equal(["second"], outcome.Output);
        var error = Assert.Single(outcome.Errors);
        Assert.Equal("DiskImageCorrupt,V2V.PowerShell.Tests.ProbeCommand", error.FullyQualifiedErrorId);
        Assert.Equal(ErrorCategory.InvalidData, error.CategoryInfo.Category);
        Assert.Equal("/a.vmdk", error.TargetObject);
        Assert.Equal("Copy it again.", error.ErrorDetails.RecommendedAction);
        Assert.IsType<DiskImageException>(error.Exception);
    }

    [Fact]
    public void Whatever_else_is_thrown_is_an_error_too()
    {
        Work defect = (_, _) => throw new InvalidOperationException("never happens");
        Work denied = (_, _) => throw new UnauthorizedAccessException("no");
        Work broken = (_, _) => throw new IOException("disk on fire");

        var outcome = _session.Run("param($w) $w | Invoke-Probe", new object[] { new object[] { defect, denied, broken } });

        Assert.Equal(["Unexpected", "AccessDenied", "InputOutputFailed"], outcome.Errors.Select(e => e.FullyQualifiedErrorId.Split(',')[0]));
    }

    [Fact]
    public void ErrorAction_Stop_ends_the_pipeline_at_the_first_failure()
    {
        var calls = 0;
        Work fails = (_, _) =>
        {
            calls++;
            throw new SourceException(V2VError.SourceInvalid, "bad");
        };

        var error = _session.RunToTerminatingError("param($w) $w, $w | Invoke-Probe -ErrorAction Stop", fails);

        Assert.Equal("SourceInvalid,V2V.PowerShell.Tests.ProbeCommand", error.FullyQualifiedErrorId);
        Assert.Equal(1, calls);
    }

    public void Dispose() => _session.Dispose();
}
