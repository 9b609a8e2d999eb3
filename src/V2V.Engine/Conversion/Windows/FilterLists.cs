using V2V.Engine.Registry;

namespace V2V.Engine.Conversion.Windows;

/// <summary>
/// The lists of filter drivers that devices are put together with: of setup classes (Control\Class) and of single devices (Enum). A device does
/// not start when a driver in its list cannot be loaded, and without the disk class there is no Windows; so before a driver is disabled, it
/// has to leave these lists.
/// </summary>
internal static class FilterLists
{
    /// <summary>Bounds what is looked at below Enum; a machine of many years has some thousand devices.</summary>
    private const int MaxDevices = 100_000;

    private static readonly string[] Names = ["UpperFilters", "LowerFilters"];

    /// <summary>Takes services out of every list that names them.</summary>
    public static void Remove(ConversionContext context, ICollection<string> services, string why)
    {
        foreach (var (key, name, list) in OfClasses(context.Registry).Concat(OfDevices(context.Registry)).ToArray())
        {
            var kept = list.Where(driver => !services.Contains(driver, StringComparer.OrdinalIgnoreCase)).ToArray();
            if (kept.Length == list.Count)
            {
                continue;
            }

            if (kept.Length == 0)
            {
                context.Registry.DeleteValue(key, name, why);
            }
            else
            {
                context.Registry.SetStrings(key, name, kept, why);
            }
        }
    }

    /// <summary>The lists of setup classes: key, value and drivers.</summary>
    public static IEnumerable<(string Key, string Name, IReadOnlyList<string> Drivers)> OfClasses(RegistryEditor registry) =>
        from set in registry.ControlSets
        from @class in registry.Find($@"{set}\Control\Class")?.Keys ?? []
        from list in Lists(@class, $@"{set}\Control\Class\{@class.Name}")
        select list;

    /// <summary>The lists of single devices: Enum\BUS\DEVICE\INSTANCE.</summary>
    private static IEnumerable<(string Key, string Name, IReadOnlyList<string> Drivers)> OfDevices(RegistryEditor registry) =>
        from set in registry.ControlSets
        from found in (
            from bus in registry.Find($@"{set}\Enum")?.Keys ?? []
            from device in bus.Keys
            from instance in device.Keys
            select (Key: instance, Path: $@"{set}\Enum\{bus.Name}\{device.Name}\{instance.Name}")).Take(MaxDevices)
        from list in Lists(found.Key, found.Path)
        select list;

    private static IEnumerable<(string Key, string Name, IReadOnlyList<string> Drivers)> Lists(RegistryKey key, string path)
    {
        foreach (var name in Names)
        {
            if (key.GetStrings(name) is { Count: > 0 } list)
            {
                yield return (path, name, list);
            }
        }
    }
}
