using V2V.Engine.Targets;

namespace V2V.Benchmarks;

/// <summary>The measurements of docs/performance.md.</summary>
internal sealed class Suite(BenchmarkOptions options, PackagedModule module)
{
    private readonly SuiteGuests _guests = new(options.GuestFolder);

    public IEnumerable<Section> Sections()
    {
        (string Name, Func<IEnumerable<Section>> Sections)[] all =
        [
            ("conversion", Conversions),
            ("copy", Copies),
            ("growth", Growth),
            ("fleet", Fleet),
            ("assessment", () => [Assessment()]),
            ("package", () => [Package()]),
            ("limit", () => [Limit()]),
        ];
        return all.Where(s => options.Sections.Count == 0 || options.Sections.Contains(s.Name)).SelectMany(s => s.Sections());
    }

    private IEnumerable<Section> Conversions()
    {
        (string Title, string Path, string Drivers)[] sources =
        [
            ("Debian 12, ext4, OVA (streamOptimized) to qcow2", _guests.Vmware("ova/guest.ova"), ""),
            ("Debian 12, XFS on LVM, raw to qcow2", _guests.XfsOnLvm, ""),
            ("Windows 2016 (laid out as one), raw to qcow2", _guests.Windows, _guests.Drivers),
        ];
        foreach (var (title, path, drivers) in sources)
        {
            var contenders = Of(path);
            var rows = new List<Contender>
            {
                contenders.Conversion(ImageFormat.Qcow2, drivers: drivers) with { IsYardstick = true },
                contenders.Copy(ImageFormat.Qcow2),
            };
            if (options.WithVirtV2v)
            {
                rows.Add(contenders.VirtV2v(ImageFormat.Qcow2, drivers));
            }

            yield return new Section($"Whole conversion: {title}", rows) { Note = "The copy takes the whole disk; the conversion leaves out what is unused." };
        }
    }

    private IEnumerable<Section> Copies()
    {
        yield return ToQcow2("streamOptimized (in an OVA) to qcow2", Of(_guests.Vmware("ova/guest.ova")));
        yield return ToQcow2("monolithicSparse to qcow2", Of(_guests.Vmware("sparse/guest.vmdk")));
        (string Data, string Path)[] raws = [("605 MiB", _guests.Debian), ("2 GiB", _guests.Grown("10G"))];
        foreach (var (data, path) in raws)
        {
            var raw = Of(path);
            yield return ToQcow2($"raw to qcow2, {data} of data", raw);
            yield return new Section($"Copy: raw to raw, {data} of data",
            [
                raw.Copy(ImageFormat.Raw),
                raw.CopyUnflushed(ImageFormat.Raw),
                raw.Cp() with { IsYardstick = true },
                raw.QemuImg(ImageFormat.Raw, ImageCompression.None),
                raw.QemuImg(ImageFormat.Raw, ImageCompression.None, "-m", "8", "-W"),
                raw.QemuImg(ImageFormat.Raw, ImageCompression.None, "-t", "writeback"),
                raw.NbdCopy(),
                raw.NbdCopy("--flush"),
            ]);
        }

        var sparse = Of(_guests.Vmware("sparse/guest.vmdk"));
        yield return new Section("Copy: monolithicSparse to qcow2, compressed with zstd",
        [
            sparse.Copy(ImageFormat.Qcow2, ImageCompression.Zstd),
            sparse.CopyUnflushed(ImageFormat.Qcow2, ImageCompression.Zstd),
            sparse.QemuImg(ImageFormat.Qcow2, ImageCompression.Zstd) with { IsYardstick = true },
            sparse.QemuImg(ImageFormat.Qcow2, ImageCompression.Zstd, "-m", "8", "-W"),
        ]);
    }

    private static Section ToQcow2(string title, Contenders source) => new($"Copy: {title}",
    [
        source.Copy(ImageFormat.Qcow2),
        source.CopyUnflushed(ImageFormat.Qcow2),
        source.QemuImg(ImageFormat.Qcow2, ImageCompression.None) with { IsYardstick = true },
        source.QemuImg(ImageFormat.Qcow2, ImageCompression.None, "-m", "8", "-W"),
        source.QemuImg(ImageFormat.Qcow2, ImageCompression.None, "-t", "writeback"),
    ]);

    private IEnumerable<Section> Growth()
    {
        string[] sizes = ["10G", "1T"];
        yield return new Section("Growth: the same 2 GiB of data on larger disks, whole conversion, raw to qcow2",
            [.. sizes.Select((s, i) => Of(_guests.Grown(s)).Conversion(ImageFormat.Qcow2) with { Name = $"disk of {s}", IsYardstick = i == 0 })]);

        string[] counts = ["1", "100000"];
        yield return new Section("Growth: files, whole conversion, raw to qcow2",
            [.. counts.Select((c, i) => Of(_guests.WithFiles(c)).Conversion(ImageFormat.Qcow2) with { Name = $"{c} files more", IsYardstick = i == 0 })]);
    }

    private IEnumerable<Section> Fleet()
    {
        var source = Of(_guests.Vmware("sparse/guest.vmdk"));
        (int Guests, int AtOnce)[] fleets = [(1, 1), (4, 1), (4, 2), (4, 4), (16, 1), (16, 2), (16, 4)];
        yield return new Section("Guests: whole conversions in one process, monolithicSparse to qcow2",
            [.. fleets.Select(f => source.Fleet(f.Guests, f.AtOnce) with { IsYardstick = f.Guests == 1 })]);
        (int Guests, int AtOnce)[] inspections = [(1, 1), (200, 1), (200, 2)];
        (string Name, string Path)[] systems = [("Debian", _guests.Debian), ("Windows", _guests.Windows)];
        foreach (var (name, path) in systems)
        {
            yield return new Section($"Guests: {name}, opened and inspected only, in one process",
                [.. inspections.Select(f => Of(path).Inspection(f.Guests, f.AtOnce) with { IsYardstick = f.Guests == 1 })]);
        }
    }

    private Section Assessment()
    {
        string[] sources = [_guests.Debian, _guests.Vmware("sparse/guest.vmdk"), _guests.Vmware("ova/guest.ova"), _guests.XfsOnLvm, _guests.Windows];
        (int Guests, int AtOnce)[] runs = [(1, 1), (200, 1), (200, 2)];
        return new Section("Guests: Test-V2VGuest -CheckOnly in one pipeline",
            [.. runs.Select(r => Contenders.CheckGuests(module.Manifest, sources, options.GuestFolder, r.Guests, r.AtOnce) with { IsYardstick = r.Guests == 1 })])
        {
            Note = $"In turns: {string.Join(", ", sources.Select(s => Path.GetRelativePath(options.GuestFolder, s)))}.",
        };
    }

    private Section Package()
    {
        var source = Of(_guests.Vmware("sparse/guest.vmdk"));
        return new Section("The first conversion of a process, monolithicSparse to qcow2",
        [
            source.FirstGuest("engine as IL", Contenders.BesideTheSource("../../V2V.psd1")) with { IsYardstick = true },
            source.FirstGuest("package, engine compiled ahead", module.Manifest),
        ]);
    }

    private Section Limit()
    {
        var sparse = _guests.Vmware("sparse/guest.vmdk");
        return new Section("The limit of the machine",
        [
            Contenders.Dd("dd, monolithicSparse to /dev/null", options.WorkFolder, sparse, null),
            Contenders.Dd("dd, monolithicSparse to a new file", options.WorkFolder, sparse, "") with { IsYardstick = true },
            Contenders.Dd("dd, monolithicSparse to a new file, fdatasync", options.WorkFolder, sparse, "conv=fdatasync"),
        ]);
    }

    private Contenders Of(string source) => new(new BenchmarkSource(source), module, options.WorkFolder);
}
