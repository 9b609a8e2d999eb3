namespace V2V.Engine.Sources.Vagrant;

/// <summary>
/// A box of vagrant-libvirt: disk images, and in metadata.json their format. Since its version 0.6 the images are listed there ("disks"), before it
/// was box.img alone. What the machine is like otherwise is told by Vagrantfiles only.
/// </summary>
internal static class VagrantLibvirtBox
{
    private const string FirstImage = "box.img";
    private const string DefaultNetwork = "default";
    private const int MaximumDisks = 64;

    public static SourceGuest Read(SourceFile file, VagrantMetadata metadata, SourceOptions options)
    {
        List<Concern> concerns =
        [
            new(
                ConcernSeverity.Information, "MachineNotDescribed", $"A box for libvirt tells no memory, CPUs and network adapters: 2048 MiB, one CPU and an adapter on the network {DefaultNetwork} are taken.",
                "Set them with -MemoryMiB and -Cpu."),
        ];
        var folder = GuestFolder.Of(file, options);
        return new SourceGuest
        {
            Name = VagrantNames.Of(file),
            SourceKind = "Vagrant",
            Path = file.Path,
            Hypervisor = "KVM",
            Disks = [.. Images(metadata, folder).Select((image, i) => ReadDisk(file, folder, image, i, options, concerns))],
            NetworkAdapters = [new SourceNetworkAdapter(MacAddress: null, "virtio", DefaultNetwork)],
            Concerns = concerns,
        };
    }

    private static SourceDisk ReadDisk(SourceFile file, GuestFolder folder, (string Name, string? Format) image, int index, SourceOptions options, List<Concern> concerns)
    {
        var open = folder.Find(image.Name).Open ?? throw new SourceException(V2VError.DiskImageNotFound, $"{file.Path} belongs to a box without its disk image {image.Name}.")
        {
            Path = file.Path,
            Format = VagrantSource.Format,
            Advice = "Download the box again.",
        };
        return SourceDisks.FromFile(open, DiskController.Virtio, model: null, concerns, options, image.Format) with { Slot = index };
    }

    private static List<(string Name, string? Format)> Images(VagrantMetadata metadata, GuestFolder folder)
    {
        var format = Format(metadata.Format);
        if (metadata.Disks.Count > 0)
        {
            return [.. metadata.Disks.Select(d => (d.Path, Format(d.Format) ?? format))];
        }

        List<(string, string?)> images = [(FirstImage, format)];
        for (var i = 1; i < MaximumDisks && folder.Find($"box_{i}.img").Open is not null; i++)
        {
            images.Add(($"box_{i}.img", format));
        }

        return images;
    }

    /// <summary>The formats that boxes are in; anything else is left to the image's content.</summary>
    private static string? Format(string? name) => name is "qcow2" or "raw" ? name : null;
}
