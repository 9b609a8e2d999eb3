using V2V.Engine.Disks.Transports;
using V2V.Engine.Disks.Transports.Archives;
using V2V.Engine.Sources.DiskOnly;
using V2V.Engine.Sources.HyperV;
using V2V.Engine.Sources.Vagrant;

namespace V2V.Engine.Sources.Ovf;

/// <summary>
/// A guest in one file: an OVF package as a tar or zip archive. Archives with another description of a guest, or with a disk image alone, are read
/// as what is in them.
/// </summary>
internal sealed class OvaSource : GuestSource
{
    private static readonly string[] OtherDescriptors = [".vmx", ".vbox", ".vmcx"];

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
        // A compressed archive is not unpacked to find out whether it has a second descriptor behind the disks.
        if ((Find(ArchivedDisk.FirstNamesOf(archive)) ?? (archive.IsPacked ? Find(ArchivedDisk.NamesOf(archive)) : null)) is { } found)
        {
            return found;
        }

        var others = ArchivedDisk.NamesOf(archive).Where(n => IsOther(archive, n)).ToList();
        return others.Count switch
        {
            0 => [DiskSource.FromArchive(file.Path, archive, options, cancellation)],
            1 => GuestSources.Read(SourceFile.In(archive, others[0]), options, cancellation),
            _ => throw Several(file.Path, others, $"Give one of them, as '{file.Path}!{others[0]}'."),
        };

        IReadOnlyList<SourceGuest>? Find(IEnumerable<string> all)
        {
            var names = all.ToList();
            if (names.FirstOrDefault(n => VagrantMetadata.Recognises(SourceFile.In(archive, n))) is { } box)
            {
                return new VagrantSource().Read(SourceFile.In(archive, box), options, cancellation);
            }

            var descriptors = names.Where(IsDescriptor).ToList();
            return descriptors.Count switch
            {
                0 => null,
                1 => OvfGuest.ReadAll(new OvfPackage(SourceFile.In(archive, descriptors[0]), options), file.Path, Kind, options, cancellation),
                _ => throw Several(file.Path, descriptors, $"Give one of them, as '{file.Path}!{descriptors[0]}'."),
            };
        }
    }

    /// <summary>Settings of Hyper-V's checkpoints are no guests of their own.</summary>
    private static bool IsOther(FileStore archive, string name)
    {
        var folder = StoreName.Base(StoreName.Folder(name));
        return !folder.Equals(HyperVFolder.Snapshots, StringComparison.OrdinalIgnoreCase)
            && (OtherDescriptors.Any(e => name.EndsWith(e, StringComparison.OrdinalIgnoreCase))
                || (name.EndsWith(".xml", StringComparison.OrdinalIgnoreCase) && folder.Equals(HyperVFolder.Machines, StringComparison.OrdinalIgnoreCase)
                    && new HyperVSource().Recognises(SourceFile.In(archive, name))));
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
