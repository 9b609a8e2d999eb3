using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using V2V.Engine;
using V2V.Engine.Profiles;
using V2V.Engine.Profiles.VirtV2VConf;

namespace V2V.PowerShell;

/// <summary>Completes the names of profiles: stored ones, or those of the configuration files of virt-v2v that the command line names.</summary>
public sealed class ProfileNameCompleter : IArgumentCompleter
{
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var pattern = WildcardPattern.Get(wordToComplete.Trim('\'', '"') + "*", WildcardOptions.IgnoreCase);
        var names = Text(fakeBoundParameters, "ConfigPath") is { Length: > 0 } configured ? Configured(configured)
            : parameterName == "ProfileName" ? Configured(Text(fakeBoundParameters, "FromVirtV2VConfig"))
            : Stored(fakeBoundParameters["Scope"]);
        return names
            .Where(profile => pattern.IsMatch(profile.Name))
            .DistinctBy(profile => profile.Name, StringComparer.OrdinalIgnoreCase)
            .OrderBy(profile => profile.Name, StringComparer.OrdinalIgnoreCase)
            .Select(profile => new CompletionResult(Quote(profile.Name), profile.Name, CompletionResultType.ParameterValue, profile.Place));
    }

    private static IEnumerable<(string Name, string Place)> Stored(object? scope)
    {
        var stores = Enum.TryParse<ProfileScope>(scope?.ToString(), ignoreCase: true, out var wanted) ? [ProfileStore.For(wanted)] : ProfileStores.All;
        return stores.SelectMany(store => store.Names().Select(name => (name, Path.Combine(store.Directory, name + ".json"))));
    }

    /// <summary>Nothing when the files cannot be read: who runs the command is told why.</summary>
    private static IEnumerable<(string Name, string Place)> Configured(IReadOnlyList<string> paths)
    {
        try
        {
            return VirtV2VConfig.Load(paths.Select(FullPath)).ProfileNames.Select(name => (name, string.Join(", ", paths)));
        }
        catch (Exception e) when (e is V2VException or RuntimeException or ArgumentException)
        {
            return [];
        }
    }

    /// <summary>PowerShell's current location need not be the process's.</summary>
    internal static string FullPath(string path)
    {
        using var shell = System.Management.Automation.PowerShell.Create(RunspaceMode.CurrentRunspace);
        return shell.AddScript("param($p) $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($p)")
            .AddArgument(path).Invoke<string>().FirstOrDefault() ?? path;
    }

    private static string[] Text(IDictionary parameters, string name) => parameters[name] switch
    {
        string text => [text],
        IEnumerable texts => [.. texts.Cast<object?>().Select(text => text?.ToString()).OfType<string>()],
        _ => [],
    };

    internal static string Quote(string name) =>
        name.All(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.') ? name : $"'{CodeGeneration.EscapeSingleQuotedStringContent(name)}'";
}
