using V2V.Engine.IO;

namespace V2V.Engine.Conversion.Windows.Drivers;

/// <param name="Package">The package.</param>
/// <param name="Version">The version of Windows whose directory it lies in.</param>
internal sealed record FoundPackage(DriverPackage Package, string Version);

/// <summary>
/// Makes packages of the INF files in directories. A driver is taken from the first directory that has all of it; what is wrong with it there is
/// reported unless a later directory makes up for it.
/// </summary>
internal sealed class DriverPackageReader(DriverSource source, DriverTarget target)
{
    private const string InfEnding = ".inf";
    private const string DriverEnding = ".sys";
    private const string Advice = "Compare the source with the original virtio-win image.";

    private readonly SortedDictionary<string, FoundPackage> _packages = new(StringComparer.Ordinal);

    /// <summary>Why a driver was not taken from the first directory that has it.</summary>
    private readonly Dictionary<string, Concern> _rejected = [];
    private readonly List<(string Name, string Path)> _missing = [];
    private readonly List<Concern> _unsigned = [];

    /// <summary>By name.</summary>
    public SortedDictionary<string, FoundPackage> Packages => _packages;

    /// <summary>Packages that were taken without their catalogue.</summary>
    public IReadOnlyList<Concern> Unsigned => _unsigned;

    /// <summary>What is wrong with drivers that were found nowhere else.</summary>
    /// <param name="isMeant">The drivers' names that are of interest; all if null.</param>
    public IEnumerable<Concern> Faults(Predicate<string>? isMeant = null) => _rejected
        .Where(r => !_packages.ContainsKey(r.Key) && isMeant?.Invoke(r.Key) != false)
        .Select(r => r.Value);

    /// <summary>Files that an INF file names and that are not there, as paths in the source.</summary>
    public IEnumerable<string> MissingFiles => _missing.Where(m => !_packages.ContainsKey(m.Name)).Select(m => m.Path).Distinct();

    public void Read(DriverCandidate directory)
    {
        var infs = directory.Files.Where(f => f.Name.EndsWith(InfEnding, StringComparison.OrdinalIgnoreCase)).ToList();
        var read = infs.Select(inf => (File: inf, Name: inf.Name[..^InfEnding.Length].ToLowerInvariant()))
            .Where(inf => !_packages.ContainsKey(inf.Name))
            .Select(inf => (inf.File, inf.Name, Inf: TryRead(inf.File, inf.Name)))
            .Where(inf => inf.Inf is not null)
            .ToList();

        // What no INF file names (programs such as blnsvr.exe, a read-me) goes with the first.
        var named = read.SelectMany(inf => inf.Inf!.Files).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var rest = directory.Files.Where(f => !named.Contains(f.Name) && !infs.Contains(f)).ToList();
        foreach (var (file, name, inf) in read)
        {
            var files = new List<DriverSourceFile> { file };
            if (FindNamed(directory, name, inf!, files) && Check(name, files))
            {
                files.AddRange(rest);
                rest.Clear();
                _packages.Add(name, new FoundPackage(new DriverPackage(name, directory.Path.Length == 0 ? "." : directory.Path, files, inf!) { Driver = FindDriver(name, inf!, files) }, directory.Version));
            }
        }
    }

    private DriverInf? TryRead(DriverSourceFile file, string name)
    {
        try
        {
            return file.Length <= InfFile.MaxLength
                ? DriverInfReader.Read(source.Read(file), target)
                : throw new InvalidDataException($"it has {file.Length} bytes, and an INF file has at most {InfFile.MaxLength}");
        }
        catch (InvalidDataException e)
        {
            Reject(name, "DriverNotForGuest", $"{file.Path} in {source.Description} cannot be used: {e.Message}.");
            return null;
        }
    }

    /// <summary>Adds the files that the INF file names; false when one is missing that is not the catalogue.</summary>
    private bool FindNamed(DriverCandidate directory, string name, DriverInf inf, List<DriverSourceFile> files)
    {
        var missing = new List<string>();
        var isUnsigned = false;
        foreach (var wanted in inf.Files)
        {
            // Trees that were copied together by hand have lost the folders within a driver's folder.
            var found = source.Find(directory.Below(wanted)) ?? source.Find(directory.Below(wanted[(wanted.LastIndexOf('/') + 1)..]));
            if (found is not null)
            {
                files.Add(found);
            }
            else if (wanted == inf.CatalogFile)
            {
                isUnsigned = true;
            }
            else
            {
                missing.Add(directory.Below(wanted));
            }
        }

        if (missing.Count == 0)
        {
            if (isUnsigned)
            {
                // Windows starts from a driver that is signed itself; only to install it, it wants the catalogue.
                _unsigned.Add(new Concern(
                    ConcernSeverity.Warning, "DriverCatalogMissing",
                    $"{directory.Below(inf.CatalogFile!)} is not in {source.Description}: without its signatures Windows may refuse to install the driver {name}.", Advice));
            }

            return true;
        }

        if (!_rejected.ContainsKey(name))
        {
            _missing.AddRange(missing.Select(path => (name, path)));
        }

        Reject(
            name, "DriverIncomplete",
            $"The driver {name} of {source.Description} is left out, because its INF file names what is not there: {string.Join(", ", missing)}.");
        return false;
    }

    /// <summary>Whether every driver program of a package runs on the guest's architecture.</summary>
    private bool Check(string name, List<DriverSourceFile> files)
    {
        foreach (var file in files.Where(f => f.Name.EndsWith(DriverEnding, StringComparison.OrdinalIgnoreCase)))
        {
            var machine = PeHeader.ReadMachine((offset, buffer) => source.Read(file, offset, buffer));
            if (PeHeader.ArchitectureOf(machine) != target.Architecture)
            {
                var built = PeHeader.ArchitectureOf(machine) ?? $"machine 0x{machine:X4}";
                Reject(
                    name, "DriverForOtherArchitecture",
                    machine is null
                        ? $"The driver {name} of {source.Description} is left out, because {file.Path} is not a Windows driver."
                        : $"The driver {name} of {source.Description} is left out, because {file.Path} is built for {built}, and the guest is {target.Architecture}.");
                return false;
            }
        }

        return true;
    }

    /// <summary>What the device's service runs; where the INF file leaves the service to another one, the program of the driver's own name.</summary>
    private static DriverSourceFile? FindDriver(string name, DriverInf inf, List<DriverSourceFile> files)
    {
        var binary = inf.FunctionService?.BinaryName is { Length: > 0 } run ? run : name + DriverEnding;
        return files.Find(f => f.Name.Equals(binary, StringComparison.OrdinalIgnoreCase));
    }

    private void Reject(string name, string id, string message) => _rejected.TryAdd(name, new Concern(ConcernSeverity.Warning, id, message, Advice));
}
