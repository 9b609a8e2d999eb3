using System.Management.Automation;
using System.Text.Json;
using V2V.Engine;
using V2V.Engine.Sources;

namespace V2V.PowerShell.Tests;

/// <summary>Many guests in one pipeline.</summary>
public sealed class FleetTests : IDisposable
{
    private readonly Session _session = new();

    private string Target => Path.Combine(_session.Folder, "out");

    private string Log => Path.Combine(_session.Folder, "run.jsonl");

    [Fact]
    public void Fifty_guests_of_which_three_fail_are_converted_four_at_a_time()
    {
        var guests = OpenGuests(50);
        string[] failing = ["g07", "g23", "g42"];
        foreach (var name in failing)
        {
            File.Delete(Path.Combine(_session.Folder, $"{name}-flat.vmdk"));
        }

        var outcome = _session.Run(
            "param($g, $o, $l) $g | Invoke-V2VConversion -OutputDirectory $o -AsIs -ThrottleLimit 4 -LogPath $l; $script:ok = $?; $ok", guests, Target, Log);

        var results = outcome.Output.OfType<ConversionResult>().ToList();
        Assert.Equal(47, results.Count);
        Assert.Equal(failing, outcome.Errors.Select(e => Assert.IsType<SourceGuest>(e.TargetObject).Name).Order());
        Assert.All(outcome.Errors, error => Assert.Equal("DiskImageNotFound,V2V.PowerShell.Commands.InvokeV2VConversionCommand", error.FullyQualifiedErrorId));
        Assert.Equal(false, outcome.Output[^1]);
        Assert.All(results, result => Assert.True(File.Exists(result.Disks[0]) && File.Exists(result.DomainXmlPath)));
        // Disk, domain, and script.
        Assert.Equal(3 * 47, Directory.GetFiles(Target).Length);
        Assert.All(_session.Host.Progress.GroupBy(r => r.ActivityId), display => Assert.Equal(ProgressRecordType.Completed, display.Last().RecordType));

        var lines = ReadLog();
        Assert.Equal(
            (50, 47, 3, 0), (Number(lines[^1], "guests"), Number(lines[^1], "succeeded"), Number(lines[^1], "failed"), Number(lines[^1], "stopped")));
        Assert.Equal(47, lines.Count(line => Text(line, "result") == "converted"));
    }

    [Fact]
    public void ErrorAction_Stop_takes_back_what_was_under_way()
    {
        using var server = new SlowServer(4);
        var guests = _session.Run("param($u) $u | Get-V2VSourceGuest", (object)server.Guests).All<SourceGuest>();
        var bad = OpenGuests(1);
        File.Delete(Path.Combine(_session.Folder, "g01-flat.vmdk"));

        var error = _session.RunToTerminatingError(
            "param($g, $o) $g | Invoke-V2VConversion -OutputDirectory $o -AsIs -ThrottleLimit 8 -ErrorAction Stop", guests.Concat(bad.Cast<SourceGuest>()).ToArray(), Target);

        Assert.StartsWith("DiskImageNotFound,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Target));
    }

    [Fact]
    public void Stopping_ends_all_guests_that_are_being_copied_and_leaves_nothing()
    {
        using var server = new SlowServer(8);
        using var pipeline = _session.Pipeline();
        pipeline.AddScript("param($u, $o, $l) $u | Invoke-V2VConversion -OutputDirectory $o -AsIs -ThrottleLimit 8 -LogPath $l")
            .AddArgument(server.Guests).AddArgument(Target).AddArgument(Log);
        var running = pipeline.BeginInvoke();
        server.WaitUntilAllAreRead();
        Assert.True(SpinWait.SpinUntil(() => ReadLog().Count(line => Text(line, "phase") == "Copy") == 8, TimeSpan.FromSeconds(60)));
        Assert.True(Directory.Exists(Target));

        pipeline.Stop();

        Assert.Throws<PipelineStoppedException>(() => pipeline.EndInvoke(running));
        Assert.False(Directory.Exists(Target));
        Assert.Equal(8, ReadLog().Count(line => Text(line, "result") == "stopped"));
        Assert.Equal("runEnded", Text(ReadLog()[^1], "event"));
        // None of the reads that were under way was waited for.
        Assert.Equal(0, server.SlowAnswers);
    }

    [Fact]
    public void What_follows_in_the_pipeline_may_have_enough()
    {
        var guests = OpenGuests(6);
        var results = _session.Run(
            "param($g, $o) $n = 0; foreach ($i in 1) { $g | Invoke-V2VConversion -OutputDirectory $o -AsIs | ForEach-Object { $_; if (++$n -eq 2) { break } } }", guests, Target)
            .All<ConversionResult>();
        Assert.Equal(2, results.Count);
        Assert.DoesNotContain(Directory.GetFiles(Target), file => file.EndsWith(".v2v-part", StringComparison.Ordinal));
        Assert.Equal(Directory.GetFiles(Target, "*.xml").Length, Directory.GetFiles(Target, "*.qcow2").Length);
    }

    [Fact]
    public void A_second_guest_of_the_same_name_is_refused_before_it_starts()
    {
        var other = Directory.CreateDirectory(Path.Combine(_session.Folder, "other")).FullName;
        string[] paths = [Guests.WriteSataVmx(_session.Folder, "web"), Guests.WriteSataVmx(other, "web"), Guests.WriteSataVmx(other, "Web2")];

        var outcome = _session.Run("param($p, $o) $p | Invoke-V2VConversion -OutputDirectory $o -AsIs -Force", paths, Target);

        Assert.Equal("NameUsedTwice", outcome.ErrorId);
        Assert.Equal(paths[1], Assert.IsType<SourceGuest>(outcome.Errors[0].TargetObject).Path);
        Assert.Equal(ErrorCategory.ResourceExists, outcome.Errors[0].CategoryInfo.Category);
        Assert.Equal(["Web2", "web"], outcome.Output.Cast<ConversionResult>().Select(r => r.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Questions_come_in_the_order_of_the_guests()
    {
        foreach (var answer in new[] { "Yes", "No", "Yes" })
        {
            _session.Host.Answers.Enqueue(answer);
        }

        var results = _session.Run("param($g, $o) $g | Invoke-V2VConversion -OutputDirectory $o -AsIs -Confirm", OpenGuests(3), Target).All<ConversionResult>();

        Assert.Equal(["g01", "g03"], results.Select(r => r.Name).Order());
        Assert.Equal(["g01", "g02", "g03"], _session.Host.Questions.Select(q => q.Split("Convert ")[1][..3]));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("65")]
    public void Limits_that_make_no_sense_do_not_bind(string limit) => Assert.Contains(
        "ParameterArgumentValidationError",
        _session.RunToTerminatingError($"Invoke-V2VConversion /none -OutputDirectory out -ThrottleLimit {limit}").FullyQualifiedErrorId, StringComparison.Ordinal);

    [Fact]
    public void The_record_of_a_run_tells_each_phase_change_and_disk_with_its_time()
    {
        File.WriteAllText(Log, "{\"event\":\"older\"}\n{\"event\":\"to");
        var result = _session.Run(
            "param($p, $o, $l) $p, '/no/such/guest.vmx' | Invoke-V2VConversion -OutputDirectory $o -LogPath $l -ErrorAction SilentlyContinue", Repository.SampleGuest, Target, Log)
            .Output.Cast<ConversionResult>().Single();

        var text = File.ReadAllLines(Log);
        Assert.Equal(["{\"event\":\"older\"}", "{\"event\":\"to"], text[..2]);
        var lines = text[2..].Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal("runStarted", Text(lines[0], "event"));
        Assert.Equal("Invoke-V2VConversion", Text(lines[0], "command"));
        Assert.Equal($"folder {Target}", Text(lines[0], "target"));
        Assert.Single(lines.Select(line => line.GetProperty("run").GetGuid()).Distinct());
        var times = lines.Select(line => line.GetProperty("time").GetDateTime()).ToList();
        Assert.All(times, time => Assert.Equal(DateTimeKind.Utc, time.Kind));
        Assert.Equal(times.Order(), times);
        Assert.Equal(
            result.Phases.Select(p => p.Name).Distinct(), lines.Where(line => Text(line, "event") == "phase").Select(line => Text(line, "phase")));
        Assert.Equal(
            result.Assessment.Changes.Select(c => (c.Kind.ToString(), c.Path, c.What, c.Why)),
            lines.Where(line => Text(line, "event") == "change").Select(line => (Text(line, "kind"), Text(line, "path"), Text(line, "what"), Text(line, "why")))!);
        Assert.Equal(
            result.Assessment.Concerns.Select(c => $"{c.Severity} {c.Id}").Order(),
            lines.Where(line => Text(line, "event") == "concern").Select(line => $"{Text(line, "severity")} {Text(line, "id")}").Order());
        var disk = Assert.Single(lines, line => Text(line, "event") == "diskCopied");
        Assert.Equal((Path.GetFileName(result.Disks[0]), result.BytesRead, result.BytesWritten), (Text(disk, "disk"), Number(disk, "bytesRead"), Number(disk, "bytesWritten")));
        var error = Assert.Single(lines, line => Text(line, "event") == "error");
        Assert.Equal(("SourceNotFound", "/no/such/guest.vmx", "Check the path."), (Text(error, "id"), Text(error, "path"), Text(error, "advice")));
        Assert.Equal((1, 1, 1), (Number(lines[^1], "guests"), Number(lines[^1], "succeeded"), Number(lines[^1], "failed")));
    }

    [Fact]
    public void The_record_of_an_assessment_tells_what_came_of_it()
    {
        _session.Run("param($p, $l) $p | Test-V2VGuest -LogPath $l", Guests.WriteVmx(_session.Folder, "empty"), Log).Only<GuestAssessment>();
        Assert.Contains(ReadLog(), line => Text(line, "result") == "notConvertible");
        Assert.Contains(ReadLog(), line => Text(line, "severity") == "Critical" && Text(line, "id") == "NoOperatingSystem");
    }

    [Theory]
    [InlineData("https://joe:s3cret@127.0.0.1:1/a.vmx")]
    [InlineData("https://127.0.0.1:1/a.vmx?signature=s3cret")]
    public void Secrets_are_not_recorded(string uri)
    {
        _session.Run("param($u, $o, $l) Invoke-V2VConversion $u -OutputDirectory $o -LogPath $l -ErrorAction SilentlyContinue", uri, Target, Log);
        Assert.Contains(ReadLog(), line => Text(line, "event") == "error");
        Assert.DoesNotContain("s3cret", File.ReadAllText(Log), StringComparison.Ordinal);
    }

    [Fact]
    public void A_record_that_cannot_be_written_ends_the_command_before_anything_is_done()
    {
        var error = _session.RunToTerminatingError(
            "param($p, $o, $l) Invoke-V2VConversion $p -OutputDirectory $o -LogPath $l", Repository.SampleGuest, Target, Path.Combine(_session.Folder, "none", "run.jsonl"));
        Assert.StartsWith("LogUnavailable,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Target));
    }

    public void Dispose() => _session.Dispose();

    private SourceGuest[] OpenGuests(int count)
    {
        var paths = Enumerable.Range(1, count).Select(i => Guests.WriteSataVmx(_session.Folder, $"g{i:00}")).ToArray();
        return [.. _session.Run("param($p) Get-V2VSourceGuest $p", (object)paths).All<SourceGuest>()];
    }

    private List<JsonElement> ReadLog() => [.. ReadLines().Select(line => JsonDocument.Parse(line).RootElement)];

    /// <summary>Also while the record is written.</summary>
    private string[] ReadLines()
    {
        using var reader = new StreamReader(new FileStream(Log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static string? Text(JsonElement line, string name) => line.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static long Number(JsonElement line, string name) => line.GetProperty(name).GetInt64();
}
