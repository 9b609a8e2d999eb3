using System.Globalization;
using System.Text;
using V2V.Engine.Sources;

namespace V2V.Engine.Tests.Sources;

/// <summary>
/// A source guest as text, one fact a line: everything that its reader found, but for the room that disks take on the host, which depends on
/// the host. Paths are relative to the folder of the sample.
/// </summary>
internal static class SourceReport
{
    public static string Of(IReadOnlyList<SourceGuest> guests, string folder)
    {
        var text = new StringBuilder();
        foreach (var guest in guests)
        {
            text.Append(text.Length > 0 ? "\n" : "");
            Write(guest, folder, text);
        }

        return text.ToString();
    }

    private static void Write(SourceGuest guest, string folder, StringBuilder text)
    {
        void Line(string what, object? value)
        {
            if (value is not null)
            {
                text.Append(CultureInfo.InvariantCulture, $"{what}: {value}\n");
            }
        }

        Line("name", guest.Name);
        Line("kind", guest.SourceKind);
        Line("path", Path.GetRelativePath(folder, guest.Path));
        Line("hypervisor", guest.Hypervisor);
        Line("state", guest.State == GuestState.Unknown ? null : guest.State);
        Line("memory", $"{guest.MemoryMiB} MiB");
        Line("CPUs", guest.CpuTopology is { } t ? $"{guest.CpuCount} = {t.Sockets} sockets x {t.CoresPerSocket} cores x {t.ThreadsPerCore} threads" : guest.CpuCount);
        Line("firmware", $"{guest.Firmware?.ToString() ?? "unknown"}{(guest.SecureBoot ? ", secure boot" : "")}{(guest.HasTpm ? ", TPM" : "")}");
        Line("clock", guest.ClockIsLocalTime ? "local time" : "UTC");
        Line("system", guest.GuestOsHint);
        Line("annotation", guest.Annotation?.Replace("\n", "\\n", StringComparison.Ordinal));
        Line("id", guest.Uuid);
        Line("generation id", guest.GenerationId);
        Line("sound", guest.SoundModel);
        Line("video", guest.VideoModel);
        Line("display", guest.Display is { } display ? $"{display.Kind}{(display.Port is { } port ? $" port {port}" : "")}{(display.Listen is { } listen ? $" at {listen}" : "")}" : null);
        Line("snapshots", guest.SnapshotCount == 0 ? null : guest.SnapshotCount);
        foreach (var disk in guest.Disks)
        {
            Line("disk", $"{Path.GetRelativePath(folder, disk.Path)} {disk.Format} {disk.Capacity} bytes, {Controller(disk)}"
                + $"{(disk.Slot is { } slot ? $", slot {slot}" : "")}{(disk.Id is { } id ? $", id {id}" : "")}{(disk.BootOrder is { } order ? $", boot order {order}" : "")}"
                + $"{(disk.GuestName is { } name ? $", guest name {name}" : "")}{(disk.ExpectedDigest is { } digest ? $", {digest.Algorithm} of {digest.FileName}" : "")}");
        }

        foreach (var adapter in guest.NetworkAdapters)
        {
            Line("adapter", $"{adapter.MacAddress ?? "no address"}, {adapter.Model ?? "no model"}, "
                + $"{(adapter.Network is { } network ? $"{(adapter.IsBridge ? "bridge" : "network")} {network}" : "no network")}{(adapter.PciSlot is { } slot ? $", slot {slot}" : "")}{(adapter.IsConnected ? "" : ", not connected")}");
        }

        foreach (var drive in guest.RemovableDrives)
        {
            Line("drive", $"{drive.Kind}, {drive.Controller} {drive.Slot}".TrimEnd());
        }

        foreach (var concern in guest.Concerns)
        {
            Line("concern", $"{concern.Severity} {concern.Id}");
        }
    }

    private static string Controller(SourceDisk disk) => disk.ControllerModel is { } model ? $"{disk.Controller} {model}" : $"{disk.Controller}";
}
