using System.Diagnostics;
using V2V.Engine.Tests;

namespace V2V.PowerShell.Tests.Faults;

/// <summary>
/// Runs that are killed at each of their steps: the next one takes back what was left, and converts. Steps at the target are system calls, at
/// which strace kills; before them are the phases that are shown.
/// </summary>
[Trait("Category", "Slow")]
public sealed class KilledAnywhereTests
{
    /// <summary>More steps of a kind than a guest of two disks takes: a sweep that does not come to the end has gone wrong.</summary>
    private const int MaximumSteps = 24;

    /// <summary>Each run is killed one step later than the one before it, whose leavings it has to take back to come so far.</summary>
    [Theory]
    [InlineData("folder", "fsync", "linkat", "rename")]
    [InlineData("pool", "fsync")]
    public void A_run_that_is_killed_at_a_step_leaves_nothing_after_the_next(string kind, params string[] calls)
    {
        NeedStrace();
        using var runs = new ConversionRuns(dataLength: 2 << 20);
        using var target = FaultTarget.Create(kind, runs);
        var killed = 0;
        foreach (var call in calls)
        {
            for (var step = 1; ; step++)
            {
                Assert.True(step < MaximumSteps, $"{call} never came to an end.");
                var (exitCode, output) = runs.Run(
                    target.Parameters, "strace", "-f", "-qq", "-o", "/dev/null", "-e", $"trace={call}", "-e", $"inject={call}:signal=SIGKILL:when={step}");
                if (exitCode is 128 + ConversionRuns.SIGKILL or ConversionRuns.SIGKILL)
                {
                    killed++;
                    continue;
                }

                // The domain had been defined when its run was killed: then the guest is there, and the next run says so.
                var wasThere = exitCode != 0 && output.Contains("exists already", StringComparison.Ordinal);
                Assert.True(exitCode == 0 || wasThere, $"{call} {step}: {exitCode}: {output}");
                target.AssertGuest();
                runs.AssertNothingBeside();
                target.Clear();
                if (exitCode == 0)
                {
                    // There was no such step any more.
                    break;
                }
            }
        }

        // Into a pool there are fewer: libvirt does the rest. The phases below come to them.
        Assert.True(killed >= (kind == "folder" ? 10 : 8), $"{killed} runs were killed.");
    }

    [Theory]
    [InlineData("folder")]
    [InlineData("pool")]
    public void A_run_that_is_killed_in_a_phase_leaves_nothing(string kind)
    {
        ExternalTool.Need("tar", "qemu-img");
        using var runs = new ConversionRuns(dataLength: 160 << 20);
        using var target = FaultTarget.Create(kind, runs);
        (string, int)[] moments = [("Open", 0), ("Inspect", 0), ("Convert", 0), ("Verify", 0), ("Check", 0), ("Copy", 0), ("Copy", 60), ("Copy", Random.Shared.Next(300)), ("Compare", 0)];
        // The first phases know nothing of the target.
        foreach (var (phase, milliseconds) in kind == "folder" ? moments : moments[5..])
        {
            using var process = runs.Start(target.Parameters + " -Verify");
            ConversionRuns.WaitFor(process, $": {phase}");
            Thread.Sleep(milliseconds);
            ConversionRuns.Signal(process, ConversionRuns.SIGKILL);
            process.WaitForExit();
            if (process.ExitCode == 0)
            {
                target.AssertGuest();
                target.Clear();
            }

            // Files without a name are gone with their process.
            target.AssertNothing();
        }

        var (exitCode, output) = runs.Run(target.Parameters);
        Assert.True(exitCode == 0, output);
        target.AssertGuest();
        runs.AssertNothingBeside();
    }

    private static void NeedStrace()
    {
        ExternalTool.Need("strace", "tar", "qemu-img");
        using var probe = Process.Start(new ProcessStartInfo("strace", ["-f", "-qq", "-o", "/dev/null", "true"]) { RedirectStandardError = true })!;
        probe.StandardError.ReadToEnd();
        probe.WaitForExit();
        Assert.SkipUnless(probe.ExitCode == 0, "strace may not trace here");
    }
}
