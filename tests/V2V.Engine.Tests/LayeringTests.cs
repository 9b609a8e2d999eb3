using System.Reflection;
using Xunit;

namespace V2V.Engine.Tests;

/// <summary>References between the engine's namespaces go one way, from the end of the pipeline to its beginning.</summary>
public sealed class LayeringTests
{
    private const string Root = "V2V.Engine";

    /// <summary>Each layer with the layers that it may use. Every layer may use the engine's root types and itself.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["IO"] = [],
        ["Native"] = [],
        ["Disks"] = ["IO"],
        ["Volumes"] = ["Disks", "IO"],
        ["FileSystems"] = ["Volumes", "Disks", "IO"],
        ["Registry"] = ["FileSystems", "Volumes", "Disks", "IO"],
        ["Sources"] = ["Disks", "IO", "Native"],
        ["Inspection"] = ["Sources", "Registry", "FileSystems", "Volumes", "Disks", "IO"],
        ["Conversion"] = ["Inspection", "Sources", "Registry", "FileSystems", "Volumes", "Disks", "IO"],
        ["Targets"] = ["Conversion", "Inspection", "Sources", "Registry", "FileSystems", "Volumes", "Disks", "IO", "Native"],
        ["Profiles"] = ["Targets", "Conversion", "Inspection"],
    };

    [Fact]
    public void Layers_use_only_the_layers_before_them()
    {
        var wrong = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var type in typeof(V2VException).Assembly.GetTypes())
        {
            if (Layer(type) is not { } layer)
            {
                continue;
            }

            Assert.True(Allowed.ContainsKey(layer), $"{type} is in the layer {layer}, which this test does not know.");
            foreach (var used in Referenced(type).Select(Layer).OfType<string>())
            {
                if (used != layer && !Allowed[layer].Contains(used))
                {
                    wrong.Add($"{type.FullName} uses {used}");
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join(Environment.NewLine, wrong));
    }

    [Fact]
    public void The_engine_knows_neither_PowerShell_nor_the_console()
    {
        var references = typeof(V2VException).Assembly.GetReferencedAssemblies().Select(a => a.Name).ToArray();
        Assert.DoesNotContain("System.Management.Automation", references);
        Assert.DoesNotContain("System.Console", references);
    }

    private static string? Layer(Type type)
    {
        var name = type.Namespace;
        return name is not null && name.StartsWith(Root + ".", StringComparison.Ordinal) ? name[(Root.Length + 1)..].Split('.')[0] : null;
    }

    /// <summary>The types that a type names: base, interfaces, members' signatures, and what its method bodies' locals are.</summary>
    private static IEnumerable<Type> Referenced(Type type)
    {
        const BindingFlags All =
            BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        var found = new List<Type?> { type.BaseType };
        found.AddRange(type.GetInterfaces());
        found.AddRange(type.GetFields(All).Select(f => f.FieldType));
        found.AddRange(type.GetProperties(All).Select(p => p.PropertyType));
        foreach (var method in type.GetMethods(All).Cast<MethodBase>().Concat(type.GetConstructors(All)))
        {
            found.AddRange(method.GetParameters().Select(p => p.ParameterType));
            found.Add((method as MethodInfo)?.ReturnType);
            found.AddRange(method.GetMethodBody()?.LocalVariables.Select(l => l.LocalType) ?? []);
            found.AddRange(CalledMembers(method));
        }

        return found.OfType<Type>().SelectMany(Unwrap);
    }

    private static IEnumerable<Type> Unwrap(Type type)
    {
        if (type.HasElementType)
        {
            return Unwrap(type.GetElementType()!);
        }

        return type.IsGenericType && !type.IsGenericTypeDefinition ? type.GetGenericArguments().SelectMany(Unwrap).Append(type) : [type];
    }

    /// <summary>Declaring types of the methods that a body calls, found by resolving every four bytes that could be a method token.</summary>
    private static IEnumerable<Type> CalledMembers(MethodBase method)
    {
        var il = method.GetMethodBody()?.GetILAsByteArray();
        if (il is null)
        {
            yield break;
        }

        for (var i = 0; i + 5 <= il.Length; i++)
        {
            // call, callvirt, newobj
            if (il[i] is not (0x28 or 0x6F or 0x73))
            {
                continue;
            }

            Type? declaring;
            try
            {
                declaring = method.Module.ResolveMethod(
                    BitConverter.ToInt32(il, i + 1),
                    method.DeclaringType?.GetGenericArguments(),
                    method.IsGenericMethod ? method.GetGenericArguments() : null)?.DeclaringType;
            }
            catch (Exception e) when (e is ArgumentException or BadImageFormatException or TypeLoadException)
            {
                continue;
            }

            if (declaring is not null)
            {
                yield return declaring;
            }
        }
    }
}
