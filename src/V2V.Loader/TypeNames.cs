using System.Management.Automation;
using System.Reflection;

namespace V2V.Loader;

/// <summary>
/// Lets scripts name the engine's types, as in <c>catch [V2V.Engine.V2VException]</c>. PowerShell looks for a name in the default load context
/// only, and among its type accelerators, which is how modules export types (about_Classes, "Exporting classes with type accelerators").
/// </summary>
internal static class TypeNames
{
    private static readonly Type Accelerators = typeof(PSObject).Assembly.GetType("System.Management.Automation.TypeAccelerators", throwOnError: true)!;
    private static readonly Lock Registering = new();

    public static void Register(Assembly engine)
    {
        lock (Registering)
        {
            var known = (IDictionary<string, Type>)Accelerators.GetProperty("Get")!.GetValue(null)!;
            var add = Accelerators.GetMethod("Add", [typeof(string), typeof(Type)])!.CreateDelegate<Action<string, Type>>();
            foreach (var type in engine.GetExportedTypes())
            {
                if (!known.ContainsKey(type.FullName!))
                {
                    add(type.FullName!, type);
                }
            }
        }
    }
}
