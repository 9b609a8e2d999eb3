using System.Collections;
using System.Globalization;
using System.Management.Automation;
using V2V.Engine.Sources;

namespace V2V.PowerShell;

/// <summary>
/// What an object of the pipeline says of a guest: text and files are paths; of other objects the properties count, by the names that Hyper-V's and
/// VMware's modules, files of comma-separated values and this module itself give them.
/// </summary>
/// <param name="Path">Where the guest is described; wildcards are allowed.</param>
/// <param name="LiteralPath">The same, taken as it is written.</param>
/// <param name="Disks">Images of the guest's disks; where they are told, the path is not that of a description (Hyper-V: of a folder of its own).</param>
/// <param name="Name">The guest's name; null for files, whose names are others.</param>
/// <param name="Size">Memory, CPUs and firmware.</param>
internal sealed record PipedGuest(string? Path, string? LiteralPath, IReadOnlyList<string> Disks, string? Name, GuestSize Size)
{
    private const decimal MiB = 1 << 20;

    /// <summary>The libvirt connection that a stored guest was read from; null for other guests.</summary>
    public string? Connection { get; private init; }

    /// <summary>What the guest is called there.</summary>
    public string? Domain { get; private init; }

    /// <summary>The guest is a stored one: of several that its file describes it is the one of its name.</summary>
    public bool IsOneOfFile { get; private init; }

    /// <summary>Null when the object tells neither a path nor disks.</summary>
    /// <exception cref="PSArgumentException">A property has a value that makes no sense.</exception>
    public static PipedGuest? From(PSObject input) => input.BaseObject switch
    {
        string path => new PipedGuest(path, null, [], null, GuestSize.AsDescribed),
        FileSystemInfo file => new PipedGuest(null, file.FullName, [], null, GuestSize.AsDescribed),
        _ => FromProperties(input),
    };

    /// <summary>The name that an object gives a guest, or the text that it is.</summary>
    public static string? NameOf(PSObject input) => input.BaseObject as string ?? Text(input, "VMName", "Name");

    private static PipedGuest? FromProperties(PSObject input)
    {
        // A stored assessment.
        if (Value(input, "Source") is PSObject source && Text(source, "SourceKind") is not null)
        {
            return FromProperties(source);
        }

        var kind = Text(input, "SourceKind");
        if (kind == "Libvirt" && Text(input, "Path")?.Split('!', 2) is [var connection, var domain])
        {
            return new PipedGuest(null, null, [], Text(input, "Name"), SizeOf(input)) { Connection = connection, Domain = domain };
        }

        var disks = DisksOf(Value(input, "Disk", "HardDrives", "DiskPath"));
        if (disks.Count == 0 && kind == "Disk")
        {
            // A guest of this module that was stored: its path is only the first of its disks.
            disks = DisksOf(Value(input, "Disks"));
        }

        var literal = Text(input, "PSPath", "FullName", "LiteralPath");
        var path = literal is null ? Text(input, "Path") : null;
        if (kind is not null && disks.Count == 0 && path is not null)
        {
            return new PipedGuest(null, path, [], Text(input, "Name"), SizeOf(input)) { IsOneOfFile = true };
        }

        return disks.Count == 0 && (literal ?? path) is null
            ? null
            : new PipedGuest(path, literal, disks, disks.Count == 0 && literal is not null ? null : Text(input, "VMName", "Name"), SizeOf(input));
    }

    private static GuestSize SizeOf(PSObject input)
    {
        var memory = Number(input, "MemoryMiB", "MemoryMB") ?? (Number(input, "MemoryBytes", "MemoryStartup", "MemoryStartupBytes") / MiB);
        var size = new GuestSize(
            memory is { } m ? (long)Math.Min(Math.Ceiling(m), long.MaxValue) : null,
            Number(input, "Cpu", "CpuCount", "ProcessorCount", "NumCpu") is { } cpus ? (long)cpus : null,
            FirmwareOf(Text(input, "Firmware")) ?? GenerationOf(Text(input, "Generation")));
        return size.Fault is { } fault ? throw new PSArgumentException(fault) : size;
    }

    /// <summary>As people and VMware ("efi") write it; the numbers are what storing makes of this module's own.</summary>
    private static Firmware? FirmwareOf(string? text) => text?.ToUpperInvariant() switch
    {
        null => null,
        "BIOS" or "0" => Firmware.Bios,
        "UEFI" or "EFI" or "1" => Firmware.Uefi,
        _ => throw new PSArgumentException($"The firmware \"{text}\" is unknown; Bios and Uefi are."),
    };

    /// <summary>What Hyper-V has in its place.</summary>
    private static Firmware? GenerationOf(string? text) => text switch
    {
        null => null,
        "1" => Firmware.Bios,
        "2" => Firmware.Uefi,
        _ => throw new PSArgumentException($"The generation \"{text}\" is unknown; 1 and 2 are."),
    };

    /// <summary>Disks as text, several between semicolons (a cell of a table), or as objects that have a Path.</summary>
    private static List<string> DisksOf(object? value) => value switch
    {
        null => [],
        string text when File.Exists(text) => [text],
        string text => [.. text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)],
        IEnumerable several => [.. several.Cast<object?>().SelectMany(item => DisksOf(item is PSObject { BaseObject: string text } ? text : item))],
        _ => PSObject.AsPSObject(value) is var item && item.BaseObject is FileSystemInfo file ? [file.FullName]
            : item.BaseObject is string text ? DisksOf(text)
            : Text(item, "Path") is { } path ? [path] : [],
    };

    private static decimal? Number(PSObject input, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (Text(input, name) is { } text)
            {
                return decimal.TryParse(text, NumberStyles.Number, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= long.MaxValue
                    ? number
                    : throw new PSArgumentException($"{name} is \"{text}\", which is no number above zero.");
            }
        }

        return null;
    }

    private static string? Text(PSObject input, params ReadOnlySpan<string> names) =>
        Convert.ToString(Value(input, names), CultureInfo.InvariantCulture)?.Trim() is { Length: > 0 } text ? text : null;

    /// <summary>The first of the properties that has a value. An empty cell of a table is none.</summary>
    private static object? Value(PSObject input, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            var value = input.Properties[name]?.Value;
            if (value is PSObject wrapped && wrapped.BaseObject is not PSCustomObject)
            {
                value = wrapped.BaseObject;
            }

            if (value is not (null or ""))
            {
                return value;
            }
        }

        return null;
    }
}

/// <summary>What is to stand in place of what a description says of a guest; null leaves that.</summary>
internal sealed record GuestSize(long? MemoryMiB, long? Cpu, Firmware? Firmware)
{
    public const long MaximumMemoryMiB = 64L << 20;

    private const int MaximumCpus = 4096;

    public static GuestSize AsDescribed { get; } = new(null, null, null);

    /// <summary>What makes no sense; null when all does.</summary>
    public string? Fault =>
        MemoryMiB is < 1 or > MaximumMemoryMiB ? $"{MemoryMiB} MiB of memory make no sense; from 1 to {MaximumMemoryMiB} would."
        : Cpu is < 1 or > MaximumCpus ? $"{Cpu} CPUs make no sense; from 1 to {MaximumCpus} would."
        : null;

    /// <summary>This, and what it leaves open from another.</summary>
    public GuestSize Over(GuestSize other) => new(MemoryMiB ?? other.MemoryMiB, Cpu ?? other.Cpu, Firmware ?? other.Firmware);

    public SourceGuest ApplyTo(SourceGuest guest)
    {
        guest = guest with { MemoryMiB = MemoryMiB ?? guest.MemoryMiB };
        if (Cpu is { } cpus && cpus != guest.CpuCount)
        {
            guest = guest with { CpuCount = (int)cpus, CpuTopology = null };
        }

        return Firmware is { } firmware && firmware != guest.Firmware
            ? guest with { Firmware = firmware, SecureBoot = guest.SecureBoot && firmware == V2V.Engine.Sources.Firmware.Uefi }
            : guest;
    }
}
