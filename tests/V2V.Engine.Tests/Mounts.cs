using Xunit;

namespace V2V.Engine.Tests;

/// <summary>The end of mounts and loop devices, which comes a little later than it is asked for when others look at them.</summary>
internal static class Mounts
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Unmounts. A process that another test is just starting holds this one's open files until it runs its program.</summary>
    internal static void Remove(params string[] folders)
    {
        foreach (var folder in folders)
        {
            var umount = (ExitCode: 0, Output: "");
            WaitUntil(() => (umount = ExternalTool.Run("umount", folder)).ExitCode == 0, () => umount.Output);
        }
    }

    /// <summary>
    /// Waits until an image has no loop device any more. While udev still looks at one it lives on, and a mount that comes then is given it again, with the
    /// old contents cached.
    /// </summary>
    internal static void WaitForLoopDevices(string image) =>
        WaitUntil(() => ExternalTool.Run("losetup", "-j", image).Output.Length == 0, () => $"{image} still has a loop device.");

    private static void WaitUntil(Func<bool> isDone, Func<string> why)
    {
        for (var waited = TimeSpan.Zero; !isDone(); waited += Pause)
        {
            Assert.True(waited < Watchdog.Limit, why());
            Thread.Sleep(Pause);
        }
    }
}
