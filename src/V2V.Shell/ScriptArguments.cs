using System.Management.Automation.Language;
using System.Text.RegularExpressions;

namespace V2V.Shell;

/// <summary>Turns arguments of the command line into PowerShell source, as pwsh -File reads them.</summary>
internal static partial class ScriptArguments
{
    public static string Quote(string text) => $"'{CodeGeneration.EscapeSingleQuotedStringContent(text)}'";

    /// <summary>"-Name" stays a parameter's name and "-Name:value" its name and value; all else is a text.</summary>
    public static string ToSource(string argument)
    {
        var match = ParameterPattern().Match(argument);
        if (!match.Success)
        {
            return Quote(argument);
        }

        var name = match.Groups["name"].Value;
        if (!match.Groups["value"].Success)
        {
            return name;
        }

        var value = match.Groups["value"].Value;
        return value.ToLowerInvariant() is "$true" or "$false" or "$null" ? $"{name}:{value}" : $"{name}:{Quote(value)}";
    }

    [GeneratedRegex(@"^(?<name>-[\p{L}_][\p{L}\p{Nd}_]*)(:(?<value>.*))?$", RegexOptions.ExplicitCapture | RegexOptions.Singleline)]
    private static partial Regex ParameterPattern();
}
