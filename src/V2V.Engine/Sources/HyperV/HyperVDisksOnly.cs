namespace V2V.Engine.Sources.HyperV;

/// <summary>A machine whose .vmcx file cannot be read: its disks are in the export all the same.</summary>
internal static class HyperVDisksOnly
{
    private static readonly string[] s_images = [".vhd", ".vhdx"];
    private static readonly string[] s_differencing = [".avhd", ".avhdx"];

    /// <param name="folder">The export.</param>
    /// <param name="settings">The .vmcx file.</param>
    /// <param name="why">Why it cannot be read.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public static SourceGuest Read(HyperVFolder folder, SourceFile settings, SourceException why, CancellationToken cancellation)
    {
        var files = folder.Names(HyperVFolder.Disks);
        var images = files.Where(f => s_images.Contains(Path.GetExtension(f), StringComparer.OrdinalIgnoreCase)).ToList();
        // Which image of a chain a machine uses, and whose, only its settings tell.
        if (images.Count == 0 || files.Any(f => s_differencing.Contains(Path.GetExtension(f), StringComparer.OrdinalIgnoreCase)))
        {
            throw why;
        }

        List<Concern> concerns =
        [
            new(
                ConcernSeverity.Warning, "SettingsNotRead",
                $"The settings of the machine cannot be read ({why.Message}). Its name is the folder's, its disks are all in '{HyperVFolder.Disks}', in the order of their names; memory, CPUs, network adapters and firmware are guessed.",
                "Set them with -Name, -MemoryMiB, -Cpu and -Firmware, or give the disks with -Disk, the boot disk first."),
        ];
        List<SourceDisk> disks = [];
        foreach (var image in images)
        {
            cancellation.ThrowIfCancellationRequested();
            disks.Add(SourceDisks.FromFile(folder.Find(image)!, DiskController.Scsi, "storvsc", concerns, folder.ImageOptions));
        }

        return new SourceGuest
        {
            Name = folder.Name ?? SourceNames.FromPath(settings.Path),
            SourceKind = "HyperV",
            Path = settings.Path,
            Hypervisor = "Hyper-V",
            Disks = disks,
            NetworkAdapters = [new SourceNetworkAdapter(MacAddress: null, "netvsc", Network: null)],
            Concerns = concerns,
        };
    }
}
