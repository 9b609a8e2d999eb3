using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using V2V.Engine;
using V2V.Engine.Profiles;
using V2V.Engine.Sources;
using V2V.Engine.Sources.Libvirt;

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

/// <summary>Completes the names of the guests of a libvirt connection that the command line names.</summary>
public sealed class LibvirtGuestNameCompleter : IArgumentCompleter
{
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        ArgumentNullException.ThrowIfNull(fakeBoundParameters);
        if (fakeBoundParameters["Connection"]?.ToString() is not { Length: > 0 } uri)
        {
            return [];
        }

        var pattern = WildcardPattern.Get(wordToComplete.Trim('\'', '"') + "*", WildcardOptions.IgnoreCase);
        try
        {
            return [.. LibvirtSource.Names(uri, new SourceOptions()).Where(pattern.IsMatch).Select(name => new CompletionResult(Quoted(name), name, CompletionResultType.ParameterValue, uri))];
        }
        catch (V2VException)
        {
            return []; // Who presses Tab does not expect an error.
        }
    }

    private static string Quoted(string name) =>
        name.All(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.') ? name : $"'{CodeGeneration.EscapeSingleQuotedStringContent(name)}'";
}
