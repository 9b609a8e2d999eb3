using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources.Ovf;

/// <summary>An OVF package in a tar archive (OVA), read in place: nothing is unpacked.</summary>
internal sealed class OvfArchive : OvfPackage
{
    private readonly TarArchive _archive;
    private readonly TarEntry _descriptor;
    private readonly string _directory;

    public OvfArchive(string path)
    {
        _archive = TarArchive.Open(path);
        // Archives made on a Mac carry a "._" shadow of every file.
        var descriptors = _archive.Entries.Where(e => HasExtension(e, ".ovf") && !FileName(e.Name).StartsWith("._", StringComparison.Ordinal)).ToList();
        _descriptor = descriptors.Count switch
        {
            1 => descriptors[0],
            0 => throw Wrong(path, "has no .ovf descriptor in it.", "Check that the file is an OVA; convert disk images one by one."),
            _ => throw Wrong(
                path, $"has {descriptors.Count} .ovf descriptors in it: {string.Join(", ", descriptors.Take(5).Select(d => d.Name))}.",
                "Unpack it and convert each .ovf file."),
        };
        _directory = _descriptor.Name[..(_descriptor.Name.LastIndexOf('/') + 1)];
    }

    public override string DescriptorPath => $"{_archive.Path}!{_descriptor.Name}";

    public override byte[] ReadDescriptor() => Read(_descriptor, OvfDescriptor.Format);

    public override OvfManifest? ReadManifest()
    {
        var manifest = _archive.Entries.FirstOrDefault(e => e.Name == Path.ChangeExtension(_descriptor.Name, ".mf"))
            ?? _archive.Entries.FirstOrDefault(e => HasExtension(e, ".mf") && e.Name.StartsWith(_directory, StringComparison.Ordinal));
        return manifest is null ? null : OvfManifest.Parse($"{_archive.Path}!{manifest.Name}", Read(manifest, "OVF manifest"));
    }

    public override Func<DiskFile>? Find(string name)
    {
        if (name.StartsWith('/') || name.Split('/', '\\').Contains(".."))
        {
            throw new SourceException(V2VError.DiskImageOutsideFolder, $"{DescriptorPath} names the file {name}, which lies outside the archive.")
            {
                Path = DescriptorPath,
                Format = OvfDescriptor.Format,
                Advice = "Export the guest again: a package has to hold all of its files.",
            };
        }

        var member = _directory + (name.StartsWith("./", StringComparison.Ordinal) ? name[2..] : name);
        var entry = _archive.Entries.FirstOrDefault(e => e.Name == member);
        return entry is null ? null : () => _archive.OpenMember(entry);
    }

    private byte[] Read(TarEntry entry, string format)
    {
        if (entry.Length > DescriptorFile.MaximumLength)
        {
            throw DescriptorFile.TooLarge($"{_archive.Path}!{entry.Name}", format, entry.Length);
        }

        using var member = _archive.OpenMember(entry);
        var content = new byte[entry.Length];
        member.Read(0, content);
        return content;
    }

    private static bool HasExtension(TarEntry entry, string extension) => entry.Name.EndsWith(extension, StringComparison.OrdinalIgnoreCase);

    private static string FileName(string name) => name[(name.LastIndexOf('/') + 1)..];

    private static SourceException Wrong(string path, string what, string advice) =>
        new(V2VError.SourceInvalid, $"{path} {what}") { Path = path, Format = "OVA", Advice = advice };
}
