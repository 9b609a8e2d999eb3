using System.Text.Json;
using V2V.Engine.Disks.Transports;

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

    public static SourceGuest Read(SourceFile file, JsonElement metadata, SourceOptions options)
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
            Disks = [.. Images(file, metadata, folder).Select((image, i) => ReadDisk(file, folder, image, i, options, concerns))],
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

    private static List<(string Name, string? Format)> Images(SourceFile file, JsonElement metadata, GuestFolder folder)
    {
        var format = Format(VagrantSource.Text(metadata, "format"));
        if (metadata.TryGetProperty("disks", out var disks) && disks.ValueKind == JsonValueKind.Array && disks.GetArrayLength() > 0)
        {
            if (disks.GetArrayLength() > MaximumDisks)
            {
                throw VagrantSource.Invalid(file, $"lists {disks.GetArrayLength()} disks; a box has at most {MaximumDisks}");
            }

            return [.. disks.EnumerateArray().Select(d => Listed(file, d, format))];
        }

        List<(string, string?)> images = [(FirstImage, format)];
        for (var i = 1; i < MaximumDisks && folder.Find($"box_{i}.img").Open is not null; i++)
        {
            images.Add(($"box_{i}.img", format));
        }

        return images;
    }

    private static (string Name, string? Format) Listed(SourceFile file, JsonElement disk, string? format) =>
        disk.ValueKind == JsonValueKind.Object && VagrantSource.Text(disk, "path") is { } path
            ? (path, Format(VagrantSource.Text(disk, "format")) ?? format)
            : throw VagrantSource.Invalid(file, "lists a disk without a path");

    /// <summary>The formats that boxes are in; anything else is left to the image's content.</summary>
    private static string? Format(string? name) => name is "qcow2" or "raw" ? name : null;
}
