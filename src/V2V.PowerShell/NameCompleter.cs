using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using V2V.Engine;

namespace V2V.PowerShell;

/// <summary>
/// Completes names that have to be looked up. Who presses Tab expects neither an error nor a long wait: what fails or takes longer than two seconds
/// has no names.
/// </summary>
public abstract class NameCompleter : IArgumentCompleter
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        ArgumentNullException.ThrowIfNull(fakeBoundParameters);
        var pattern = WildcardPattern.Get(WildcardPattern.Escape((wordToComplete ?? "").Trim('\'', '"')) + "*", WildcardOptions.IgnoreCase);
        // What is bound may only be asked for on this thread, where the runspace is.
        var look = Prepare(fakeBoundParameters);
        return
        [
            .. Known(fakeBoundParameters).Concat(look is null ? [] : InTime(look))
                .DistinctBy(found => found.Name, StringComparer.Ordinal)
                .Where(found => pattern.IsMatch(found.Name))
                .Select(found => new CompletionResult(ProfileNameCompleter.Quote(found.Name), found.Name, CompletionResultType.ParameterValue, found.ToolTip)),
        ];
    }

    /// <summary>Names that need no looking up.</summary>
    private protected virtual IEnumerable<(string Name, string ToolTip)> Known(IDictionary parameters) => [];

    /// <summary>What looks names up, on another thread; null when the command line does not say enough.</summary>
    private protected abstract Func<CancellationToken, IEnumerable<(string Name, string ToolTip)>>? Prepare(IDictionary parameters);

    private static List<(string Name, string ToolTip)> InTime(Func<CancellationToken, IEnumerable<(string Name, string ToolTip)>> look)
    {
        using var giveUp = new CancellationTokenSource();
        var work = Task.Factory.StartNew(
            () => look(giveUp.Token).ToList(), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            if (work.Wait(Patience))
            {
                return work.Result;
            }

            giveUp.Cancel();
            return [];
        }
        catch (AggregateException e) when (e.InnerException is V2VException or OperationCanceledException or IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            return [];
        }
    }

    private protected static string? Text(IDictionary parameters, string name) =>
        parameters[name] switch
        {
            string text => text,
            IEnumerable several => several.Cast<object?>().FirstOrDefault()?.ToString(),
            var other => other?.ToString(),
        };
}
