namespace V2V.Benchmarks;

/// <summary>One guest of the user's own, whole and as a copy, against the peers.</summary>
internal static class SingleGuest
{
    public static IEnumerable<Section> Sections(BenchmarkOptions options, PackagedModule module)
    {
        var contenders = new Contenders(new BenchmarkSource(options.Source!), module, options.WorkFolder);
        var disk = contenders.Source.Disk;
        var rows = new List<Contender>
        {
            contenders.Conversion(options.Format, options.Compression),
            contenders.Copy(options.Format, options.Compression),
            contenders.QemuImg(options.Format, options.Compression) with { IsYardstick = true },
            contenders.QemuImg(options.Format, options.Compression, "-m", "8", "-W"),
            contenders.QemuImg(options.Format, options.Compression, "-t", "writeback"),
            contenders.Cp(),
        };
        if (options.WithVirtV2v)
        {
            rows.Add(contenders.VirtV2v(options.Format));
        }

        yield return new Section(Path.GetFileName(options.Source!), rows)
        {
            Note = $"{disk.Format} disk of {disk.Capacity >> 20} MiB, {(disk.Allocated ?? 0) >> 20} MiB allocated, to {options.Format}, compression {options.Compression}.",
        };
    }
}
