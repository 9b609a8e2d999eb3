using System.Globalization;

namespace V2V.Engine.Conversion.Windows.Drivers;

/// <summary>Finds in an INF file what applies to one Windows.</summary>
internal sealed class DriverInfReader
{
    /// <summary>SPSVCINST_ASSOCSERVICE: the service drives the device (INF AddService Directive).</summary>
    private const uint AssociatedService = 0x2;

    /// <summary>The sections of an installation that copy files.</summary>
    private static readonly string[] s_copying = ["", ".CoInstallers"];

    private readonly InfFile _file;
    private readonly DriverTarget _target;

    private DriverInfReader(InfFile file, DriverTarget target) => (_file, _target) = (file, target);

    /// <exception cref="InvalidDataException">It is not an INF file, or not for this Windows; the message says why.</exception>
    public static DriverInf Read(ReadOnlySpan<byte> content, DriverTarget target) => new DriverInfReader(InfFile.Parse(content), target).Read();

    private DriverInf Read()
    {
        var devices = Models().SelectMany(_file.Lines).Where(line => line.Key is not null && line.Value(0).Length > 0)
            .Select(line => new DriverDevice(
                line.Key!, [.. line.Values.Skip(1).Where(id => id.Length > 0).Select(id => id.ToUpperInvariant())], line.Value(0)))
            .ToList();
        var installs = devices.Select(d => d.InstallSection).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        var version = _file.Lines("Version").FirstOrDefault(line => Is(line.Key, "DriverVer"));
        var catalog = Catalog();
        var copied = installs.SelectMany(install => s_copying.Select(suffix => FindSection(install, suffix)))
            .OfType<string>().SelectMany(CopiedFiles);
        return new DriverInf
        {
            ClassName = _file.Value("Version", "Class"),
            ClassGuid = Guid.TryParse(_file.Value("Version", "ClassGuid"), out var guid) ? guid : null,
            Provider = _file.Value("Version", "Provider"),
            Date = DateOnly.TryParseExact(version?.Value(0), ["MM/dd/yyyy", "M/d/yyyy", "MM-dd-yyyy", "M-d-yyyy"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
                ? date
                : null,
            Version = version?.Value(1) is { Length: > 0 } text ? text : null,
            CatalogFile = catalog,
            Devices = devices,
            Services = [.. installs.Select(install => FindSection(install, ".Services")).OfType<string>().SelectMany(Services).DistinctBy(s => s.Name)],
            Files = [.. copied.Append(catalog).OfType<string>().Distinct(StringComparer.OrdinalIgnoreCase)],
        };
    }

    /// <summary>The models sections that suit, one a manufacturer.</summary>
    private List<string> Models()
    {
        var manufacturers = _file.Lines("Manufacturer").Where(line => (line.Value(0).Length > 0 ? line.Value(0) : line.Key) is { Length: > 0 }).ToList();
        var found = new List<string>();
        foreach (var line in manufacturers)
        {
            var section = line.Value(0).Length > 0 ? line.Value(0) : line.Key!;
            var decorations = line.Values.Skip(1).Where(d => d.Length > 0).ToList();
            var best = decorations.Select(d => (Name: d, Rank: _target.Rank(d, plainIsAny: false))).Where(d => d.Rank is not null).OrderByDescending(d => d.Rank).FirstOrDefault();
            if (best.Name is not null)
            {
                found.Add($"{section}.{best.Name}");
            }
            else if (decorations.Count == 0 && _target.InfArchitecture == "x86")
            {
                found.Add(section);
            }
        }

        if (manufacturers.Count > 0 && found.Count == 0)
        {
            var all = manufacturers.SelectMany(line => line.Values.Skip(1)).Where(d => d.Length > 0).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
            throw new InvalidDataException(
                all.Count == 0 ? "it is for x86 only" : $"it is for {string.Join(", ", all)}, and not for {_target.Name}, version {_target.Major}.{_target.Minor}.{_target.Build}");
        }

        return found;
    }

    /// <summary>The section of that name with the decoration that suits best, or without one; null when there is none.</summary>
    private string? FindSection(string name, string suffix)
    {
        var prefix = $"{name}.NT";
        var decorated = _file.Sections
            .Where(s => s.Length >= prefix.Length + suffix.Length
                && s.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) && s.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
            .Select(s => (Name: s, Rank: _target.Rank(s[(name.Length + 1)..^suffix.Length], plainIsAny: true)))
            .Where(s => s.Rank is not null)
            .OrderByDescending(s => s.Rank)
            .FirstOrDefault();
        return decorated.Name ?? (_file.Has(name + suffix) ? name + suffix : null);
    }

    private IEnumerable<string> CopiedFiles(string install) => _file.Lines(install).Where(line => Is(line.Key, "CopyFiles"))
        .SelectMany(line => line.Values)
        .SelectMany(list => list is ['@', .. var name]
            ? [name]
            : _file.Lines(list).Select(line => line.Value(1).Length > 0 ? line.Value(1) : line.Value(0)))
        .Where(name => name.Length > 0)
        .Select(WithFolder);

    /// <summary>Beside the INF file, or in a folder there that SourceDisksFiles names.</summary>
    private string WithFolder(string name)
    {
        var folder = new[] { $"SourceDisksFiles.{_target.InfArchitecture}", "SourceDisksFiles" }
            .SelectMany(_file.Lines).FirstOrDefault(line => Is(line.Key, name))?.Value(1).Trim('\\').Replace('\\', '/');
        return string.IsNullOrEmpty(folder) ? name : $"{folder}/{name}";
    }

    private string? Catalog() => _file.Lines("Version")
        .Where(line => line.Value(0).Length > 0)
        .Select(line => (File: line.Value(0), Rank: Is(line.Key, "CatalogFile") ? 0
            : Is(line.Key, "CatalogFile.NT") ? 1
            : Is(line.Key, $"CatalogFile.NT{_target.InfArchitecture}") ? 2 : -1))
        .Where(c => c.Rank >= 0)
        .OrderByDescending(c => c.Rank)
        .FirstOrDefault().File;

    private IEnumerable<DriverService> Services(string section) => _file.Lines(section)
        .Where(line => Is(line.Key, "AddService") && line.Value(0).Length > 0 && line.Value(2).Length > 0)
        .Select(line => Service(line.Value(0), (Number(line.Value(1)) & AssociatedService) != 0, line.Value(2)));

    private DriverService Service(string name, bool isFunction, string section)
    {
        var binary = _file.Value(section, "ServiceBinary") ?? "";
        return new DriverService(name, isFunction, binary[(binary.LastIndexOfAny(['\\', '/']) + 1)..])
        {
            DisplayName = _file.Value(section, "DisplayName"),
            ServiceType = Number(_file.Value(section, "ServiceType")) ?? 1,
            StartType = Number(_file.Value(section, "StartType")) ?? 3,
            ErrorControl = Number(_file.Value(section, "ErrorControl")) ?? 1,
            LoadOrderGroup = _file.Value(section, "LoadOrderGroup"),
        };
    }

    private static uint? Number(string? text) =>
        text is not null && text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? uint.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex) ? hex : null
            : uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static bool Is(string? key, string name) => key is not null && key.Equals(name, StringComparison.OrdinalIgnoreCase);
}
