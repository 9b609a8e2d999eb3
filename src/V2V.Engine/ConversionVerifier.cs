using System.Security.Cryptography;
using V2V.Engine.Conversion;
using V2V.Engine.Conversion.Windows;
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
            foreach (var change in context.Changes.Where(c => c is { Registry: null, Sector: null }).GroupBy(c => (c.Volume, c.GuestPath ?? c.Path)).Select(g => g.Last()))
            {
                Check(Root(again, change), change);
            }

            foreach (var change in context.Changes.Where(c => c.Sector is not null))
            {
                CheckSector(again, change, change.Sector!.Value);
            }

            RegistryVerifier.Verify(again, context.Changes);
        }
        finally
        {
            foreach (var volume in again.Volumes)
            {
                volume.FileSystem?.Dispose();
            }
        }
    }

    /// <summary>The tree that a change was made in: the guest's, or that of a volume that is no part of it.</summary>
    private static GuestRoot Root(InspectedGuest guest, ConversionChange change)
    {
        if (change.Volume is null)
        {
            return guest.Root;
        }

        var volume = guest.Volumes.FirstOrDefault(v => v.Volume.DisplayName == change.Volume && v.FileSystem is not null);
        Demand(volume is not null, change.Path, $"{change.Volume} can no longer be opened");
        return new GuestRoot([new GuestMount("/", volume!.FileSystem!, volume.Volume)]);
    }

    private static void CheckSector(InspectedGuest guest, ConversionChange change, (long Offset, byte[] Bytes) sector)
    {
        var present = new byte[sector.Bytes.Length];
        var volume = guest.Volumes.FirstOrDefault(v => v.Volume.DisplayName == change.Volume);
        Demand(volume is not null, change.Path, "the volume is missing");
        volume!.Volume.Device.Read(sector.Offset, present);
        Demand(present.AsSpan().SequenceEqual(sector.Bytes), change.Path, "its content differs from what was written");
    }

    private static void Check(GuestRoot root, ConversionChange change)
    {
        var path = change.GuestPath ?? change.Path;
        var file = root.FindNoFollow(path);
        Demand((file is null) == (change.Kind == ChangeKind.Deleted), change.Path, change.Kind == ChangeKind.Deleted ? "it is still there" : "it is missing");
        if (file is { IsRegular: true } && change.ContentHash is { } expected)
        {
            Demand(SHA256.HashData(root.ReadAllBytes(path)).AsSpan().SequenceEqual(expected), change.Path, "its content differs from what was written");
        }
    }

    internal static void Demand(bool holds, string path, string found)
    {
        if (!holds)
        {
            throw new ConversionException(V2VError.VerificationFailed, $"Reading the converted guest back failed at {path}: {found}.")
            {
                Path = path,
                Advice = "Nothing was written to the target. Please report this with what the guest's file system is made of (dumpe2fs -h, xfs_info, ntfsinfo -m).",
            };
        }
    }
}
