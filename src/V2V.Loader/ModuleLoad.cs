using System.Management.Automation;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace V2V.Loader;

/// <summary>
/// Runs when the module is imported, before its cmdlets are looked at: says where V2V.Engine comes from, whose types the cmdlets' parameters have.
/// Nothing of it is undone when the module is removed. Assemblies stay loaded until the process ends, and other runspaces may have the module too.
/// </summary>
public sealed class ModuleLoad : IModuleAssemblyInitializer
{
    private const string Engine = "V2V.Engine";

    // One for the process: a module that is imported again, or in another runspace, has the same types.
    private static readonly Lazy<EngineContext> Context = new(CreateContext);

    public void OnImport()
    {
        // A program that brings the engine along, as tests do, goes on with its own.
        var engine = Context.Value.Loaded ?? AssemblyLoadContext.Default.LoadFromAssemblyName(new AssemblyName(Engine));
        TypeNames.Register(engine);
    }

    private static EngineContext CreateContext()
    {
        var context = new EngineContext(Path.Combine(Path.GetDirectoryName(typeof(ModuleLoad).Assembly.Location)!, "engine"));
        AssemblyLoadContext.Default.Resolving += (_, name) => name.Name == Engine ? context.Load() : null;
        return context;
    }

    /// <summary>
    /// The engine and the libraries that it uses, apart from what other modules load: two versions of one library cannot be in one context, and
    /// whose comes second would have to do with the first one's.
    /// </summary>
    private sealed class EngineContext(string folder) : AssemblyLoadContext("V2V")
    {
        /// <summary>Null until the engine was asked for.</summary>
        public Assembly? Loaded => Assemblies.FirstOrDefault(assembly => assembly.GetName().Name == Engine);

        /// <summary>The engine as it was compiled ahead for this platform, if the package has that: .NET refuses what was compiled for another.</summary>
        public Assembly? Load()
        {
            var ahead = Path.Combine(folder, Platform, Engine + ".dll");
            return File.Exists(ahead) ? LoadFromAssemblyPath(ahead) : Load(new AssemblyName(Engine));
        }

        /// <summary>What is not in the folder is .NET's or PowerShell's, and shared.</summary>
        protected override Assembly? Load(AssemblyName assemblyName)
        {
            var path = Path.Combine(folder, assemblyName.Name + ".dll");
            return File.Exists(path) ? LoadFromAssemblyPath(path) : null;
        }

        /// <summary>As packages of .NET name it, "linux-x64". RuntimeInformation has the name of the distribution in some builds of .NET.</summary>
        private static string Platform =>
            (OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : OperatingSystem.IsLinux() ? "linux" : "other")
            + "-" + RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
    }
}
