using V2V.Engine.Disks.Transports;
using V2V.Engine.Disks.Transports.Archives;
using V2V.Engine.Sources.DiskOnly;

namespace V2V.Engine.Sources.Ovf;

/// <summary>
/// A guest in one file: an OVF package as a tar or zip archive. Archives with another description of a guest, or with a disk image alone, are read
/// as what is in them.
/// </summary>
internal sealed class OvaSource : GuestSource
{
    private static readonly string[] OtherDescriptors = [".vmx", ".vbox"];

    public override string Kind => "OVA";

    public override bool Recognises(SourceFile file) =>
        ArchiveKinds.IsTar(file.Head) || ArchiveKinds.IsZip(file.Head) || ArchiveKinds.Unsupported(file.Head) is not null;

    public override IReadOnlyList<SourceGuest> Read(SourceFile file, SourceOptions options, CancellationToken cancellation)
    {
        if (ArchiveKinds.Unsupported(file.Head) is { } kind)
        {
            throw new SourceException(V2VError.SourceUnsupported, $"{file.Path} is packed by {kind}, which is not supported.")
            {
                Path = file.Path,
                Format = kind,
                Advice = "Unpack it, then give the .ovf file or the disk image in it.",
            };
        }

        var archive = OpenedSource.OpenArchive(file, options)!;
        if (FindDescriptor(file.Path, archive) is { } descriptor)
        {
            return OvfGuest.ReadAll(new OvfPackage(SourceFile.In(archive, descriptor), options), file.Path, Kind, options, cancellation);
        }

        var others = ArchivedDisk.NamesOf(archive).Where(n => OtherDescriptors.Any(e => n.EndsWith(e, StringComparison.OrdinalIgnoreCase))).ToList();
        return others.Count switch
        {
            0 => [DiskSource.FromArchive(file.Path, archive, options, cancellation)],
            1 => GuestSources.Read(SourceFile.In(archive, others[0]), options, cancellation),
            _ => throw Several(file.Path, others, $"Give one of them, as '{file.Path}!{others[0]}'."),
        };
    }

    /// <summary>A compressed archive is not unpacked to find out whether it has a second descriptor behind the disks.</summary>
    private static string? FindDescriptor(string path, FileStore archive)
    {
        var descriptors = ArchivedDisk.FirstNamesOf(archive).Where(IsDescriptor).ToList();
        if (descriptors.Count == 0 && archive.IsPacked)
        {
            descriptors = [.. ArchivedDisk.NamesOf(archive).Where(IsDescriptor)];
        }

        return descriptors.Count switch
        {
            0 => null,
            1 => descriptors[0],
            _ => throw Several(path, descriptors, $"Give one of them, as '{path}!{descriptors[0]}'."),
        };
    }

    private static bool IsDescriptor(string name) => name.EndsWith(".ovf", StringComparison.OrdinalIgnoreCase);

    private static SourceException Several(string path, List<string> names, string advice) =>
        new(V2VError.SourceUnsupported, $"{path} has {names.Count} descriptions of guests in it: {string.Join(", ", names.Take(5))}.")
        {
            Path = path,
            Format = "OVA",
            Advice = advice,
        };
}
