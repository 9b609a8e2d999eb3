using System.Diagnostics;
using System.Runtime.InteropServices;

namespace V2V.PowerShell.Tests;

/// <summary>V2V.Shell as its users and their schedulers see it: a process with streams and an exit code.</summary>
public sealed class ShellTests : IDisposable
{
    private const int InterruptSignal = 2;
    private const int TerminateSignal = 15;

    private readonly string _folder = Directory.CreateTempSubdirectory("v2v-shell-").FullName;

    [Theory]
    [InlineData("1", 0)]
    [InlineData("exit 7", 7)]
    [InlineData("throw 'x'", 1)]
    [InlineData("Get-V2VSourceGuest nope.vmx", 1)]
    [InlineData("Get-V2VSourceGuest nope.vmx; 'the last one succeeds'", 0)]
    [InlineData("this is no command", 1)]
    [InlineData("if (", 1)]
    public void A_command_ends_with_its_exit_code(string command, int expected) => Assert.Equal(expected, Shell("", "-Command", command).ExitCode);

    [Fact]
    public void Objects_go_to_output_and_the_rest_to_error()
    {
        var path = Guests.WriteVmx(_folder, "web01");
        var (exitCode, output, error) = Shell("", "-Command", $"Get-V2VSourceGuest '{path}', '{path}.nope' -Verbose; Test-V2VGuest '{path}'");
        Assert.Equal(0, exitCode);
        Assert.Contains("web01 ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("nope", output, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', output + error);
        Assert.Contains("Get-V2VSourceGuest: ", error, StringComparison.Ordinal);
        Assert.Contains("Recommendation: Check the path.", error, StringComparison.Ordinal);
        Assert.Contains("Testing web01: ", error, StringComparison.Ordinal);
        Assert.Contains("WARNING: web01: ", error, StringComparison.Ordinal);
    }

    [Fact]
    public void ProgressPreference_is_respected()
    {
        var path = Guests.WriteVmx(_folder, "web01");
        Assert.DoesNotContain(
            "Testing", Shell("", "-Command", $"$ProgressPreference = 'SilentlyContinue'; Test-V2VGuest '{path}'").Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("exit 5", 5)]
    [InlineData("exit 0", 0)]
    [InlineData("throw 'x'", 1)]
    [InlineData("& sh -c 'exit 3'", 0)]
    [InlineData("& sh -c 'exit 3'; exit 0", 0)]
    [InlineData("& sh -c 'exit 3'; exit $LASTEXITCODE", 3)]
    [InlineData("Get-V2VSourceGuest nope.vmx", 0)]
    [InlineData("$ErrorActionPreference = 'Stop'; Get-V2VSourceGuest nope.vmx", 1)]
    public void A_script_ends_with_its_exit_code(string script, int expected) => Assert.Equal(expected, Shell("", Script(script)).ExitCode);

    [Fact]
    public void A_script_gets_its_arguments_as_pwsh_would_pass_them()
    {
        var script = Script("param([string] $Task, [switch] $Fast, [int] $Count, [Parameter(ValueFromRemainingArguments)] $Rest)\n\"$Task|$Fast|$Count|$Rest|$PSScriptRoot\"");
        Assert.Equal($"it's $HOME|True|3|a b|{_folder}\n", Shell("", script, "-Task", "it's $HOME", "-Fast", "-Count:3", "a", "b").Output);
        Assert.Equal($"|False|0||{_folder}\n", Shell("", script, "-Fast:$false").Output);
    }

    [Fact]
    public void A_script_loads_the_module_only_when_it_uses_it()
    {
        var path = Guests.WriteVmx(_folder, "web01");
        var script = Script($$"""
            (Get-Module).Name -contains 'V2V'
            (Get-V2VSourceGuest '{{path}}').Name
            (Get-Module).Name -contains 'V2V'
            """);
        Assert.Equal("False\nweb01\nTrue\n", Shell("", script).Output);
    }

    [Fact]
    public void Output_of_programs_passes_through()
    {
        var (_, output, error) = Shell("", "-Command", "& sh -c 'echo to output; echo to error >&2'");
        Assert.Equal("to output\n", output);
        Assert.Contains("to error", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_of_the_input_are_run_until_exit()
    {
        var path = Guests.WriteVmx(_folder, "web01");
        var (exitCode, output, error) = Shell($"$x = @(\n 1\n 2 )\n\n$x.Count\n(Get-V2VSourceGuest '{path}').Name\nthrow 'goes on'\nexit 4\n'never'\n");
        Assert.Equal(4, exitCode);
        Assert.Equal("2\nweb01\n", output);
        Assert.Contains("goes on", error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_end_of_the_input_ends_the_shell() => Assert.Equal((0, "1\n"), Parts(Shell("1\n")));

    [Fact]
    public void A_question_is_answered_from_the_input()
    {
        var (exitCode, output, error) = Shell("Y\n", "-Command", "New-V2VProfile shelltest -Confirm | ForEach-Object Name");
        Assert.Equal((0, "shelltest\n"), (exitCode, output));
        Assert.Contains("[Y] Yes", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_question_that_nobody_can_answer_is_an_error() =>
        Assert.Equal(1, Shell("", "-Command", "New-V2VProfile shelltest2 -Confirm").ExitCode);

    [Theory]
    [InlineData(InterruptSignal)]
    [InlineData(TerminateSignal)]
    public void A_signal_stops_the_pipeline_and_is_the_exit_code(int signal)
    {
        using var process = Start("-Command", "'started'; try { while ($true) { } } finally { [Console]::Out.WriteLine('cleaned up') }");
        Assert.Equal("started", process.StandardOutput.ReadLine());
        Assert.Equal(0, Kill(process.Id, signal));
        Assert.Equal("cleaned up\n", process.StandardOutput.ReadToEnd());
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(30)));
        Assert.Equal(128 + signal, process.ExitCode);
    }

    [Theory]
    [InlineData(64, "-Bogus")]
    [InlineData(64, "nosuch.ps1")]
    [InlineData(64, "-Command")]
    [InlineData(0, "-Help")]
    public void A_command_line_that_is_wrong_shows_the_usage(int expected, string argument)
    {
        var (exitCode, output, error) = Shell("", argument);
        Assert.Equal(expected, exitCode);
        Assert.Contains("Usage: v2v-shell", output + error, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static (int ExitCode, string Output) Parts((int ExitCode, string Output, string Error) result) => (result.ExitCode, result.Output);

    private string Script(string text)
    {
        var path = Path.Combine(_folder, "script.ps1");
        File.WriteAllText(path, text);
        return path;
    }

    private static (int ExitCode, string Output, string Error) Shell(string input, params IReadOnlyList<string> arguments)
    {
        using var process = Start([.. arguments]);
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        if (!process.WaitForExit(TimeSpan.FromSeconds(120)))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"The shell did not end: {string.Join(' ', arguments)}");
        }

        return (process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
    }

    private static Process Start(params IReadOnlyList<string> arguments)
    {
        var start = ShellProcess.Create(arguments);
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        return Process.Start(start)!;
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}
