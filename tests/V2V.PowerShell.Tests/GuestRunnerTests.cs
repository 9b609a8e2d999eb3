using System.Collections.Concurrent;
using System.Management.Automation;
using V2V.Engine;
using V2V.PowerShell.Fleet;

namespace V2V.PowerShell.Tests;

/// <summary>The scheduler by itself, with work that tests control.</summary>
public sealed class GuestRunnerTests
{
    private readonly RecordingStreams _streams = new();

    [Fact]
    public void No_more_than_the_limit_run_at_a_time_and_as_many_do()
    {
        const int Limit = 4;
        var (now, most) = (0, 0);
        using var full = new CountdownEvent(Limit);
        using var runner = new GuestRunner("Working", Limit, _streams);
        for (var i = 0; i < 20; i++)
        {
            var isFirst = i < Limit;
            runner.Start(Work($"g{i}", (_, _) =>
            {
                var running = Interlocked.Increment(ref now);
                InterlockedMax(ref most, running);
                if (isFirst)
                {
                    // The first ones wait for each other, so that they can only end when all of them run.
                    full.Signal();
                    Assert.True(full.Wait(TimeSpan.FromSeconds(60), CancellationToken.None));
                }

                Interlocked.Decrement(ref now);
                return "done";
            }), _streams);
        }

        runner.Finish();

        Assert.Equal(Limit, most);
        Assert.Equal(20, _streams.Objects.Count);
    }

    [Fact]
    public void A_result_is_written_while_others_still_run()
    {
        using var release = new ManualResetEventSlim();
        using var runner = new GuestRunner("Working", 2, _streams);
        runner.Start(Work("slow", (_, cancellation) =>
        {
            release.Wait(cancellation);
            return "slow";
        }), _streams);
        runner.Start(Work("fast", (_, _) => "fast"), _streams);
        runner.Start(Work("next", (_, _) => "next"), _streams);

        Assert.Contains("fast", _streams.Objects);
        Assert.DoesNotContain("slow", _streams.Objects);
        release.Set();
        runner.Finish();
        Assert.Equal("slow", _streams.Objects[^1]);
    }

    [Fact]
    public void Everything_is_written_by_the_calling_thread_and_in_order()
    {
        using var runner = new GuestRunner("Working", 3, _streams);
        for (var i = 0; i < 9; i++)
        {
            runner.Start(Work($"g{i}", (progress, _) =>
            {
                progress.Report(new("Open", ""));
                progress.Report(new("Copy", "", 1, 2));
                progress.Report(new("Define", ""));
                return "done";
            }), _streams);
        }

        runner.Finish();

        Assert.Equal([Environment.CurrentManagedThreadId], _streams.Threads.Distinct());
        for (var i = 0; i < 9; i++)
        {
            Assert.Equal(["Open", "Copy", "Define"], _streams.Verbose.Where(v => v.StartsWith($"g{i}: ", StringComparison.Ordinal)).Select(v => v.Split(": ")[1]));
        }
    }

    [Fact]
    public void A_failure_is_an_error_and_the_others_go_on()
    {
        using var runner = new GuestRunner("Working", 2, _streams);
        runner.Start(Work("bad", (_, _) => throw new SourceException(V2VError.SourceInvalid, "bad") { Advice = "Mend it." }), _streams);
        runner.Start(Work("good", (_, _) => "good"), _streams);
        runner.Finish();
        Assert.Equal(["good"], _streams.Objects);
        Assert.Equal("Mend it.", Assert.Single(_streams.Errors).ErrorDetails.RecommendedAction);
    }

    [Fact]
    public void A_stream_that_throws_cancels_the_others_and_waits_until_they_have_cleaned_up()
    {
        var cleanedUp = 0;
        using var started = new CountdownEvent(3);
        _streams.ThrowsOnError = true;
        using var runner = new GuestRunner("Working", 4, _streams);
        for (var i = 0; i < 3; i++)
        {
            runner.Start(Work($"g{i}", (_, cancellation) =>
            {
                started.Signal();
                cancellation.WaitHandle.WaitOne();
                Thread.Sleep(100);
                Interlocked.Increment(ref cleanedUp);
                throw new OperationCanceledException(cancellation);
            }), _streams);
        }

        runner.Start(Work("bad", (_, _) =>
        {
            started.Wait(TimeSpan.FromSeconds(60), CancellationToken.None);
            throw new SourceException(V2VError.SourceInvalid, "bad");
        }), _streams);

        Assert.Throws<ActionPreferenceStopException>(runner.Finish);
        Assert.Equal(3, cleanedUp);
        Assert.Single(_streams.Errors);
        AssertAllCompleted();
    }

    [Fact]
    public void Progress_is_one_display_of_the_whole_and_a_child_of_it_for_each_guest()
    {
        using var runner = new GuestRunner("Working", 2, _streams) { Upcoming = 1 };
        runner.Start(Work("g1", (progress, _) =>
        {
            progress.Report(new("Open", ""));
            progress.Report(new("Copy", "disk", 1 << 20, 4 << 20));
            return "g1";
        }), _streams);
        runner.Upcoming = 0;
        runner.Start(Work("g2", (progress, _) =>
        {
            progress.Report(new("Open", ""));
            return "g2";
        }), _streams);
        runner.Finish();

        Assert.Equal("0 of 2 guests done, 1 running", _streams.Progress[0].StatusDescription);
        Assert.All(_streams.Progress.Where(r => r.Activity.StartsWith('g')), record => Assert.Equal(0, record.ParentActivityId));
        Assert.Equal(new Dictionary<int, string> { [0] = "Working", [1] = "g1", [2] = "g2" }, _streams.Progress.DistinctBy(r => r.ActivityId).OrderBy(r => r.ActivityId).ToDictionary(r => r.ActivityId, r => r.Activity));
        Assert.Contains(_streams.Progress, r => r is { ActivityId: 1, PercentComplete: 25 });
        Assert.Contains(_streams.Progress, r => r is { ActivityId: 0, PercentComplete: 100, StatusDescription: "2 of 2 guests done, 0 running" });
        AssertAllCompleted();
    }

    [Fact]
    public void One_guest_can_be_cancelled_alone()
    {
        using var stop = new CancellationTokenSource();
        using var runner = new GuestRunner("Working", 2, _streams);
        runner.Start(Work("stopped", (_, cancellation) =>
        {
            cancellation.WaitHandle.WaitOne();
            throw new OperationCanceledException(cancellation);
        }) with
        { Cancellation = stop.Token }, _streams);
        runner.Start(Work("other", (_, _) => "other"), _streams);
        stop.Cancel();
        runner.Finish();
        Assert.Equal(["other"], _streams.Objects);
        Assert.Empty(_streams.Errors);
    }

    private static GuestTask Work(string name, Func<IProgress<ConversionProgress>, CancellationToken, string> work) =>
        GuestTask.Create(name, name, null, work, (streams, result) => streams.WriteObject(result));

    private static void InterlockedMax(ref int most, int value)
    {
        for (var seen = most; value > seen && Interlocked.CompareExchange(ref most, value, seen) != seen; seen = most)
        {
        }
    }

    private void AssertAllCompleted() => Assert.All(
        _streams.Progress.GroupBy(r => r.ActivityId), guest => Assert.Equal(ProgressRecordType.Completed, guest.Last().RecordType));

    private sealed class RecordingStreams : GuestStreams
    {
        public bool ThrowsOnError { get; set; }

        public List<object> Objects { get; } = [];

        public List<ErrorRecord> Errors { get; } = [];

        public List<string> Verbose { get; } = [];

        public List<ProgressRecord> Progress { get; } = [];

        public ConcurrentQueue<int> Threads { get; } = [];

        public override void WriteObject(object value) => Add(Objects, value);

        public override void WriteError(ErrorRecord error)
        {
            Add(Errors, error);
            if (ThrowsOnError)
            {
                throw new ActionPreferenceStopException(error.ToString());
            }
        }

        public override void WriteWarning(string text)
        {
        }

        public override void WriteVerbose(string text) => Add(Verbose, text);

        public override void WriteProgress(ProgressRecord record) => Add(Progress, record);

        private void Add<T>(List<T> list, T item)
        {
            Threads.Enqueue(Environment.CurrentManagedThreadId);
            list.Add(item);
        }
    }
}
