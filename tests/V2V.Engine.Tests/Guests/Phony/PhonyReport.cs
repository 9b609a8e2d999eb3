using System.Text;
using V2V.Engine.Conversion;
using V2V.Engine.Conversion.Initramfs;
using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;

namespace V2V.Engine.Tests.Guests.Phony;

/// <summary>What was found in a phony guest, and what a conversion changed, as text that a reader can check.</summary>
internal static class PhonyReport
{
    /// <summary>A created file that is longer is program text, which its own tests look at.</summary>
    private const int MaxCreatedLines = 24;

    private static readonly string[] Drivers = ["virtio_pci", "virtio_blk", "virtio_scsi", "virtio_net", "ahci", "ata_piix"];

    public static string Facts(InspectedGuest guest, IEnumerable<Concern> concerns)
    {
        var system = guest.OperatingSystem;
        var text = new StringBuilder();
        void Line(string line) => text.Append(line).Append('\n');
        Line($"product: {system.ProductName}");
        if (guest.Windows is not null)
        {
            Line($"system: {system.Distribution} {system.Version} ({system.MajorVersion}.{system.MinorVersion}), {system.Architecture}");
            return text.Append(CommonFacts(guest)).Append(PhonyWindowsReport.Facts(system, guest.Windows)).Append(string.Concat(concerns.Select(c => Describe(c) + '\n'))).ToString();
        }

        Line($"system: {system.Distribution} {system.Version} ({system.MajorVersion}.{system.MinorVersion}), {system.Architecture}, family {LinuxFamilies.Of(system)}");
        text.Append(CommonFacts(guest));
        foreach (var kernel in guest.Kernels)
        {
            Line($"kernel: {kernel.Version}{(kernel.IsDefault ? " (default)" : "")}, {kernel.ImagePath}, {kernel.InitramfsPath ?? "no initramfs"}, {kernel.ModulesDirectory}");
            Line($"  built in: {List(Drivers.Where(kernel.Builtin.Contains))}; modules: {List(Drivers.Where(kernel.Modules.Contains))}");
        }

        Line($"packages: {system.PackageFormat ?? "unknown"}");
        foreach (var package in guest.Packages.OrderBy(p => p.Name, StringComparer.Ordinal).ThenBy(p => p.Version, StringComparer.Ordinal))
        {
            Line($"  {package.Name} {package.Version} {package.Architecture}");
        }

        foreach (var concern in concerns)
        {
            Line(Describe(concern));
        }

        return text.ToString();
    }

    private static string CommonFacts(InspectedGuest guest)
    {
        var system = guest.OperatingSystem;
        IEnumerable<string> lines =
        [
            $"libosinfo: {system.LibosinfoId ?? "none"}",
            $"host name: {system.HostName ?? "none"}",
            $"firmware: {guest.Firmware}",
            $"boot loader: {guest.BootLoader.Kind} {guest.BootLoader.ConfigurationPath}",
            .. guest.Volumes.Select(volume =>
                $"volume: {volume.Volume.DisplayName}: {volume.ContentKind ?? "unknown"}{(volume.MountPoint is { } at ? $" at {at}" : "")}{(volume.Uuid is { } uuid ? $" {uuid}" : "")}"),
        ];
        return string.Concat(lines.Select(line => line + '\n'));
    }

    /// <param name="context">What the steps worked on.</param>
    /// <param name="before">Every file before they ran, by its real path.</param>
    public static string Changes(ConversionContext context, IReadOnlyDictionary<string, byte[]> before)
    {
        var lines = new List<string> { Describe(context.Hardware) };
        lines.AddRange(context.Concerns.Select(Describe));
        foreach (var change in ByPath(context.Changes))
        {
            lines.Add(Describe(change));
            lines.AddRange(Details(context.Files.Root, change.Key, before).Select(detail => "    " + detail));
        }

        return string.Concat(lines.Select(line => line + '\n'));
    }

    /// <summary>The same without the contents of the files.</summary>
    public static IEnumerable<string> Changes(GuestAssessment assessment) =>
        [Describe(assessment.Hardware!), .. assessment.Concerns.Select(Describe), .. ByPath(assessment.Changes).Select(Describe)];

    private static string Describe(TargetHardware hardware) =>
        $"hardware: {hardware.Machine}, {hardware.Firmware}, disks {hardware.DiskBus}, network {hardware.NetworkModel}, virtio {(hardware.Virtio10 ? "1.0" : "transitional")}"
        + (hardware.DirectBoot is { } boot ? $", started by {boot.KernelPath}, {boot.InitramfsPath ?? "no initramfs"}, {boot.CommandLine}" : "");

    /// <summary>A file that several steps changed is shown once, with all that was done.</summary>
    private static IEnumerable<IGrouping<string, ConversionChange>> ByPath(IEnumerable<ConversionChange> changes) => changes.GroupBy(c => c.Path);

    private static string Describe(IGrouping<string, ConversionChange> change) =>
        $"{change.First().Kind.ToString().ToLowerInvariant()} {change.Key}: {string.Join("; ", change.Select(c => c.What))}";

    public static string Describe(Concern concern) => $"{concern.Severity.ToString().ToLowerInvariant()} {concern.Id}: {concern.Message}";

    private static List<string> Details(GuestRoot root, string path, IReadOnlyDictionary<string, byte[]> before)
    {
        if (root.TryReadLink(path) is { } target)
        {
            return [$"-> {target}"];
        }

        var old = before.GetValueOrDefault(path) ?? [];
        if (!root.FileExists(path))
        {
            return [];
        }

        var content = root.ReadAllBytes(path);
        if (IsText(content) && IsText(old))
        {
            var lines = TextDifference.Between(GuestText.Decode(old), GuestText.Decode(content)).ToList();
            return old.Length > 0 || lines.Count <= MaxCreatedLines ? lines : [$"+ ({lines.Count} lines)"];
        }

        if (content.AsSpan().StartsWith("MZ"u8))
        {
            return [$"+ (a program of {content.Length} bytes)"];
        }

        // What else is not text is an initramfs.
        var (entries, known) = (Listing(content), Listing(old).ToHashSet());
        return [.. entries.Where(e => !known.Contains(e)).Select(e => $"+ {e}")];
    }

    private static string[] Listing(byte[] image) =>
        [.. InitramfsReader.Read(image).Tree.Enumerate()
            .Select(e => e.Node is { IsDirectory: false, LinkTarget: null } ? $"{e.Path} ({e.Node.Length} bytes)" : e.Path)];

    private static bool IsText(byte[] content) => !content.Contains((byte)0);

    private static string List(IEnumerable<string> names) => string.Join(", ", names) is { Length: > 0 } list ? list : "none";
}
