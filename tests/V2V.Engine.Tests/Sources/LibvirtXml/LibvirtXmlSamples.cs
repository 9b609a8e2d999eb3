using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using V2V.Engine.Sources;
using V2V.Engine.Tests.Targets.Images;

namespace V2V.Engine.Tests.Sources.LibvirtXml;

/// <summary>The descriptions of Data/libvirt, with disks of their names made for them.</summary>
internal static partial class LibvirtXmlSamples
{
    private const string DiskSize = "8M";

    public static string[] Names =>
        [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Sources", "Data", "libvirt"), "*.xml").Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    /// <summary>Copies a description into the folder and makes the disks that it names beside it. Returns the copy's path.</summary>
    public static string Place(TemporaryFolder folder, string name)
    {
        var text = SampleData.Read(Path.Combine("libvirt", name));
        File.WriteAllText(folder[name], text);
        foreach (var disk in XElement.Parse(text).Descendants("disk").Where(d => (string?)d.Attribute("device") is null or "disk"))
        {
            var path = (string?)disk.Element("source")!.Attribute("file") ?? (string?)disk.Element("source")!.Attribute("dev");
            var file = folder[Path.GetFileName(path!)];
            var format = (string?)disk.Element("driver")?.Attribute("type") is "qcow2" ? "qcow2" : Path.GetExtension(file) == ".vmdk" ? "vmdk" : "raw";
            ExternalTool.Check("qemu-img", "create", "-q", "-f", format, file, DiskSize);
        }

        return folder[name];
    }

    /// <summary>The description with the disks' paths replaced by those of the folder, for programs that look nowhere else.</summary>
    public static string WithPathsIn(TemporaryFolder folder, string text) =>
        SourcePath().Replace(text, match => $"{match.Groups["name"].Value}='{folder[match.Groups["file"].Value]}'");

    /// <summary>What was read, one fact a line, as the .expected files beside the descriptions have it.</summary>
    public static string Describe(SourceGuest guest, TemporaryFolder folder)
    {
        var text = new StringBuilder();
        void Line(string what, object? value) => text.Append(CultureInfo.InvariantCulture, $"{what}: {value}\n");
        Line("name", guest.Name);
        Line("hypervisor", guest.Hypervisor);
        Line("memory", $"{guest.MemoryMiB} MiB");
        Line("CPUs", guest.CpuTopology is { } t ? $"{guest.CpuCount} = {t.Sockets} sockets x {t.CoresPerSocket} cores x {t.ThreadsPerCore} threads" : guest.CpuCount);
        Line("firmware", $"{guest.Firmware?.ToString() ?? "unknown"}{(guest.SecureBoot ? ", secure boot" : "")}{(guest.HasTpm ? ", TPM" : "")}");
        Line("clock", guest.ClockIsLocalTime ? "local time" : "UTC");
        foreach (var (what, value) in new[]
                 {
                     ("system", guest.GuestOsHint), ("annotation", guest.Annotation?.Replace("\n", "\\n", StringComparison.Ordinal)),
                     ("generation id", guest.GenerationId?.ToString()), ("sound", guest.SoundModel),
                 })
        {
            if (value is not null)
            {
                Line(what, value);
            }
        }

        foreach (var disk in guest.Disks)
        {
            Line("disk", string.Join(' ', Path.GetRelativePath(folder.Path, disk.Path), disk.Format, disk.Controller, disk.ControllerModel, disk.GuestName).TrimEnd());
        }

        foreach (var drive in guest.RemovableDrives)
        {
            Line("drive", $"{drive.Kind} {drive.Controller} {drive.Slot}".TrimEnd());
        }

        foreach (var adapter in guest.NetworkAdapters)
        {
            Line("adapter", $"{adapter.MacAddress ?? "-"} {adapter.Model ?? "-"} {(adapter.IsBridge ? "bridge " : "")}{adapter.Network ?? "-"} slot {adapter.PciSlot?.ToString(CultureInfo.InvariantCulture) ?? "-"}");
        }

        foreach (var concern in guest.Concerns)
        {
            Line(concern.Severity.ToString(), $"{concern.Id}: {concern.ToString().Replace(folder.Path, "FOLDER", StringComparison.Ordinal)}");
        }

        return text.ToString();
    }

    [GeneratedRegex(@"(?<name>\b(file|dev))='[^']*/(?<file>[^'/]+)'(?=/>\s*<(backingStore|target))")]
    private static partial Regex SourcePath();
}
