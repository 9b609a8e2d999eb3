using System.Diagnostics;
using System.Management.Automation;

namespace V2V.PowerShell.Tests.Faults;

/// <summary>Ctrl+C, and PowerShell's own way to stop a pipeline, in every phase: the run ends soon, and nothing is left.</summary>
public sealed class StoppedRunTests : IDisposable
{
    /// <summary>A run is to stop within two seconds; this is what a busy machine may make of them, and less than the copy takes then.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private readonly ConversionRuns _runs = new(dataLength: 160 << 20);

    public void Dispose() => _runs.Dispose();

    public static TheoryData<string> Phases => ["Open", "Inspect", "Convert", "Verify", "Check", "Copy", "Compare"];

    [Theory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(Phases))]
    public void Ctrl_C_ends_a_run_and_leaves_nothing(string phase)
    {
        using var target = FaultTarget.Create("folder", _runs);
        using var process = _runs.Start(target.Parameters + " -Verify");
        ConversionRuns.WaitFor(process, $": {phase}");
        var watch = Stopwatch.StartNew();
        ConversionRuns.Signal(process, ConversionRuns.SIGINT);
        process.StandardError.ReadToEnd();
        Assert.True(process.WaitForExit(Soon), "The run did not end.");
        TestContext.Current.TestOutputHelper?.WriteLine($"{phase}: ended after {watch.ElapsedMilliseconds} ms");
        if (process.ExitCode == 0)
        {
            // It had come to its end in that moment.
            target.AssertGuest();
            target.Clear();
        }

        target.AssertNothing();
        _runs.AssertNothingBeside();
    }

    [Theory]
    [MemberData(nameof(Phases))]
    public void Stopping_the_pipeline_leaves_nothing(string phase)
    {
        using var session = new Session();
        using var pipeline = session.Pipeline();
        var stopped = 0L;
        IAsyncResult? stop = null;
        pipeline.Streams.Progress.DataAdded += (_, added) =>
        {
            if (stop is null && pipeline.Streams.Progress[added.Index].StatusDescription.StartsWith(phase, StringComparison.Ordinal))
            {
                stopped = Stopwatch.GetTimestamp();
                stop = pipeline.BeginStop(null, null);
            }
        };
        pipeline.AddScript("param($a, $b, $o) Get-V2VSourceGuest -Disk $a, $b | Invoke-V2VConversion -OutputDirectory $o -Verify")
            .AddArgument(_runs["debian12-1.vmdk"]).AddArgument(_runs.DataDisk).AddArgument(_runs.Out);

        Record.Exception(() => pipeline.Invoke());

        Assert.NotNull(stop);
        var took = Stopwatch.GetElapsedTime(stopped);
        TestContext.Current.TestOutputHelper?.WriteLine($"{phase}: ended after {took.TotalMilliseconds:0} ms");
        Assert.True(took < Soon, $"It took {took}.");
        Assert.Equal(PSInvocationState.Stopped, pipeline.InvocationStateInfo.State);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_runs.Out));
    }
}
