using System.Management.Automation;
using V2V.Engine;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Sources;
using V2V.Engine.Sources.DiskOnly;
using V2V.Engine.Sources.Libvirt;

namespace V2V.PowerShell.Commands;

/// <summary>A command that opens guests by their paths, on this host or on others.</summary>
public abstract class SourceCommand : V2VCommand
{
    private protected const string PathSet = "Path";
    private protected const string LiteralPathSet = "LiteralPath";

    /// <summary>Looks for descriptions in the folders below the given ones too. Links are not followed.</summary>
    [Parameter]
    public SwitchParameter Recurse { get; set; }

    /// <summary>Folders in which the disks that a description names by a path elsewhere may lie. Only for descriptions that are trusted.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] AllowDiskFolder { get; set; } = [];

    /// <summary>User name and password for another host; the password is also what decrypts -KeyFile. What the host's other clients use (SSH's agent and keys) when it is left out.</summary>
    [Parameter]
    [Credential]
    [ValidateNotNull]
    public PSCredential? Credential { get; set; }

    /// <summary>A private key for SSH, in place of the agent's and the user's own.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? KeyFile { get; set; }

    /// <summary>The SSH host's key as its fingerprint, "SHA256:...", in place of the list of known hosts.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? HostKeyFingerprint { get; set; }

    /// <summary>Accepts whatever certificate an HTTPS server shows. Only for hosts with self-signed ones, in networks that are trusted.</summary>
    [Parameter]
    public SwitchParameter SkipCertificateCheck { get; set; }

    /// <summary>Folder for what has to be unpacked to be read, and for changes that do not fit in memory. The system's folder for temporary files when it is left out.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? TemporaryDirectory { get; set; }

    private protected SourceOptions SourceOptions => new()
    {
        AllowDiskFolders = [.. AllowDiskFolder.Select(ResolveLiteral)],
        TemporaryDirectory = TemporaryDirectory is null ? null : ResolveLiteral(TemporaryDirectory),
        Remote = new RemoteAccess
        {
            Credential = Credential?.GetNetworkCredential(),
            KeyFile = KeyFile is null ? null : ResolveLiteral(KeyFile),
            HostKeyFingerprint = HostKeyFingerprint,
            SkipCertificateCheck = SkipCertificateCheck,
        },
    };

    /// <summary>The guests that files describe, with a warning for what their descriptions leave in doubt. A file that cannot be used is an error, and the next has its turn.</summary>
    protected IEnumerable<SourceGuest> OpenGuests(IEnumerable<string> paths, IEnumerable<string> literalPaths)
    {
        var options = SourceOptions;
        foreach (var path in paths.SelectMany(ResolveSource).Concat(literalPaths.Select(ResolveLiteralSource)).SelectMany(InFolder))
        {
            if (Try(path, () => GuestSources.Open(path, options, Cancellation), out var guests))
            {
                foreach (var guest in guests)
                {
                    yield return guest;
                }
            }
        }
    }

    /// <summary>
    /// The guests that an object of the pipeline tells of: guests and assessments themselves, those that were stored (Export-Clixml,
    /// ConvertTo-Json), which are read anew from where they were, paths, files, and objects of other modules and tables.
    /// </summary>
    private protected IEnumerable<SourceGuest> OpenInput(PSObject input)
    {
        switch (input.BaseObject)
        {
            case SourceGuest guest:
                return [guest];
            case GuestAssessment assessment:
                return [assessment.Source];
        }

        PipedGuest? piped;
        try
        {
            piped = PipedGuest.From(input);
        }
        catch (PSArgumentException e)
        {
            Report(ErrorRecords.InputNotUnderstood(input, e.Message));
            return [];
        }

        if (piped is null)
        {
            Report(ErrorRecords.InputNotUnderstood(input, "The object has neither a path (Path, FullName) nor disks (Disk, HardDrives)."));
            return [];
        }

        return Open(piped).Select(guest => piped.Size.ApplyTo(piped.Name is null ? guest : guest with { Name = piped.Name }));
    }

    private IEnumerable<SourceGuest> Open(PipedGuest piped)
    {
        if (piped.Connection is { } connection)
        {
            return OpenConnection(connection, [piped.Domain!]);
        }

        if (piped.Disks.Count > 0)
        {
            return OpenDisks(piped.Disks, piped.Name);
        }

        var found = piped.LiteralPath is { } literal ? OpenGuests([], [literal])
            : IsLiteral(piped.Path!, out var path) ? OpenGuests([], [path]) : OpenGuests([piped.Path!], []);
        return piped.IsOneOfFile ? OneOf([.. found], piped.Name) : found;
    }

    /// <summary>A file may describe several guests, of which only one was stored.</summary>
    private static IReadOnlyList<SourceGuest> OneOf(IReadOnlyList<SourceGuest> guests, string? name) =>
        guests.Count > 1 && guests.FirstOrDefault(guest => guest.Name == name) is { } wanted ? [wanted] : guests;

    private protected SourceGuest[] OpenDisks(IEnumerable<string> paths, string? name)
    {
        var disks = paths.Select(p => IsLiteral(p, out var file) ? [file] : ResolveSource(p)).ToList();
        // A guest without one of its disks would be another guest.
        return disks.All(found => found.Count > 0) && Try(name, () => DiskSource.FromDisks([.. disks.SelectMany(d => d)], name, SourceOptions, Cancellation), out var guest)
            ? [guest]
            : [];
    }

    private protected IEnumerable<SourceGuest> OpenConnection(string connection, string[] names)
    {
        if (!Try(connection, () => LibvirtSource.Find(connection, names, SourceOptions, Cancellation).GetEnumerator(), out var guests))
        {
            yield break;
        }

        using (guests)
        {
            while (Try(connection, guests.MoveNext, out var hasNext) && hasNext)
            {
                yield return guests.Current;
            }
        }
    }

    /// <summary>Whether a path with characters of wildcards is that of a file.</summary>
    private bool IsLiteral(string path, out string file)
    {
        file = WildcardPattern.ContainsWildcardCharacters(path) ? SessionState.Path.GetUnresolvedProviderPathFromPSPath(path) : "";
        return File.Exists(file);
    }

    /// <summary>What a path names where a guest may come from. A URI is nothing of PowerShell's.</summary>
    private protected IReadOnlyList<string> ResolveSource(string path) => RemoteFiles.IsUri(path) ? [path] : ResolveWildcards(path);

    private protected string ResolveLiteralSource(string path) => RemoteFiles.IsUri(path) ? path : ResolveLiteral(path);

    /// <summary>The descriptions in a folder, so that one that cannot be read does not hide the others. A folder without any is an error of its own.</summary>
    private IEnumerable<string> InFolder(string path)
    {
        if (RemoteFiles.IsUri(path) || !Directory.Exists(path))
        {
            return [path];
        }

        var found = SourceFolders.Find(path, Recurse).Select(p => Stopping ? throw new PipelineStoppedException() : p).ToList();
        if (Recurse && found.Count == 0)
        {
            WriteVerbose($"{path} and the folders below it hold nothing that describes a guest.");
        }

        return found.Count > 0 || Recurse ? found : [path];
    }
}
