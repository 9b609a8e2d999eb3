using Xunit;

namespace V2V.Engine.Tests.Conversion.Windows.FirstBoot;

/// <summary>Wine's service control manager starts the runner, as that of Windows would.</summary>
[Trait("Category", "Slow")]
public sealed class FirstBootRunnerTests(WineSystem wine) : IClassFixture<WineSystem>
{
    [Fact]
    public void Scripts_run_in_order_and_the_service_removes_itself()
    {
        var folder = new RunnerFolder(wine)
            .With("0200-second.cmd", "echo second", "exit 7")
            .With("0100-first.cmd", "echo first in \"%V2V_FIRSTBOOT%\"", "cd", "exit 0")
            .With("1000 with spaces & more.cmd", "echo third", "exit 0");
        File.WriteAllText(folder["scripts\\ignored.txt"], "exit 9");
        folder.Start();
        folder.WaitFor("all scripts have run");
        folder.WaitUntilStopped();

        Assert.Equal(
            [
                "0100-first.cmd: runs", "0100-first.cmd: done, exit code 0",
                "0200-second.cmd: runs", "0200-second.cmd: FAILED: exit code 7",
                "1000 with spaces & more.cmd: runs", "1000 with spaces & more.cmd: done, exit code 0",
                "all scripts have run: 3, of which 1 failed",
            ],
            folder.Events);
        Assert.Equal(
            "done 0100-first.cmd: exit code 0\r\nFAILED 0200-second.cmd: exit code 7\r\ndone 1000 with spaces & more.cmd: exit code 0\r\n",
            File.ReadAllText(folder["result.txt"]));
        Assert.Equal(
            ["first in \"C:\\windows\\V2V First Boot\"", "C:\\windows\\V2V First Boot"],
            File.ReadAllLines(folder["logs\\0100-first.cmd.log"])[1..].Select(l => l.TrimEnd()));
        Assert.False(folder.IsRegistered);
    }

    [Fact]
    public void Windows_is_restarted_once_after_the_last_script()
    {
        var folder = new RunnerFolder(wine).With("1-a.cmd", "exit 3010").With("2-b.cmd", "exit 1641").With("3-c.cmd", "exit 0");
        folder.Start();
        folder.WaitFor("restarting Windows");
        Assert.Equal(
            ["3-c.cmd: done, exit code 0", "all scripts have run: 3, of which 0 failed", "restarting Windows, 1 of at most 5"], folder.Events[^3..]);
        folder.Stop();
        Assert.False(folder.IsRegistered);
    }

    [Fact]
    public void A_script_that_has_to_run_again_holds_the_others_until_its_retries_are_used_up()
    {
        var folder = new RunnerFolder(wine).WithSettings("[FirstBoot]", "Retries=2")
            .With("1-again.cmd", "echo retries left: %V2V_RETRIES_LEFT%", "exit 249")
            .With("2-after.cmd", "exit 0");
        foreach (var restart in (int[])[1, 2])
        {
            folder.Start();
            folder.WaitFor($"restarting Windows, {restart} of at most 5");
            Assert.DoesNotContain("2-after.cmd", folder.Log);
            folder.Stop();
            Assert.True(folder.IsRegistered);
        }

        folder.Start();
        folder.WaitFor("all scripts have run");
        folder.WaitUntilStopped();
        Assert.Contains("1-again.cmd: FAILED: exit code 249", folder.Events);
        Assert.Contains("2-after.cmd: done, exit code 0", folder.Events);
        Assert.Equal(
            ["retries left: 2", "retries left: 1", "retries left: 0"],
            File.ReadAllLines(folder["logs\\1-again.cmd.log"]).Where(l => l.StartsWith("retries", StringComparison.Ordinal)).Select(l => l.TrimEnd()));
        Assert.False(folder.IsRegistered);
    }

    [Fact]
    public void Restarts_are_bounded_whatever_scripts_ask_for()
    {
        var folder = new RunnerFolder(wine).WithSettings("[FirstBoot]", "Restarts=1").With("1-again.cmd", "exit 249").With("2-restart.cmd", "exit 3010");
        folder.Start();
        folder.WaitFor("restarting Windows, 1 of at most 1");
        folder.Stop();
        folder.Start();
        folder.WaitFor("Windows is not restarted");
        folder.WaitUntilStopped();
        Assert.Equal(
            ["all scripts have run: 2, of which 1 failed", "Windows is not restarted: it was 1 times already. Restart it when it suits"], folder.Events[^2..]);
        Assert.Single(folder.State, s => s.StartsWith("restart-", StringComparison.Ordinal));
        Assert.False(folder.IsRegistered);
    }

    [Fact]
    public void A_script_that_brings_Windows_down_is_left_out_after_three_times()
    {
        var folder = new RunnerFolder(wine).With("1-crash.cmd", "ping -n 60 127.0.0.1 >NUL", "exit 0").With("2-after.cmd", "exit 0");
        for (var crash = 1; crash <= 3; crash++)
        {
            folder.Start();
            var runs = crash;
            folder.WaitUntil(() => folder.Runs("1-crash.cmd") == runs, "the script");
            wine.PullThePlug();
        }

        Assert.Equal(["1-crash.cmd.started-1", "1-crash.cmd.started-2", "1-crash.cmd.started-3"], folder.State);

        wine.Boot(); // which starts the service
        folder.WaitUntilStopped();
        folder.WaitFor("all scripts have run");
        Assert.Equal(
            [
                "1-crash.cmd: runs", "1-crash.cmd: runs again", "1-crash.cmd: runs again",
                "1-crash.cmd: FAILED: Windows went down each time that it ran; it is left out",
                "2-after.cmd: runs", "2-after.cmd: done, exit code 0", "all scripts have run: 2, of which 1 failed",
            ],
            folder.Events);
        Assert.False(folder.IsRegistered);
    }

    [Fact]
    public void A_script_whose_time_is_over_is_ended_with_its_children()
    {
        var folder = new RunnerFolder(wine).WithSettings("[LimitSeconds]", "1-slow.cmd=3")
            .With("1-slow.cmd", "ping -n 47 127.0.0.1 >NUL", "echo late >\"%V2V_FIRSTBOOT%\\late.txt\"", "exit 0").With("2-after.cmd", "exit 0");
        folder.Start();
        folder.WaitFor("all scripts have run");
        Assert.Contains("1-slow.cmd: FAILED: its time was over, and it was ended", folder.Events);
        Assert.Contains("2-after.cmd: done, exit code 0", folder.Events);
        folder.WaitUntilStopped();
        Assert.DoesNotContain(" -n 47 ", Processes(), StringComparison.Ordinal);
        Assert.False(File.Exists(folder["late.txt"]));
    }

    [Fact]
    public void A_stop_ends_the_script_and_the_next_start_runs_it_again()
    {
        var folder = new RunnerFolder(wine).With("1-long.cmd", "if exist \"%V2V_FIRSTBOOT%\\once\" exit 0", "echo x >\"%V2V_FIRSTBOOT%\\once\"", "ping -n 60 127.0.0.1 >NUL");
        folder.Start();
        folder.WaitFor("1-long.cmd: runs");
        folder.WaitUntil(() => File.Exists(folder["once"]), "the script");
        folder.Stop();
        Assert.Equal("1-long.cmd: ended because Windows shuts down or the service was stopped", folder.Events[^1]);
        Assert.True(folder.IsRegistered);

        folder.Start();
        folder.WaitFor("all scripts have run");
        folder.WaitUntilStopped();
        Assert.Equal(["1-long.cmd: runs again", "1-long.cmd: done, exit code 0", "all scripts have run: 1, of which 0 failed"], folder.Events[^3..]);
        Assert.False(folder.IsRegistered);
    }

    [Fact]
    public void What_cannot_be_written_to_the_journal_is_not_done()
    {
        var folder = new RunnerFolder(wine).With("1-a.cmd", "echo ran >\"%V2V_FIRSTBOOT%\\ran.txt\"", "exit 249");
        File.WriteAllText(folder["state"], "a file where the folder should be");
        folder.Start();
        folder.WaitFor("all scripts have run");
        folder.WaitUntilStopped();
        Assert.Contains("1-a.cmd: NOT RUN: that it starts could not be written to the journal", folder.Log);
        Assert.DoesNotContain("restarting", folder.Log);
        Assert.False(File.Exists(folder["ran.txt"]));
        Assert.False(folder.IsRegistered);
    }

    /// <summary>Nothing can be written but the names of files, as on an NTFS volume that is full.</summary>
    [Fact]
    public void A_full_disk_stops_nothing()
    {
        ExternalTool.NeedRoot();
        ExternalTool.Need("mount", "umount");
        var folder = new RunnerFolder(wine).With("1-fails.cmd", "exit 7").With("2-ok.cmd", "exit 0").With("3-again.cmd", "exit 249").WithSettings("[FirstBoot]", "Retries=1");
        foreach (var name in (string[])["state", "logs"])
        {
            Directory.CreateDirectory(folder[name]);
            Assert.SkipUnless(ExternalTool.Run("mount", "-t", "tmpfs", "-o", "size=4k", "none", folder[name]).ExitCode == 0, "needs mounts");
            File.WriteAllBytes(Path.Combine(folder[name], "full"), new byte[4096]);
        }

        try
        {
            folder.Start();
            folder.WaitFor("restarting Windows");
            folder.Stop();
            folder.Start();
            folder.WaitFor("all scripts have run");
            folder.WaitUntilStopped();
            Assert.Equal("FAILED 1-fails.cmd: \r\ndone 2-ok.cmd: \r\nFAILED 3-again.cmd: \r\n", File.ReadAllText(folder["result.txt"]));
            Assert.Equal(2, folder.Runs("3-again.cmd"));
            Assert.Equal(1, folder.Runs("1-fails.cmd"));
            Assert.False(folder.IsRegistered);
        }
        finally
        {
            wine.PullThePlug();
            Mounts.Remove(folder["state"], folder["logs"]);
        }
    }

    [Fact]
    public void A_Windows_that_is_being_set_up_is_left_alone_meanwhile()
    {
        var folder = new RunnerFolder(wine).With("1-a.cmd", "exit 0");
        wine.Check("reg", "add", @"HKLM\SYSTEM\Setup", "/v", "SystemSetupInProgress", "/t", "REG_DWORD", "/d", "1", "/f");
        try
        {
            folder.Start();
            folder.WaitFor("waiting until Windows has been set up");
            Assert.Single(folder.Events);
        }
        finally
        {
            wine.Check("reg", "add", @"HKLM\SYSTEM\Setup", "/v", "SystemSetupInProgress", "/t", "REG_DWORD", "/d", "0", "/f");
        }

        folder.WaitFor("all scripts have run: 1, of which 0 failed");
    }

    /// <summary>Windows' service control manager has this event, Wine's has not.</summary>
    [Fact]
    public void Scripts_wait_until_all_automatic_services_have_started()
    {
        ExternalTool.Need("x86_64-w64-mingw32-gcc");
        var folder = new RunnerFolder(wine).With("1-a.cmd", "exit 0");
        var source = Path.Combine(AppContext.BaseDirectory, "Conversion", "Windows", "FirstBoot", "Data", "event.c");
        ExternalTool.Check("x86_64-w64-mingw32-gcc", "-O", "-o", Path.Combine(wine.DriveC, "event.exe"), source);
        using var manager = wine.Begin("C:\\event.exe");
        folder.WaitUntil(() => File.Exists(Path.Combine(wine.DriveC, "event-made")), "the event");
        folder.Start();
        Thread.Sleep(2000);
        Assert.Contains("RUNNING", wine.Run("sc", "query", "V2VFirstBoot").Output);
        Assert.False(File.Exists(folder["firstboot.log"]));
        File.WriteAllText(Path.Combine(wine.DriveC, "event-set"), "");
        folder.WaitFor("all scripts have run: 1, of which 0 failed");
        manager.Kill();
    }

    [Fact]
    public void Without_scripts_the_service_removes_itself()
    {
        var folder = new RunnerFolder(wine);
        Directory.Delete(folder["scripts"]);
        folder.Start();
        folder.WaitFor("all scripts have run");
        folder.WaitUntilStopped();
        Assert.Equal(["all scripts have run: 0, of which 0 failed"], folder.Events);
        Assert.False(folder.IsRegistered);
    }

    private static string Processes() => ExternalTool.Check("ps", "-eo", "args");
}
