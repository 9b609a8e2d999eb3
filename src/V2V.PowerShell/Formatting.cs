using System.Globalization;
using System.Management.Automation;
using V2V.Engine;
using V2V.Engine.Conversion;
using V2V.Engine.Sources;
using V2V.Engine.Targets;

namespace V2V.PowerShell;

/// <summary>
/// The strings of the views in V2V.Format.ps1xml and of the progress display. What views give may be objects that were stored and lost their types
/// (<see cref="Restored"/>).
/// </summary>
public static class Formatting
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    /// <summary>"512 B", "2.0 GiB", "150 GiB": three significant digits at the most before the point, one after it below ten.</summary>
    public static string Size(long bytes)
    {
        var value = (double)bytes;
        var unit = 0;
        // From 1023.5 on it would be printed as 1024.
        while (value >= 1023.5 && unit < Units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        var format = unit == 0 || value >= 99.95 ? "0" : "0.0";
        return string.Create(CultureInfo.InvariantCulture, $"{value.ToString(format, CultureInfo.InvariantCulture)} {Units[unit]}");
    }

    /// <summary>"-" when nobody can tell.</summary>
    public static string Size(long? bytes) => bytes is { } known ? Size(known) : "-";

    /// <summary>"412 MiB to copy, up to 430 MiB at the target, about 3.1 s"; "-" when nothing of it is known.</summary>
    public static string Estimate(object assessment)
    {
        var source = Restored.As<GuestAssessment>(assessment)!;
        string?[] parts =
        [
            source.EstimatedBytes is { } bytes ? $"{Size(bytes)} to copy" : null,
            source.EstimatedTargetBytes is { } target ? $"up to {Size(target)} at the target" : null,
            source.EstimatedTime is { } time ? $"about {Duration(time)}" : null,
        ];
        return string.Join(", ", parts.OfType<string>()) is { Length: > 0 } text ? text : "-";
    }

    /// <summary>"52:54:00:aa:bb:cc to bridge br0".</summary>
    public static string Network(object network)
    {
        var source = Restored.As<DomainNetwork>(network)!;
        return $"{source.MacAddress} to {(source.IsBridge ? "bridge" : "network")} {source.Name}";
    }

    /// <summary>A duration that may not be known: "-" then.</summary>
    public static string Duration(TimeSpan? time) => time is { } known ? Duration(known) : "-";

    /// <summary>"350 MiB/s".</summary>
    public static string Rate(double bytesPerSecond) => Size((long)bytesPerSecond) + "/s";

    /// <summary>"40 ms", "0.8 s", "12 s", "2 min 05 s", "1 h 02 min".</summary>
    public static string Duration(TimeSpan time)
    {
        var rounded = TimeSpan.FromSeconds(Math.Round(time.TotalSeconds));
        return rounded switch
        {
            { TotalMinutes: >= 60 } => $"{(int)rounded.TotalHours} h {rounded.Minutes:00} min",
            { TotalSeconds: >= 60 } => $"{(int)rounded.TotalMinutes} min {rounded.Seconds:00} s",
            { TotalSeconds: >= 10 } => $"{(int)rounded.TotalSeconds} s",
            // Shorter times would all be printed as zero.
            _ when time > TimeSpan.Zero && time.TotalMilliseconds < 95 => string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(time.TotalMilliseconds)} ms"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s"),
        };
    }

    /// <summary>"2.0 GiB" of memory that is counted in MiB.</summary>
    public static string Memory(long mebibytes) => Size(mebibytes << 20);

    /// <summary>"1 (8.0 GiB)": how many disks, and their capacity in sum.</summary>
    public static string Disks(IReadOnlyList<SourceDisk> disks) => $"{disks.Count} ({Size(disks.Sum(disk => disk.Capacity))})";

    /// <summary>The same of disks that may have been stored.</summary>
    public static string Disks(object disks) => Disks(Restored.List<SourceDisk>(disks));

    /// <summary>"1 critical, 2 warnings"; "none" when there is nothing to say.</summary>
    public static string Concerns(IReadOnlyList<Concern> concerns) => Concerns(concerns, style: null);

    /// <summary>The same, of concerns that may have been stored, each severity in its colour of <c>$PSStyle</c>.</summary>
    public static string Concerns(object concerns, PSObject? style) =>
        Restored.List<Concern>(concerns) is { Count: > 0 } known
            ? string.Join(", ", known.GroupBy(concern => concern.Severity).OrderByDescending(group => group.Key).Select(group => Coloured(
                group.Key switch
                {
                    ConcernSeverity.Critical => $"{group.Count()} critical",
                    ConcernSeverity.Warning => Count(group.Count(), "warning"),
                    _ => Count(group.Count(), "note"),
                },
                group.Key,
                style)))
            : "none";

    /// <summary>"Warning", in its colour of <c>$PSStyle</c>. The severity may have been stored.</summary>
    public static string Severity(PSObject severity, PSObject? style)
    {
        // A number that keeps its name as its text, if it was stored.
        var text = severity.ToString();
        return Enum.TryParse<ConcernSeverity>(text, out var known) ? Coloured(text, known, style) : text;
    }

    /// <summary>"True", or "False" in the colour of what is critical.</summary>
    public static string Convertible(bool convertible, PSObject? style) => convertible ? "True" : Coloured("False", ConcernSeverity.Critical, style);

    /// <summary>"x86_64 Debian GNU/Linux 12 (bookworm)", or "none found".</summary>
    public static string OperatingSystem(object assessment) => Restored.As<GuestAssessment>(assessment)?.OperatingSystem?.ToString() ?? "none found";

    /// <summary>"q35, Uefi, disks on Virtio, network Virtio".</summary>
    public static string Hardware(object? hardware) => Restored.As<TargetHardware>(hardware) is { } target
        ? $"{target.Machine}, {target.Firmware}, disks on {target.DiskBus}, network {target.NetworkModel}"
        : "-";

    /// <summary>"VM Network -> default; others -> bridge br0".</summary>
    public static string Networks(IReadOnlyList<NetworkRule> rules) =>
        string.Join("; ", rules);

    /// <summary>The same of rules that may have been stored.</summary>
    public static string Networks(object rules) => Networks(Restored.List<NetworkRule>(rules));

    /// <summary>"4", "4 (2 sockets, 2 cores, 1 threads)".</summary>
    public static string Cpus(object guest)
    {
        var source = Restored.As<SourceGuest>(guest)!;
        return source.CpuTopology is { } t
            ? string.Create(CultureInfo.InvariantCulture, $"{source.CpuCount} ({t.Sockets} sockets, {t.CoresPerSocket} cores, {t.ThreadsPerCore} threads)")
            : source.CpuCount.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>"scsi0:1 8.0 GiB vmdk /vm/web01.vmdk".</summary>
    public static string Disk(object disk)
    {
        var source = Restored.As<SourceDisk>(disk)!;
        return string.Join(' ', new[] { source.Id, Size(source.Capacity), source.Format, source.Path }.OfType<string>());
    }

    /// <summary>"00:0c:29:aa:bb:cc vmxnet3 on VM Network".</summary>
    public static string Adapter(object adapter)
    {
        var source = Restored.As<SourceNetworkAdapter>(adapter)!;
        return string.Join(' ', new[]
        {
            source.MacAddress, source.Model, source.Network is null ? null : $"on {(source.IsBridge ? "bridge " : "")}{source.Network}",
            source.IsConnected ? null : "(not connected)",
        }.OfType<string>());
    }

    /// <summary>"CdRom on Ide 2".</summary>
    public static string Drive(object drive)
    {
        var source = Restored.As<RemovableDrive>(drive)!;
        return string.Create(
            CultureInfo.InvariantCulture, $"{source.Kind}{(source.Controller == DiskController.Unknown ? "" : $" on {source.Controller}")} {source.Slot}").TrimEnd();
    }

    /// <summary>"Vnc 127.0.0.1:5901, keyboard de"; "-" without one.</summary>
    public static string Display(object? display) => Restored.As<SourceDisplay>(display) is { } source
        ? string.Create(
            CultureInfo.InvariantCulture,
            $"{source.Kind}{(source.Listen is null && source.Port is null ? "" : $" {source.Listen}")}{(source.Port is { } port ? $":{port}" : "")}{(source.Keymap is { } keymap ? $", keyboard {keymap}" : "")}")
        : "-";

    /// <summary>Text as errors and warnings are shown. Who shows it takes the colour off where there is none: in files, and by <c>$PSStyle.OutputRendering</c>.</summary>
    private static string Coloured(string text, ConcernSeverity severity, PSObject? style)
    {
        var kind = severity switch
        {
            ConcernSeverity.Critical => "Error",
            ConcernSeverity.Warning => "Warning",
            _ => null,
        };
        return kind is not null && style?.Properties["Formatting"]?.Value is { } formatting
            && PSObject.AsPSObject(formatting).Properties[kind]?.Value is string colour && style.Properties["Reset"]?.Value is string reset
            ? $"{colour}{text}{reset}"
            : text;
    }

    private static string Count(int count, string noun) => count == 1 ? $"1 {noun}" : $"{count} {noun}s";
}
