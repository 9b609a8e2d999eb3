using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources.Vagrant;

/// <summary>
/// A Vagrant box, unpacked or in its archive: metadata.json says for which provider it is, and the provider what lies beside. The Vagrantfile is a
/// program and is not looked at.
/// </summary>
internal sealed class VagrantSource : GuestSource
{
    public const string Format = "Vagrant box";

    public override string Kind => "Vagrant";

    public override bool Recognises(SourceFile file) => VagrantMetadata.Recognises(file);

    public override IReadOnlyList<SourceGuest> Read(SourceFile file, SourceOptions options, CancellationToken cancellation)
    {
        var metadata = VagrantMetadata.Parse(file);
        cancellation.ThrowIfCancellationRequested();
        return metadata.Provider switch
        {
            "libvirt" or "qemu" => [VagrantLibvirtBox.Read(file, metadata, options)],
            "virtualbox" => Inside(file, Only(file, "", ".ovf"), options, cancellation),
            "vmware_desktop" or "vmware_fusion" or "vmware_workstation" or "vmware" => Inside(file, Only(file, "", ".vmx"), options, cancellation),
            "hyperv" => Inside(file, Only(file, "Virtual Machines", ".vmcx", ".xml"), options, cancellation),
            "parallels" => throw Unsupported(
                file, "is for the provider parallels, whose machines are not read", "Get the box for another provider: libvirt, virtualbox, vmware_desktop or hyperv."),
            var other => throw Unsupported(
                file, $"is for the provider {other ?? "(none)"}, which has no virtual machine that could be converted",
                "Get the box for one of the providers libvirt, virtualbox, vmware_desktop and hyperv."),
        };
    }

    public static SourceException Invalid(SourceFile file, string what, Exception? inner = null) => new(V2VError.SourceInvalid, $"{file.Path} {what}.", inner)
    {
        Path = file.Path,
        Format = Format,
        Advice = "Download the box again, or convert its disk images with -Disk.",
    };

    private static SourceException Unsupported(SourceFile file, string what, string advice) =>
        new(V2VError.SourceUnsupported, $"{file.Path} {what}.") { Path = file.Path, Format = Format, Advice = advice };

    /// <summary>The one description of a machine that the box has for its provider.</summary>
    private static SourceFile Only(SourceFile metadata, string folder, params string[] extensions)
    {
        // Archives made on a Mac carry a "._" shadow of every file.
        var found = metadata.Siblings(folder).Where(f => extensions.Any(f.HasExtension) && !StoreName.Base(f.Name).StartsWith("._", StringComparison.Ordinal)).Take(2).ToList();
        return found.Count == 1
            ? found[0]
            : throw Invalid(metadata, $"belongs to a box that has {(found.Count == 0 ? "no" : "several")} {string.Join(" or ", extensions)} files{(folder.Length == 0 ? "" : $" in '{folder}'")}");
    }

    private IReadOnlyList<SourceGuest> Inside(SourceFile metadata, SourceFile descriptor, SourceOptions options, CancellationToken cancellation) =>
        [.. GuestSources.Read(descriptor, options, cancellation).Select(g => g with { SourceKind = Kind, Path = metadata.Path })];
}
