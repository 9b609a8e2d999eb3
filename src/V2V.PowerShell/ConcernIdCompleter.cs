using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using V2V.Engine;

namespace V2V.PowerShell;

/// <summary>Completes the ids of concerns that can be ignored, and shows what each says.</summary>
public sealed class ConcernIdCompleter : IArgumentCompleter
{
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        ArgumentNullException.ThrowIfNull(wordToComplete);
        var pattern = WildcardPattern.Get(wordToComplete.Trim('\'', '"') + "*", WildcardOptions.IgnoreCase);
        return ConcernCatalogue.All
            .Where(kind => kind.CanBeIgnored && pattern.IsMatch(kind.Id))
            .OrderBy(kind => kind.Id, StringComparer.Ordinal)
            .Select(kind => new CompletionResult(kind.Id, kind.Id, CompletionResultType.ParameterValue, kind.Meaning));
    }
}
