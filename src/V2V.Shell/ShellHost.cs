using System.Globalization;
using System.Management.Automation.Host;
using System.Reflection;

namespace V2V.Shell;

/// <summary>What PowerShell's engine knows about the program that it runs in.</summary>
internal sealed class ShellHost : PSHost
{
    private readonly ShellUserInterface _ui;

    public ShellHost() => _ui = new ShellUserInterface(Terminal);

    public Terminal Terminal { get; } = new();

    /// <summary>What 'exit N' asked for; null while nothing has.</summary>
    public int? ExitCode { get; private set; }

    public override string Name => "V2V.Shell";

    public override Version Version { get; } = Assembly.GetExecutingAssembly().GetName().Version!;

    public override Guid InstanceId { get; } = Guid.NewGuid();

    public override PSHostUserInterface UI => _ui;

    public override CultureInfo CurrentCulture => CultureInfo.CurrentCulture;

    public override CultureInfo CurrentUICulture => CultureInfo.CurrentUICulture;

    public override void SetShouldExit(int exitCode) => ExitCode = exitCode;

    public override void EnterNestedPrompt() => throw new NotSupportedException("V2V.Shell has no nested prompts; use pwsh for debugging.");

    public override void ExitNestedPrompt() => throw new NotSupportedException("V2V.Shell has no nested prompts; use pwsh for debugging.");

    public override void NotifyBeginApplication() => Terminal.EndProgress();

    public override void NotifyEndApplication()
    {
    }
}
