using V2V.Engine.Disks.Mapping;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Parallels;

/// <summary>A disk of Parallels as the folder in which it is kept (.hdd): parts one after the other, each a chain of the files of its snapshots.</summary>
internal sealed class ParallelsBundle : JoinedDevice, IDiskImage
{
    private readonly IReadOnlyList<ParallelsPart> _parts;
    private readonly int _states;

    private ParallelsBundle(IReadOnlyList<ParallelsPart> parts, int states) : base(parts.Select(p => p.Device))
    {
        _parts = parts;
        _states = states;
    }

    public BlockDevice Device => this;

    /// <summary>The descriptor in a bundle's folder; other paths as they are.</summary>
    public static string DescriptorOf(string path) =>
        Directory.Exists(path) && Path.Combine(path, ParallelsDescriptor.FileName) is var descriptor && File.Exists(descriptor) ? descriptor : path;

    public static ParallelsBundle Open(DiskFile file, ImageChain chain)
    {
        ParallelsDescriptor descriptor = ParallelsDescriptor.Read(file);
        file.Dispose();
        return new ParallelsBundle([.. descriptor.Storages.Select(s => OpenPart(file, s, descriptor.States, chain))], descriptor.States.Count);
    }

    public DiskImageInfo Describe()
    {
        string detail = _parts.Count == 1 ? "bundle" : $"bundle, {_parts.Count} parts";
        return new DiskImageInfo("parallels", Length, _parts.Sum(p => p.Files.Sum(f => f.Allocated())), _states == 1 ? detail : $"{detail}, {_states - 1} snapshots")
        {
            Concerns = [.. _parts.SelectMany(p => p.Concerns)],
        };
    }

    private static ParallelsPart OpenPart(DiskFile referrer, ParallelsStorage storage, IReadOnlyList<Guid> states, ImageChain chain)
    {
        BlockDevice? device = null;
        var files = new List<DiskFile>();
        IReadOnlyList<Concern> concerns = [];
        foreach (Guid state in states)
        {
            if (!storage.Images.TryGetValue(state, out ParallelsImageFile? image))
            {
                throw ImageFault.Corrupt(referrer, ParallelsDisk.Format, null, $"a part of the disk has no file of the state {state:B}.");
            }

            DiskFile file = chain.OpenExtent(referrer, image.FileName, ParallelsDisk.Format);
            files.Add(file);
            if (image.IsExpanding)
            {
                ParallelsDisk disk = ParallelsDisk.Open(file, storage.Length, device, chain);
                concerns = disk.Concerns;
                device = disk;
            }
            else if (device is null)
            {
                device = new FlatDevice(file, ParallelsDisk.Format, 0, storage.Length);
            }
            else
            {
                throw ImageFault.Corrupt(referrer, ParallelsDisk.Format, null, $"its file '{image.FileName}' is said to be plain and to build upon another one.");
            }
        }

        return new ParallelsPart(device!, files, concerns);
    }

    /// <param name="Device">The part in its present state.</param>
    /// <param name="Files">What it is made of.</param>
    /// <param name="Concerns">What the file of the present state has to say.</param>
    private sealed record ParallelsPart(BlockDevice Device, IReadOnlyList<DiskFile> Files, IReadOnlyList<Concern> Concerns);
}
