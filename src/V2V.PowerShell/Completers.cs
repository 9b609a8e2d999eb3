using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using V2V.Engine.Profiles;

namespace V2V.PowerShell;

/// <summary>Completes the names of stored profiles.</summary>
public sealed class ProfileNameCompleter : IArgumentCompleter
{
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var store = ProfileStore.ForUser();
        var pattern = WildcardPattern.Get(wordToComplete.Trim('\'', '"') + "*", WildcardOptions.IgnoreCase);
        return store.Names()
            .Where(pattern.IsMatch)
            .Select(name => new CompletionResult(name, name, CompletionResultType.ParameterValue, Path.Combine(store.Directory, name + ".json")));
    }
}
