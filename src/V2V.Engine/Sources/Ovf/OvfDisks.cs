using V2V.Engine.Disks;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources.Ovf;

/// <summary>The disks of one guest in an OVF package.</summary>
internal sealed class OvfDisks(OvfDescriptor descriptor, OvfPackage package, OvfDigests digests, SourceOptions options, List<Concern> concerns)
{
    /// <summary>No machine has a larger disk.</summary>
    private const long MaximumCapacity = 64L << 40;

    public IReadOnlyList<SourceDisk> Read(string hypervisor)
    {
        var bootId = OvfHypervisor.BootInstanceId(descriptor);
        return [.. OvfDrives.InOrder(descriptor, i => IsBoot(i, bootId)).Select(i => ReadDisk(i, hypervisor))];
    }

    private bool IsBoot(OvfItem item, string? bootId) =>
        (bootId is not null && item.InstanceId == bootId) || (item.HostResource is not null && TryFindDisk(item) is { IsBoot: true });

    private SourceDisk ReadDisk(OvfItem item, string hypervisor)
    {
        var disk = FindDisk(item);
        var (controller, model) = OvfDrives.ControllerOf(item, descriptor);
        controller = OvfDrives.FromInterface(disk.Interface) ?? controller;
        string? guestName = null;
        if (hypervisor == "Xen" && item.AddressOnParent is >= 0 and < 26 and var position)
        {
            (controller, model, guestName) = (DiskController.Xen, null, $"xvd{(char)('a' + position)}");
        }

        if (disk.File is null && disk.Parent is null)
        {
            return disk.Capacity switch
            {
                null => throw OvfDescriptor.Invalid(descriptor.Path, $"gives {item} neither contents nor a size."),
                > MaximumCapacity or 0 => throw OvfDescriptor.Invalid(
                    descriptor.Path, $"gives {item} {disk.Capacity} bytes, which no disk has.", "Correct the disk's ovf:capacity, or its capacityAllocationUnits."),
                { } size => SourceDisks.Empty($"{descriptor.Path} ({item})", size, controller, model) with { GuestName = guestName },
            };
        }

        return Stored(disk, [], controller, model) with { GuestName = guestName };
    }

    /// <summary>A disk with contents, which may be the difference from another.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="children">Those that build upon it, for which it is looked at.</param>
    /// <param name="controller">What it is attached to.</param>
    /// <param name="model">The controller's model.</param>
    private SourceDisk Stored(OvfDisk disk, List<string> children, DiskController controller, string? model)
    {
        const int MaximumDepth = 256;
        if (disk.File is not { } file)
        {
            return SourceDisks.Empty($"{descriptor.Path} ({disk.Id})", Math.Clamp(disk.Capacity ?? 0, 0, MaximumCapacity), controller, model);
        }

        var content = package.Find(file);
        var source = SourceDisks.FromFile(content.Open, controller, model, concerns, options) with
        {
            ExpectedDigest = digests.Of(content, concerns),
        };
        if (disk.Format?.Contains("vmdk", StringComparison.OrdinalIgnoreCase) == true && source.Format != "vmdk" && !OvfHypervisor.IsOvirt(descriptor))
        {
            throw OvfDescriptor.Invalid(descriptor.Path, $"says that {content.Name} is a VMDK image, but it is not (found: {source.Format}).");
        }

        if (disk.Capacity is { } told && told != source.Capacity && children.Count == 0 && !OvfHypervisor.IsOvirt(descriptor))
        {
            concerns.Add(new Concern(
                ConcernSeverity.Information, "CapacityDiffers", $"{descriptor.Path} gives the disk {disk.Id} {told} bytes, the image {content.Name} has {source.Capacity}."));
        }

        // oVirt's images name the ones below them themselves.
        if (disk.Parent is null || OvfHypervisor.IsOvirt(descriptor))
        {
            return source;
        }

        if (children.Contains(disk.Id) || children.Count >= MaximumDepth)
        {
            throw OvfDescriptor.Invalid(descriptor.Path, $"says of the disk {disk.Id} that it builds upon itself (parentRef).");
        }

        if (!descriptor.Disks.TryGetValue(disk.Parent, out var parentDisk))
        {
            throw OvfDescriptor.Invalid(descriptor.Path, $"says that the disk {disk.Id} builds upon {disk.Parent}, but has no such disk.");
        }

        if (source.Format != "vmdk")
        {
            throw OvfDescriptor.Unsupported(
                descriptor.Path, $"stores the disk {disk.Id} as a {source.Format} image of the differences from {disk.Parent}", "Delete the guest's snapshots and export it again.");
        }

        var parent = Stored(parentDisk, [.. children, disk.Id], controller, model);
        return source with
        {
            Allocated = source.Allocated + parent.Allocated,
            Open = () => OpenDelta(content.Open(), parent),
            ExpectedDigest = OvfDigests.Join(source.ExpectedDigest, parent.ExpectedDigest),
        };
    }

    private static BlockDevice OpenDelta(DiskFile delta, SourceDisk parent)
    {
        BlockDevice below;
        try
        {
            below = parent.Open();
        }
        catch
        {
            delta.Dispose();
            throw;
        }

        return DiskImages.Open(delta, new DiskOpenOptions { Format = "vmdk", Parent = below });
    }

    private OvfDisk FindDisk(OvfItem item)
    {
        if (item.HostResource is not { } resource)
        {
            throw OvfDescriptor.Invalid(descriptor.Path, $"does not tell where the contents of {item} are.");
        }

        return TryFindDisk(item) ?? (Resource(resource) is { Kind: "disk" or "file" }
            ? throw OvfDescriptor.Invalid(descriptor.Path, $"refers to {resource} for {item}, but has no such {Resource(resource)!.Value.Kind}.")
            : throw OvfDescriptor.Unsupported(descriptor.Path, $"refers to {resource} for {item}", "Export the guest again, with its disks."));
    }

    /// <summary>
    /// DSP0243, section 8.3.3: "ovf:/disk/ID" refers to the DiskSection, "ovf:/file/ID" to a file without an entry there. oVirt writes the
    /// name of the disk's file alone.
    /// </summary>
    private OvfDisk? TryFindDisk(OvfItem item)
    {
        switch (Resource(item.HostResource!))
        {
            case ("disk", var id):
                return descriptor.Disks.GetValueOrDefault(id);
            case ("file", var id):
                return descriptor.Files.TryGetValue(id, out var file) ? new OvfDisk(id, file, null, null) : null;
            default:
                return descriptor.Disks.Values.FirstOrDefault(d => d.Reference == item.HostResource)
                    ?? (OvfHypervisor.IsOvirt(descriptor) && item.InstanceId is not null ? descriptor.Disks.GetValueOrDefault(item.InstanceId) : null);
        }
    }

    private static (string Kind, string Id)? Resource(string resource)
    {
        var path = (resource.StartsWith("ovf:", StringComparison.OrdinalIgnoreCase) ? resource[4..] : resource).TrimStart('/');
        return path.StartsWith("disk/", StringComparison.Ordinal) ? ("disk", path[5..])
            : path.StartsWith("file/", StringComparison.Ordinal) ? ("file", path[5..])
            : null;
    }
}
