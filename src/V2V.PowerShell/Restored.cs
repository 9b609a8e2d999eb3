using System.Collections;
using System.Management.Automation;
using System.Reflection;

namespace V2V.PowerShell;

/// <summary>
/// Makes the engine's data anew of what Import-Clixml, jobs and remoting make of it: objects of no type, whose properties have the same names. Only for
/// showing them: what a disk is opened with is not stored.
/// </summary>
internal static class Restored
{
    /// <summary>The object itself if it is a <typeparamref name="T"/>, or one with the properties of a stored one; null for null.</summary>
    public static T? As<T>(object? value)
        where T : class => (T?)Convert(value, typeof(T));

    public static IReadOnlyList<T> List<T>(object value) => (IReadOnlyList<T>)Convert(value, typeof(IReadOnlyList<T>))!;

    private static object? Convert(object? value, Type type)
    {
        var plain = value is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : value;
        if (plain is null || type.IsInstanceOfType(plain))
        {
            return plain;
        }

        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsGenericType && type.IsInterface && typeof(IEnumerable).IsAssignableFrom(type))
        {
            var element = type.GetGenericArguments()[0];
            object?[] items = [.. (plain as IEnumerable ?? new[] { plain }).Cast<object?>().Select(item => Convert(item, element))];
            var list = Array.CreateInstance(element, items.Length);
            items.CopyTo(list, 0);
            return list;
        }

        return type.Assembly == typeof(Engine.Concern).Assembly && type.IsClass
            ? Make(PSObject.AsPSObject(value), type)
            : LanguagePrimitives.ConvertTo(plain, type, System.Globalization.CultureInfo.InvariantCulture);
    }

    private static object? Make(PSObject stored, Type type)
    {
        object? Property(string name, Type wanted) => Convert(stored.Properties[name]?.Value, wanted);

        if (type.GetConstructors().MaxBy(candidate => candidate.GetParameters().Length) is not { } constructor)
        {
            return null; // Only the engine makes it, and no view shows it.
        }

        var made = constructor.Invoke([.. constructor.GetParameters().Select(parameter =>
            Property(parameter.Name!, parameter.ParameterType) ?? (parameter.HasDefaultValue ? parameter.DefaultValue : null))]);
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (property.CanWrite && Property(property.Name, property.PropertyType) is { } value)
            {
                property.SetValue(made, value);
            }
        }

        return made;
    }
}
