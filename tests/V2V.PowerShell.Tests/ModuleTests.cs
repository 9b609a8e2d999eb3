using System.Management.Automation;
using System.Management.Automation.Language;
using System.Reflection;
using V2V.PowerShell.Commands;

namespace V2V.PowerShell.Tests;

public sealed class ModuleTests : IDisposable
{
    private static readonly List<Type> Cmdlets =
        [.. typeof(V2VCommand).Assembly.GetTypes().Where(type => type.GetCustomAttribute<CmdletAttribute>() is not null)];

    private readonly Session _session = new();

    public static TheoryData<string> CmdletNames => [.. Cmdlets.Select(NameOf)];

    [Fact]
    public void The_manifest_is_valid_and_exports_exactly_the_cmdlets()
    {
        var module = _session.Run("param($p) Test-ModuleManifest $p", Repository.Manifest).Only<PSModuleInfo>();
        Assert.Equal(Cmdlets.Select(NameOf).Order(), module.ExportedCmdlets.Keys.Order());
        Assert.Equal(typeof(V2VCommand).Assembly.GetName().Version!.ToString(3), module.Version.ToString());
        Assert.Empty(module.ExportedFunctions);
        Assert.Empty(module.ExportedAliases);
    }

    [Fact]
    public void The_commands_belong_to_the_module() =>
        Assert.Equal(["V2V"], _session.Run("Get-Command *-V2V*").All<CommandInfo>().Select(command => command.ModuleName).Distinct());

    [Fact]
    public void The_module_ships_no_copy_of_PowerShell() =>
        Assert.False(File.Exists(Path.Combine(Repository.Root, "module", "bin", "System.Management.Automation.dll")));

    [Theory]
    [MemberData(nameof(CmdletNames))]
    public void A_cmdlet_is_sealed_and_says_what_it_returns(string name)
    {
        var type = Cmdlets.Single(t => NameOf(t) == name);
        Assert.True(type.IsSealed);
        Assert.Equal(name.Replace("-", "", StringComparison.Ordinal) + "Command", type.Name);
        Assert.NotEmpty(type.GetCustomAttributes<OutputTypeAttribute>());
        Assert.NotEmpty(_session.Run("param($n) (Get-Command $n).OutputType", name).All<PSTypeName>());
    }

    [Fact]
    public void Build_script_uses_only_what_the_bare_engine_has()
    {
        var script = Parser.ParseFile(Path.Combine(Repository.Root, "build.ps1"), out _, out var errors);
        Assert.Empty(errors.Select(error => error.Message));
        var functions = script.FindAll(ast => ast is FunctionDefinitionAst, true).Cast<FunctionDefinitionAst>().Select(f => f.Name);
        string[] programs = ["dotnet", "id", "dpkg-query"];
        var known = functions.Concat(programs).Concat(_session.Run("Get-Command").All<CommandInfo>().Select(c => c.Name)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var used = script.FindAll(ast => ast is CommandAst, true).Cast<CommandAst>().Select(c => c.GetCommandName()).OfType<string>();
        Assert.All(used, name => Assert.Contains(name, known));
    }

    /// <summary>These need pwsh, or time; here it is only seen that they are scripts and call the module as it is.</summary>
    [Theory]
    [InlineData("tests/Pester/V2V.Tests.ps1")]
    [InlineData("tests/Benchmarks/import-time.ps1")]
    public void A_script_parses_and_names_parameters_that_exist(string path)
    {
        var script = Parser.ParseFile(Path.Combine(Repository.Root, path), out _, out var errors);
        Assert.Empty(errors.Select(error => error.Message));
        foreach (var command in script.FindAll(ast => ast is CommandAst, searchNestedScriptBlocks: true).Cast<CommandAst>())
        {
            if (Help.Cmdlet.All.FirstOrDefault(cmdlet => cmdlet.Name == command.GetCommandName()) is { } cmdlet)
            {
                var known = cmdlet.ParameterSets.SelectMany(set => set.Parameters.Select(parameter => parameter.Name)).ToHashSet();
                Assert.All(command.CommandElements.OfType<CommandParameterAst>(), parameter => Assert.Contains(parameter.ParameterName, known));
            }
        }
    }

    public void Dispose() => _session.Dispose();

    private static string NameOf(Type type)
    {
        var cmdlet = type.GetCustomAttribute<CmdletAttribute>()!;
        return $"{cmdlet.VerbName}-{cmdlet.NounName}";
    }
}
