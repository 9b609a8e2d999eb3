using System.Diagnostics;
#pragma warning disable IDE0005 // The other tests, which have this file too, use it everywhere.
using Xunit;
#pragma warning restore IDE0005

namespace V2V.Engine.Tests;

/// <summary>
/// Tells what hangs from what is slow. Each thing that is watched takes seconds at the most when nothing else runs; a machine that does ten other things
/// may stand still for several more, and that is no failure.
/// </summary>
internal static class Watchdog
{
    internal static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    /// <summary>Waits until something is so, and fails when it does not become so.</summary>
    internal static void WaitUntil(Func<bool> isSo) => Assert.True(SpinWait.SpinUntil(isSo, Limit), "What was waited for did not come.");

    /// <summary>Fails what began at a timestamp of <see cref="Stopwatch"/> and should have ended long ago.</summary>
    internal static void Check(long started, string what)
    {
        var took = Stopwatch.GetElapsedTime(started);
        Assert.True(took < Limit, $"{what} took {took}");
    }
}
