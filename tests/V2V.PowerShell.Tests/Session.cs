using System.Management.Automation;
using System.Management.Automation.Runspaces;

using Pipeline = System.Management.Automation.PowerShell;

namespace V2V.PowerShell.Tests;

/// <summary>A runspace with the module, imported by its manifest, and a recording host. One a test.</summary>
internal sealed class Session : IDisposable
{
    private readonly Runspace _runspace;

    public Session(params IReadOnlyList<Type> extraCommands)
        : this(Repository.Manifest, extraCommands)
    {
    }

    private Session(string module, IReadOnlyList<Type> extraCommands, string? formats = null)
    {
        var state = InitialSessionState.CreateDefault2();
        state.ImportPSModule([module]);
        state.ThrowOnRunspaceOpenError = true;
        if (formats is not null)
        {
            state.Formats.Add(new SessionStateFormatEntry(formats));
        }

        foreach (var type in extraCommands)
        {
            var cmdlet = (CmdletAttribute)Attribute.GetCustomAttribute(type, typeof(CmdletAttribute))!;
            state.Commands.Add(new SessionStateCmdletEntry($"{cmdlet.VerbName}-{cmdlet.NounName}", type, helpFileName: null));
        }

        _runspace = RunspaceFactory.CreateRunspace(Host, state);
        _runspace.Open();
    }

    /// <summary>A session with the module's commands and another file of views.</summary>
    public static Session WithViews(string formats) => new(typeof(Commands.V2VCommand).Assembly.Location, [], formats);

    public RecordingHost Host { get; } = new();

    /// <summary>An empty folder, gone with the session.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("v2v-test-").FullName;

    public Pipeline Pipeline() => System.Management.Automation.PowerShell.Create(_runspace);

    /// <summary>Runs a script, giving it what its param block names, and returns everything that it wrote to its streams.</summary>
    /// <exception cref="RuntimeException">A terminating error.</exception>
    public Outcome Run(string script, params IReadOnlyList<object?> arguments)
    {
        using var pipeline = Pipeline();
        pipeline.AddScript(script);
        foreach (var argument in arguments)
        {
            pipeline.AddArgument(argument);
        }

        var output = pipeline.Invoke();
        return new Outcome(
            [.. output.Select(o => o.BaseObject)], [.. pipeline.Streams.Error], [.. pipeline.Streams.Warning.Select(w => w.Message)],
            [.. pipeline.Streams.Verbose.Select(v => v.Message)]);
    }

    /// <summary>The error that ends a script.</summary>
    public ErrorRecord RunToTerminatingError(string script, params IReadOnlyList<object?> arguments)
    {
        Run("$global:ErrorActionPreference = 'Stop'");
        return Assert.ThrowsAny<RuntimeException>(() => Run(script, arguments)).ErrorRecord;
    }

    /// <summary>What a person sees of objects, 120 columns wide.</summary>
    public string Render(params IReadOnlyList<object> objects)
    {
        using var pipeline = Pipeline();
        pipeline.AddCommand("Out-Default").Invoke(objects);
        return Host.Text.ReplaceLineEndings("\n");
    }

    public void Dispose()
    {
        _runspace.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}

internal sealed record Outcome(
    IReadOnlyList<object> Output, IReadOnlyList<ErrorRecord> Errors, IReadOnlyList<string> Warnings, IReadOnlyList<string> Verbose)
{
    /// <summary>The one error's id, without the command's name.</summary>
    public string ErrorId => Assert.Single(Errors).FullyQualifiedErrorId.Split(',')[0];

    /// <summary>The output, where nothing went wrong.</summary>
    public IReadOnlyList<T> All<T>()
    {
        Assert.Empty(Errors.Select(error => error.ToString()));
        return [.. Output.Cast<T>()];
    }

    public T Only<T>() => Assert.Single(All<T>());
}
