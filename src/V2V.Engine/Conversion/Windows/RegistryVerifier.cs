using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;
using V2V.Engine.Registry;

namespace V2V.Engine.Conversion.Windows;

/// <summary>Checks in hives that were opened anew that what the steps recorded is there, and that the drivers that Windows starts with can be loaded.</summary>
internal static class RegistryVerifier
{
    /// <exception cref="ConversionException">A value or key is not as it was recorded.</exception>
    public static void Verify(InspectedGuest again, IReadOnlyList<ConversionChange> changes)
    {
        var hives = new Dictionary<RegistryFile, RegistryHive>();
        for (var i = 0; i < changes.Count; i++)
        {
            if (changes[i].Registry is { } write && !IsUndone(changes, i))
            {
                Check(Find(again, hives, changes[i].Path, write.File), changes[i].Path, write);
            }
        }

        if (again.Windows is { } windows)
        {
            BootDrivers.Verify(again, windows, changes);
        }
    }

    /// <summary>A later change wrote the same value again, or deleted it with its key.</summary>
    private static bool IsUndone(IReadOnlyList<ConversionChange> changes, int index)
    {
        var (path, name, file) = (changes[index].Path, changes[index].Registry!.Name, changes[index].Registry!.File);
        return changes.Skip(index + 1).Any(later => later.Registry is { } write && write.File == file && (write.Name is null
            ? IsSameOrBelow(path, later.Path)
            : name is null ? IsSameOrBelow(later.Path, path)
            : IsSame(later.Path, path) && IsSame(write.Name, name)));
    }

    private static void Check(RegistryKey? key, string path, RegistryWrite write)
    {
        if (write.Name is null)
        {
            ConversionVerifier.Demand(key is null, path, "the key is still there");
            return;
        }

        var value = key?.FindValue(write.Name);
        if (write.Data is null)
        {
            ConversionVerifier.Demand(value is null, path, $"the value {write.Name} is still there");
            return;
        }

        ConversionVerifier.Demand(value is not null, path, $"the value {write.Name} is missing");
        ConversionVerifier.Demand(
            value!.Kind == write.Kind && value.Data.Span.SequenceEqual(write.Data), path,
            $"the value {RegistryText.Show(write.Name, value.Kind, value.Data.Span)} differs from what was written");
    }

    private static RegistryKey? Find(InspectedGuest again, Dictionary<RegistryFile, RegistryHive> hives, string path, RegistryFile? file)
    {
        if (file is null)
        {
            ConversionVerifier.Demand(again.Windows is not null, path, "Windows is no longer found");
            var (hive, prefix) = path.StartsWith(RegistryPaths.System, StringComparison.OrdinalIgnoreCase)
                ? (again.Windows!.Registry.System, RegistryPaths.System)
                : (again.Windows!.Registry.Software, RegistryPaths.Software);
            return hive.Find(Below(path, prefix));
        }

        if (!hives.TryGetValue(file, out var opened))
        {
            var volume = again.Volumes.FirstOrDefault(v => v.Volume.DisplayName == file.Volume && v.FileSystem is not null);
            ConversionVerifier.Demand(volume is not null, path, $"{file.Volume} can no longer be opened");
            opened = RegistryHive.Open(new GuestRoot([new GuestMount("/", volume!.FileSystem!, volume.Volume)]), file.Path);
            hives.Add(file, opened);
        }

        return opened.Find(Below(path, file.Prefix));
    }

    private static string Below(string path, string prefix) => path[prefix.Length..].TrimStart('\\');

    private static bool IsSame(string a, string b) => a.Equals(b, StringComparison.OrdinalIgnoreCase);

    private static bool IsSameOrBelow(string path, string parent) =>
        path.StartsWith(parent, StringComparison.OrdinalIgnoreCase) && (path.Length == parent.Length || path[parent.Length] == '\\');
}
