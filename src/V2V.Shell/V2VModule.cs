using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;

using Pipeline = System.Management.Automation.PowerShell;

namespace V2V.Shell;

/// <summary>Finds and loads the module that this shell is for.</summary>
internal static class V2VModule
{
    private const string ManifestName = "V2V.psd1";

    /// <summary>The manifest beside the executable or in a folder above it; null when there is none.</summary>
    public static string? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var manifest = Path.Combine(folder.FullName, ManifestName);
            if (File.Exists(manifest))
            {
                return manifest;
            }
        }

        return null;
    }

    /// <summary>Loads the module when a script uses one of its commands.</summary>
    public static void ImportOnFirstUse(Runspace runspace, string manifest)
    {
        runspace.SessionStateProxy.InvokeCommand.CommandNotFoundAction = (_, lookup) =>
        {
            if (!ExportedCommands(manifest).Contains(lookup.CommandName, StringComparer.OrdinalIgnoreCase))
            {
                return;
            }

            using var shell = Pipeline.Create(RunspaceMode.CurrentRunspace);
            var module = shell.AddCommand("Import-Module").AddParameter("Name", manifest).AddParameter("Global").AddParameter("PassThru")
                .AddParameter("ErrorAction", ActionPreference.Stop).Invoke<PSModuleInfo>().Single();
            lookup.Command = module.ExportedCommands.Values.Single(c => c.Name.Equals(lookup.CommandName, StringComparison.OrdinalIgnoreCase));
            lookup.StopSearch = true;
        };
    }

    private static IEnumerable<string> ExportedCommands(string manifest)
    {
        var content = (Hashtable)Parser.ParseFile(manifest, out _, out _).Find(ast => ast is HashtableAst, searchNestedScriptBlocks: false).SafeGetValue();
        return ((IEnumerable)content["CmdletsToExport"]!).Cast<object>().Select(name => name.ToString()!);
    }
}
