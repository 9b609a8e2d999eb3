using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using V2V.Engine.Tests;

namespace V2V.PowerShell.Tests.Faults;

/// <summary>Runs that are killed in the middle of their copy, by SIGKILL or Ctrl+C, and others that are to go on with it.</summary>
public sealed class ResumedRunTests : IDisposable
{
    private const int MiB = 1 << 20;
    private const int DataLength = 512 * MiB;

    /// <summary>What a run that is killed has to have copied before.</summary>
    private const int Enough = 40;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private readonly ConversionRuns _runs = new(DataLength) { CheckpointSeconds = "0.02" };
    private readonly Dictionary<string, int> _logs = [];

    public void Dispose() => _runs.Dispose();

    [Theory]
    [InlineData("folder", "Qcow2", ConversionRuns.SIGKILL)]
    [InlineData("folder", "Raw", ConversionRuns.SIGKILL)]
    [InlineData("pool", "Qcow2", ConversionRuns.SIGKILL)]
    [InlineData("pool", "Raw", ConversionRuns.SIGKILL)]
    [InlineData("folder", "Qcow2", ConversionRuns.SIGINT)]
    [InlineData("pool", "Raw", ConversionRuns.SIGINT)]
    public void Only_the_rest_is_copied(string kind, string format, int signal)
    {
        ExternalTool.Need("tar", "qemu-img", "e2fsck", "strace");
        using var target = FaultTarget.Create(kind, _runs);
        var parameters = $"{target.Parameters} -Format {format}";
        // One that is stopped in order has to be told that its copy will be gone on with.
        KillInCopy(signal == ConversionRuns.SIGINT ? parameters + " -Resume" : parameters, signal);
        // Twice in a row: the second goes on where the first was, and is killed itself.
        var first = KillInCopy(parameters + " -Resume", signal);

        var trace = _runs["trace"];
        var end = Run(parameters + " -Resume -Verify:$false", "strace", "-f", "-qq", "-o", trace, "-e", "trace=pread64", "-P", _runs.DataDisk);
        var resumed = (long)end["bytesResumed"]!;
        Assert.InRange(resumed, first, DataLength + (64 * MiB));
        Assert.Equal(DataLength - resumed, ReadOfData(trace), 3.0 * MiB);
        AssertAsWithoutHaste(target, format);
    }

    [Fact]
    public void What_was_taken_over_is_verified_with_the_rest()
    {
        ExternalTool.Need("tar", "qemu-img", "e2fsck", "strace");
        using var target = FaultTarget.Create("folder", _runs);
        KillInCopy(target.Parameters);
        Assert.True((long)Run(target.Parameters + " -Resume -Verify")["bytesResumed"]! >= Enough * MiB);
        AssertAsWithoutHaste(target, "Qcow2");
    }

    [Fact]
    public void A_run_that_is_not_asked_to_go_on_removes_all_of_it()
    {
        ExternalTool.Need("tar", "qemu-img", "e2fsck", "strace");
        using var target = FaultTarget.Create("folder", _runs);
        KillInCopy(target.Parameters);
        var end = Run(target.Parameters);
        Assert.Null(end["bytesResumed"]);
        Assert.Contains(Concerns(), c => c.Id == "LeftoverRemoved");
        target.AssertGuest();
        _runs.AssertNothingBeside();
    }

    [Fact]
    public void A_source_that_has_changed_is_copied_anew()
    {
        ExternalTool.Need("tar", "qemu-img", "e2fsck", "strace");
        using var target = FaultTarget.Create("folder", _runs);
        KillInCopy(target.Parameters);
        var modified = File.GetLastWriteTimeUtc(_runs.DataDisk);
        using (var data = new FileStream(_runs.DataDisk, FileMode.Open, FileAccess.Write))
        {
            data.Position = 5 * MiB;
            data.Write("changed"u8);
        }

        // Not even that hides it.
        File.SetLastWriteTimeUtc(_runs.DataDisk, modified);
        AssertAnew(target, target.Parameters, "has changed since");
        ExternalTool.Check("qemu-img", "compare", "-f", "raw", "-F", "qcow2", _runs.DataDisk, Path.Combine(_runs.Out, FaultTarget.Disks[1]));
    }

    [Theory]
    [InlineData("-Format Raw", "is none of the disks that are to be written")]
    [InlineData("-Allocation Metadata", "with other options")]
    [InlineData("-Compression Zstd", null)]
    public void Another_image_is_written_anew(string options, string? why)
    {
        ExternalTool.Need("tar", "qemu-img", "e2fsck", "strace");
        using var target = FaultTarget.Create("folder", _runs);
        KillInCopy(target.Parameters);
        AssertAnew(target, $"{target.Parameters} {options}", why);
        Assert.Equal(4, Directory.GetFiles(_runs.Out).Length);
    }

    [Fact]
    public void A_file_that_was_deleted_is_written_anew()
    {
        ExternalTool.Need("tar", "qemu-img", "e2fsck", "strace");
        using var target = FaultTarget.Create("folder", _runs);
        KillInCopy(target.Parameters);
        File.Delete(Path.Combine(_runs.Out, FaultTarget.Disks[1] + ".part"));
        AssertAnew(target, target.Parameters, "is gone");
    }

    [Fact]
    public void A_file_that_somebody_wrote_to_is_right_in_the_end()
    {
        ExternalTool.Need("tar", "qemu-img", "e2fsck", "strace");
        using var target = FaultTarget.Create("folder", _runs);
        KillInCopy(target.Parameters);
        using (var part = new FileStream(Path.Combine(_runs.Out, FaultTarget.Disks[1] + ".part"), FileMode.Open, FileAccess.Write))
        {
            part.Position = 8 * MiB;
            part.Write("changed"u8);
        }

        Run(target.Parameters + " -Resume");
        Assert.Contains(Concerns(), c => c.Id == "CopyDamaged");
        AssertAsWithoutHaste(target, "Qcow2");
    }

    [Fact]
    public void Where_nothing_was_cut_off_it_is_a_usual_run()
    {
        ExternalTool.Need("tar", "qemu-img", "e2fsck", "strace");
        using var target = FaultTarget.Create("folder", _runs);
        Assert.Null(Run(target.Parameters + " -Resume")["bytesResumed"]);
        Assert.DoesNotContain(Concerns(), c => c.Id is "NotResumed" or "NotResumable" or "CopyResumed");
        target.AssertGuest();
        _runs.AssertNothingBeside();
    }

    [Fact]
    public void Guests_of_a_fleet_each_go_on_with_their_own()
    {
        ExternalTool.Need("tar", "qemu-img", "e2fsck", "strace");
        // Three guests of one disk each.
        var script = string.Join("; ", Enumerable.Range(1, 3).Select(i => $"Get-V2VSourceGuest -Disk '{_runs.SystemDisk}', '{_runs.DataDisk}' -Name fleet{i}"));
        string Fleet(string options) => $"& {{ {script} }} | Invoke-V2VConversion -OutputDirectory '{_runs.Out}' -ThrottleLimit 3 {options}";
        using (var process = _runs.StartScript(Fleet(""), Slowly))
        {
            Kill(process, ConversionRuns.SIGKILL, count: 3);
        }

        var parts = Directory.GetFiles(_runs.Out);
        Assert.True(parts.Length >= 3, string.Join(", ", parts));
        var log = _runs["fleet.log"];
        var (exitCode, output) = ConversionRuns.End(_runs.StartScript(Fleet($"-Resume -LogPath '{log}'")));
        Assert.True(exitCode == 0, output);
        var ends = Lines(log).Where(l => (string?)l["event"] == "guestEnded").ToList();
        Assert.Equal(3, ends.Count);
        Assert.All(ends, e => Assert.True((long)e["bytesResumed"]! >= Enough * MiB, e.ToJsonString()));
        for (var i = 1; i <= 3; i++)
        {
            ExternalTool.Check("qemu-img", "check", "-f", "qcow2", Path.Combine(_runs.Out, $"fleet{i}-sdb.qcow2"));
            ExternalTool.Check("qemu-img", "compare", "-f", "raw", "-F", "qcow2", _runs.DataDisk, Path.Combine(_runs.Out, $"fleet{i}-sdb.qcow2"));
        }

        Assert.Equal(12, Directory.GetFiles(_runs.Out).Length);
        _runs.AssertNothingBeside();
    }

    [Fact]
    public void Another_guest_that_goes_on_leaves_it_as_it_is()
    {
        ExternalTool.Need("tar", "qemu-img", "e2fsck", "strace");
        using var target = FaultTarget.Create("folder", _runs);
        KillInCopy(target.Parameters);
        var (exitCode, output) = ConversionRuns.End(_runs.StartScript(
            $"Get-V2VSourceGuest -Disk '{_runs.SystemDisk}' -Name other | Invoke-V2VConversion -OutputDirectory '{_runs["other"]}' -Resume"));
        Assert.True(exitCode == 0, output);
        Assert.True((long)Run(target.Parameters + " -Resume")["bytesResumed"]! >= Enough * MiB);
        AssertAsWithoutHaste(target, "Qcow2");
    }

    private void AssertAnew(FaultTarget target, string parameters, string? why)
    {
        var end = Run(parameters + " -Resume");
        Assert.Null(end["bytesResumed"]);
        Assert.True((long)end["bytesRead"]! >= DataLength);
        if (why is null)
        {
            Assert.Contains(Concerns(), c => c.Id == "NotResumable");
        }
        else
        {
            Assert.Contains(Concerns(), c => c.Id == "NotResumed" && c.Message.Contains(why, StringComparison.Ordinal));
        }

        Assert.DoesNotContain(Directory.GetFiles(_runs.Out), f => f.EndsWith(".part", StringComparison.Ordinal));
        _runs.AssertNothingBeside();
    }

    /// <summary>The disks are those of a run that nothing happens to, and nothing else is left.</summary>
    private void AssertAsWithoutHaste(FaultTarget target, string format)
    {
        _runs.AssertNothingBeside();
        var name = format == "Raw" ? "raw" : "qcow2";
        var resumed = Directory.GetFiles(_runs.Out).Where(f => Path.GetExtension(f) is ".img" or ".qcow2").Order(StringComparer.Ordinal).ToList();
        Assert.Equal(2, resumed.Count);
        Assert.DoesNotContain(Directory.GetFiles(_runs.Out), f => f.EndsWith(".part", StringComparison.Ordinal));
        if (name == "qcow2")
        {
            target.AssertGuest();
        }

        var (exitCode, output) = _runs.Run($"-OutputDirectory '{_runs["reference"]}' -Format {format}");
        Assert.True(exitCode == 0, output);
        var reference = Assert.Single(Directory.GetFiles(_runs["reference"], "*-sdb.*"));
        ExternalTool.Check("qemu-img", "compare", "-f", name, "-F", name, reference, resumed[1]);
        if (name == "qcow2")
        {
            Assert.Equal(AllocatedClusters(reference), AllocatedClusters(resumed[1]));
        }

        ExternalTool.Check("qemu-img", "compare", "-f", "raw", "-F", name, _runs.DataDisk, resumed[1]);

        // The system disk has in it when it was converted.
        ExternalTool.Check("qemu-img", "convert", "-f", name, "-O", "raw", resumed[0], _runs["system.raw"]);
        ExternalTool.Check("e2fsck", "-fn", $"{_runs["system.raw"]}?offset=1048576");
    }

    /// <summary>Reads of the second disk take time, lest the run be over before it is killed. It is itself the process that is started (-D).</summary>
    private string[] Slowly => ["strace", "-D", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-P", _runs.DataDisk, "-e", "trace=pread64", "-e", "inject=pread64:delay_enter=15000"];

    private static long AllocatedClusters(string image) =>
        (long)JsonNode.Parse(ExternalTool.Check("qemu-img", "check", "--output=json", "-f", "qcow2", image))!["allocated-clusters"]!;

    /// <summary>Kills a run when enough of its second disk is noted; returns how much had been, at the least.</summary>
    private long KillInCopy(string parameters, int signal = ConversionRuns.SIGKILL)
    {
        using var process = _runs.Start(parameters, Slowly);
        return Kill(process, signal, count: 1);
    }

    private long Kill(Process process, int signal, int count)
    {
        process.ErrorDataReceived += (_, _) => { };
        process.OutputDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        var before = Noted().ToDictionary(c => c.Path, c => c.Bytes);
        // A chunk takes some 30 bytes of the file, and a checkpoint of a single one 36 more.
        var wait = Stopwatch.StartNew();
        while (Noted().Count(c => c.Bytes >= before.GetValueOrDefault(c.Path) + (Enough * 70)) < count)
        {
            Assert.False(process.HasExited, "The run ended before it could be killed.");
            Assert.True(wait.Elapsed < Limit, "The run made no checkpoints.");
            Thread.Sleep(5);
        }

        ConversionRuns.Signal(process, signal);
        Assert.True(process.WaitForExit(Limit));
        process.WaitForExit();
        Assert.Contains(Directory.GetFiles(_runs.Out), f => f.EndsWith(".part", StringComparison.Ordinal));
        return Enough * MiB;
    }

    private IEnumerable<(string Path, long Bytes)> Noted() => Directory.Exists(_runs.Journals)
        ? Directory.GetFiles(_runs.Journals, "*-2.checkpoint").Select(f => (f, new FileInfo(f).Length))
        : [];

    /// <summary>A run that ends well; returns the end of its record.</summary>
    private JsonNode Run(string parameters, params string[] wrapper)
    {
        var log = _runs[$"log{_logs.Count}"];
        _logs[log] = 0;
        var (exitCode, output) = _runs.Run($"{parameters} -LogPath '{log}'", wrapper);
        Assert.True(exitCode == 0, output);
        return Lines(log).Single(l => (string?)l["event"] == "guestEnded");
    }

    private List<(string Id, string Message)> Concerns() =>
        [.. Lines(_logs.Keys.Last()).Where(l => (string?)l["event"] == "concern").Select(l => ((string)l["id"]!, (string)l["message"]!))];

    private static List<JsonNode> Lines(string log) => [.. File.ReadLines(log).Select(l => JsonNode.Parse(l)!)];

    /// <summary>What system calls have read of the data disk's file.</summary>
    private static long ReadOfData(string trace) => File.ReadLines(trace)
        .Select(l => Regex.Match(l, @"= (\d+)$"))
        .Where(m => m.Success)
        .Sum(m => long.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture));
}
