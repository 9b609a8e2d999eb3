using System.Management.Automation;
using System.Reflection;
using V2V.PowerShell.Commands;

namespace V2V.Help;

/// <summary>A cmdlet of the module as PowerShell sees it.</summary>
internal sealed class Cmdlet(string name, Type type)
{
    public static IReadOnlyList<Cmdlet> All { get; } =
    [
        .. from type in typeof(V2VCommand).Assembly.GetExportedTypes()
           let attribute = type.GetCustomAttribute<CmdletAttribute>()
           where attribute is not null
           orderby attribute.NounName, attribute.VerbName
           select new Cmdlet($"{attribute.VerbName}-{attribute.NounName}", type),
    ];

    public string Name => name;

    /// <summary>The default set first.</summary>
    public IReadOnlyList<CommandParameterSetInfo> ParameterSets { get; } =
        [.. new CmdletInfo(name, type).ParameterSets.OrderByDescending(set => set.IsDefault)];

    /// <summary>Its own parameters in the order of their names, those of ShouldProcess last.</summary>
    public IEnumerable<CommandParameterInfo> Parameters => ParameterSets.SelectMany(InSyntax).DistinctBy(parameter => parameter.Name)
        .OrderBy(parameter => IsOfShouldProcess(parameter.Name)).ThenBy(parameter => parameter.Name, StringComparer.Ordinal);

    /// <summary>A set's parameters as a syntax line has them: by position, then what must be given, then the rest.</summary>
    public static IEnumerable<CommandParameterInfo> InSyntax(CommandParameterSetInfo set) => set.Parameters
        .Where(parameter => IsOfShouldProcess(parameter.Name) || !IsCommon(parameter.Name))
        .OrderBy(parameter => IsOfShouldProcess(parameter.Name))
        .ThenBy(parameter => parameter.Position < 0 ? int.MaxValue : parameter.Position)
        .ThenByDescending(parameter => parameter.IsMandatory);

    /// <summary>"[-Path] &lt;String[]&gt;", "[-Force]".</summary>
    public static string Usage(CommandParameterInfo parameter)
    {
        var name = parameter.Position >= 0 ? $"[-{parameter.Name}]" : $"-{parameter.Name}";
        var usage = parameter.ParameterType == typeof(SwitchParameter) ? $"-{parameter.Name}" : $"{name} <{TypeName(parameter.ParameterType)}>";
        return parameter.IsMandatory ? usage : $"[{usage}]";
    }

    /// <summary>"String[]", "Int64": a value that need not be given is called as the value.</summary>
    public static string TypeName(Type type) => (Nullable.GetUnderlyingType(type) ?? type).Name;

    /// <summary>The values that Tab offers: those of an enumeration or a ValidateSet.</summary>
    public static IReadOnlyList<string> AcceptedValues(CommandParameterInfo parameter)
    {
        var type = Nullable.GetUnderlyingType(parameter.ParameterType) ?? parameter.ParameterType;
        type = type.GetElementType() ?? type;
        return parameter.Attributes.OfType<ValidateSetAttribute>().FirstOrDefault()?.ValidValues.ToArray()
            ?? (type.IsEnum ? Enum.GetNames(type) : []);
    }

    /// <summary>"True (ByPropertyName, ByValue)" or "False".</summary>
    public static string PipelineInput(CommandParameterInfo parameter) =>
        (parameter.ValueFromPipelineByPropertyName, parameter.ValueFromPipeline) switch
        {
            (true, true) => "True (ByPropertyName, ByValue)",
            (true, false) => "True (ByPropertyName)",
            (false, true) => "True (ByValue)",
            _ => "False",
        };

    public static bool AcceptsWildcards(CommandParameterInfo parameter) => parameter.Attributes.OfType<SupportsWildcardsAttribute>().Any();

    public static bool IsOfShouldProcess(string parameter) => parameter is "WhatIf" or "Confirm";

    internal static bool IsCommon(string parameter) => System.Management.Automation.Cmdlet.CommonParameters.Contains(parameter);
}
