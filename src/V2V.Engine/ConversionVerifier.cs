using System.Security.Cryptography;
using V2V.Engine.Conversion;
using V2V.Engine.Disks;
using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;
using V2V.Engine.Sources;
using V2V.Engine.Volumes;

namespace V2V.Engine;

/// <summary>
/// Reads a converted guest back from its overlaid disks, with nothing kept in memory from the conversion: the report says what is there,
/// not what was meant.
/// </summary>
internal static class ConversionVerifier
{
    /// <exception cref="ConversionException">The guest no longer inspects as before, or a change is not there.</exception>
    public static void Verify(SourceGuest source, IReadOnlyList<WritableBlockDevice> disks, string? root, ConversionContext context)
    {
        var again = GuestInspector.Inspect(source, GuestVolumes.Discover(disks), root, context.Cancellation);
        try
        {
            var before = context.Guest;
            Demand(again.OperatingSystem.ProductName == before.OperatingSystem.ProductName, "/", "another operating system is found than before");
            Demand(
                again.Volumes.Select(v => v.Volume.DisplayName).SequenceEqual(before.Volumes.Select(v => v.Volume.DisplayName)), "/", "other volumes are found than before");
            Demand(
                again.Kernels.Select(k => k.Version).SequenceEqual(before.Kernels.Select(k => k.Version)),
                before.BootLoader.ConfigurationPath ?? "/boot",
                "other kernels are found than before");

            Demand(
                before.BootLoader.Menu.Entries.Count == 0 || again.Kernels.FirstOrDefault(k => k.IsDefault)?.Version == before.Kernels.FirstOrDefault(k => k.IsDefault)?.Version,
                before.BootLoader.ConfigurationPath ?? "/boot",
                "another kernel is the default than was chosen");

            // A file may be changed by several steps; what the last one left must be there.
            foreach (var change in context.Changes.GroupBy(c => c.Path).Select(g => g.Last()))
            {
                Check(again.Root, change);
            }
        }
        finally
        {
            foreach (var volume in again.Volumes)
            {
                volume.FileSystem?.Dispose();
            }
        }
    }

    private static void Check(GuestRoot root, ConversionChange change)
    {
        var file = root.FindNoFollow(change.Path);
        Demand((file is null) == (change.Kind == ChangeKind.Deleted), change.Path, change.Kind == ChangeKind.Deleted ? "it is still there" : "it is missing");
        if (file is { IsRegular: true } && change.ContentHash is { } expected)
        {
            Demand(SHA256.HashData(root.ReadAllBytes(change.Path)).AsSpan().SequenceEqual(expected), change.Path, "its content differs from what was written");
        }
    }

    private static void Demand(bool holds, string path, string found)
    {
        if (!holds)
        {
            throw new ConversionException(V2VError.VerificationFailed, $"Reading the converted guest back failed at {path}: {found}.")
            {
                Path = path,
                Advice = "Nothing was written to the target. Please report this with the guest's file system features (dumpe2fs -h).",
            };
        }
    }
}
