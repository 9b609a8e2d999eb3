using V2V.Engine.Conversion.Windows.Drivers;
using V2V.Engine.Inspection.Windows;
using V2V.Engine.Registry;

namespace V2V.Engine.Conversion.Windows;

/// <summary>
/// Puts every driver where Windows finds it: into one directory, in which the first boot's script installs them, and which is also searched when
/// Windows comes upon new hardware (DevicePath), as XP and 2003 do it, which have no other way.
/// </summary>
public sealed class StageDrivers : WindowsStep
{
    /// <summary>Below the Windows directory.</summary>
    public const string Folder = @"Drivers\VirtIO";

    private const string Why = "Windows installs the drivers of the new hardware from here when it starts for the first time.";

    public override string Name => "Staging virtio drivers";

    protected override void Apply(ConversionContext context, WindowsSystem windows)
    {
        if (context.Drivers is not { Source: { } source, Selection: { Packages.Count: > 0 } selection })
        {
            return;
        }

        var folder = $"{windows.SystemRoot}/{Folder.Replace('\\', '/')}";
        foreach (var (name, file) in Choose(context, source, selection))
        {
            context.Cancellation.ThrowIfCancellationRequested();
            context.Files.WriteNewFile($"{folder}/{name}", source.Read(file), $"copy of {file.Path}", Why);
        }

        AppendToDevicePath(context);
    }

    /// <summary>
    /// The files of all packages by their name in the one directory. Two of one name are two builds of it, of which the first one's INF file would get
    /// the second one's program: the later package is left out with a word.
    /// </summary>
    private static SortedDictionary<string, DriverSourceFile> Choose(ConversionContext context, DriverSource source, DriverSelection selection)
    {
        var taken = new SortedDictionary<string, DriverSourceFile>(StringComparer.Ordinal);
        var staged = new List<DriverPackage>();
        foreach (var package in selection.Packages)
        {
            // The same file may belong to several packages of a directory.
            var files = package.Files.Select(f => (Name: f.Name.ToLowerInvariant(), File: f)).ToArray();
            if (files.FirstOrDefault(f => taken.TryGetValue(f.Name, out var other) && !IsSame(source, other, f.File)).File is { } clash)
            {
                context.Add(new Concern(
                    ConcernSeverity.Warning, "DriverNotStaged",
                    $"The driver {package} is not installed in the guest: its file {clash.Path} has the name of {taken[clash.Name.ToLowerInvariant()].Path}, which is another."));
                continue;
            }

            staged.Add(package);
            foreach (var (name, file) in files)
            {
                taken[name] = file;
            }
        }

        context.StagedDrivers = staged;
        return taken;
    }

    /// <summary>Drivers for Windows 7 and older each bring Microsoft's co-installer of their framework.</summary>
    private static bool IsSame(DriverSource source, DriverSourceFile one, DriverSourceFile other) =>
        one == other || (one.Length == other.Length && source.Read(one).AsSpan().SequenceEqual(source.Read(other)));

    private static void AppendToDevicePath(ConversionContext context)
    {
        const string Value = "DevicePath";
        const string Entry = @"%SystemRoot%\" + Folder;
        if (context.Registry.FindValue(RegistryPaths.CurrentVersion, Value) is not { Kind: RegistryValueKind.String or RegistryValueKind.ExpandString } present)
        {
            return;
        }

        var text = context.Registry.Find(RegistryPaths.CurrentVersion)!.GetString(Value) ?? "";
        if (!text.Split(';').Any(p => p.Trim().TrimEnd('\\').Equals(Entry, StringComparison.OrdinalIgnoreCase)))
        {
            context.Registry.SetString(
                RegistryPaths.CurrentVersion, Value, text.Length == 0 ? Entry : $"{text};{Entry}", "Windows looks for drivers of new hardware there, too.", present.Kind);
        }
    }
}
