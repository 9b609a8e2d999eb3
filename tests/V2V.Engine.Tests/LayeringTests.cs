using System.Reflection;
using System.Reflection.Emit;
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

    /// <summary>ECMA-335, III.1.2.1.</summary>
    private static readonly Dictionary<short, OpCode> OpCodesByValue = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

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

    /// <summary>Declaring types of the methods that a body calls.</summary>
    private static IEnumerable<Type> CalledMembers(MethodBase method)
    {
        var il = method.GetMethodBody()?.GetILAsByteArray() ?? [];
        for (var i = 0; i < il.Length;)
        {
            var opcode = OpCodesByValue[il[i] == 0xFE ? unchecked((short)(0xFE00 | il[i + 1])) : il[i]];
            i += opcode.Size;
            if (opcode.OperandType is OperandType.InlineMethod && Resolve(method, BitConverter.ToInt32(il, i)) is { } declaring)
            {
                yield return declaring;
            }

            i += opcode.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(il, i)),
                _ => 4,
            };
        }
    }

    private static Type? Resolve(MethodBase method, int token)
    {
        try
        {
            return method.Module.ResolveMethod(
                token, method.DeclaringType?.GetGenericArguments(), method.IsGenericMethod ? method.GetGenericArguments() : null)?.DeclaringType;
        }
        catch (TypeLoadException)
        {
            return null; // Of a library that tests do not have.
        }
    }
}
