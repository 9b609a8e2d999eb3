using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using System.Runtime.InteropServices;
using System.Text;

// The namespace V2V.PowerShell is nearer than the class.
using Pipeline = System.Management.Automation.PowerShell;

namespace V2V.Shell;

/// <summary>A runspace with the V2V module, and the ways to run something in it.</summary>
internal sealed class ShellSession : IDisposable
{
    private const int Failure = 1;
    private const int Signalled = 128;

    private readonly ShellHost _host = new();
    private readonly Runspace _runspace;
    private readonly List<PosixSignalRegistration> _signals = [];
    private readonly Lock _lock = new();
    private Pipeline? _running;
    private PosixSignal? _stoppedBy;

    public ShellSession(ShellMode mode)
    {
        var state = InitialSessionState.CreateDefault2();
        var module = V2VModule.Find();
        // A script may be the one that builds the module, so there it is loaded by the first use of one of its commands.
        var isLazy = mode == ShellMode.Script;
        if (module is not null && !isLazy)
        {
            state.ImportPSModule([module]);
            state.ThrowOnRunspaceOpenError = true;
        }

        _runspace = RunspaceFactory.CreateRunspace(_host, state);
        _runspace.Open();
        if (module is not null && isLazy)
        {
            V2VModule.ImportOnFirstUse(_runspace, module);
        }

        // A scheduler ends its jobs with SIGTERM; a conversion must clean up then as after Ctrl+C.
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP })
        {
            _signals.Add(PosixSignalRegistration.Create(signal, Stop));
        }
    }

    public int Run(ShellArguments arguments) => arguments.Mode switch
    {
        ShellMode.Command => RunCommand(arguments.Text),
        ShellMode.Script => RunScript(arguments.Text, arguments.Arguments),
        _ => RunInteractively(),
    };

    // As with pwsh -Command, the last command decides: a scheduler must learn of a guest that failed.
    private int RunCommand(string text) => ExitCode(Invoke(text + "\nif (-not $?) { exit 1 }"));

    private int RunScript(string path, IReadOnlyList<string> arguments)
    {
        var script = new StringBuilder("$global:LASTEXITCODE = 0; & ").Append(ScriptArguments.Quote(Path.GetFullPath(path)));
        foreach (var argument in arguments)
        {
            script.Append(' ').Append(ScriptArguments.ToSource(argument));
        }

        // 'exit N' ends a script file, not the caller; it leaves N behind, and $? false when N is not 0.
        script.Append("\nif (-not $? -and $LASTEXITCODE) { exit $LASTEXITCODE }");
        return ExitCode(Invoke(script.ToString()));
    }

    private int RunInteractively()
    {
        var text = new StringBuilder();
        while (_host.ExitCode is null)
        {
            if (_host.Terminal.ReadLine(Prompt(isContinuation: text.Length > 0)) is not { } line)
            {
                break;
            }

            text.AppendLine(line);
            Parser.ParseInput(text.ToString(), out _, out var errors);
            // An empty line ends what would otherwise wait for more for ever.
            if (errors.Any(error => error.IncompleteInput) && line.Length > 0)
            {
                continue;
            }

            Invoke(text.ToString(), addToHistory: true);
            text.Clear();
        }

        return _host.ExitCode ?? 0;
    }

    /// <summary>Runs a script to its end, showing what it writes. False when an error ended it.</summary>
    private bool Invoke(string text, bool addToHistory = false)
    {
        using var shell = Pipeline.Create(_runspace);
        shell.AddScript(text, useLocalScope: false).AddCommand("Out-Default");
        shell.Commands.Commands[0].MergeMyResults(PipelineResultTypes.Error, PipelineResultTypes.Output);
        lock (_lock)
        {
            _running = shell;
            _stoppedBy = null;
        }

        try
        {
            shell.Invoke(null, new PSInvocationSettings { AddToHistory = addToHistory });
            return _stoppedBy is null;
        }
        catch (PipelineStoppedException)
        {
            return false;
        }
        catch (RuntimeException e)
        {
            Show(e.ErrorRecord);
            return false;
        }
        finally
        {
            lock (_lock)
            {
                _running = null;
            }

            _host.Terminal.EndProgress();
        }
    }

    private int ExitCode(bool succeeded) => _stoppedBy switch
    {
        PosixSignal.SIGINT => Signalled + 2,
        PosixSignal.SIGTERM => Signalled + 15,
        PosixSignal.SIGHUP => Signalled + 1,
        _ => _host.ExitCode ?? (succeeded ? 0 : Failure),
    };

    /// <summary>Writes an error that ended a script as if it were one that did not, so that it looks alike and goes to the same stream.</summary>
    private void Show(ErrorRecord error)
    {
        using var shell = Pipeline.Create(_runspace);
        shell.AddScript("[CmdletBinding()] param($record) $PSCmdlet.WriteError($record)").AddArgument(error).AddCommand("Out-Default");
        shell.Commands.Commands[0].MergeMyResults(PipelineResultTypes.Error, PipelineResultTypes.Output);
        shell.Invoke();
    }

    private string Prompt(bool isContinuation)
    {
        if (isContinuation)
        {
            return ">> ";
        }

        using var shell = Pipeline.Create(_runspace);
        return shell.AddScript("prompt").Invoke<string>() is [{ Length: > 0 } prompt, ..] ? prompt : "PS> ";
    }

    private void Stop(PosixSignalContext context)
    {
        Pipeline? running;
        lock (_lock)
        {
            running = _running;
            if (running is null)
            {
                // At the prompt the signal does what it does to any program.
                return;
            }

            _stoppedBy = context.Signal;
        }

        context.Cancel = true;
        running.BeginStop(null, null);
    }

    public void Dispose()
    {
        _signals.ForEach(signal => signal.Dispose());
        _runspace.Dispose();
    }
}
