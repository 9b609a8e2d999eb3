using System.Management.Automation;
using V2V.Engine.Sources;
using V2V.Engine.Sources.DiskOnly;

namespace V2V.PowerShell.Commands;

/// <summary>Reads the descriptions of virtual machines, without reading the contents of their disks.</summary>
[Cmdlet(VerbsCommon.Get, "V2VSourceGuest", DefaultParameterSetName = PathSet)]
[OutputType(typeof(SourceGuest))]
public sealed class GetV2VSourceGuestCommand : V2VCommand
{
    private const string PathSet = "Path";
    private const string LiteralPathSet = "LiteralPath";
    private const string DiskSet = "Disk";

    /// <summary>Files that describe guests (.vmx, .ova, .ovf, .xva, .vbox, libvirt .xml), also compressed or in archives. Wildcards are allowed.</summary>
    [Parameter(ParameterSetName = PathSet, Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Path { get; set; } = [];

    /// <summary>Files that describe guests, taken as they are written.</summary>
    [Parameter(ParameterSetName = LiteralPathSet, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "FullName")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>Folders in which the disks that a description names by a path elsewhere may lie. Only for descriptions that are trusted.</summary>
    [Parameter(ParameterSetName = PathSet)]
    [Parameter(ParameterSetName = LiteralPathSet)]
    [ValidateNotNullOrEmpty]
    public string[] AllowDiskFolder { get; set; } = [];

    /// <summary>
    /// Disk images of one guest that has no description, the boot disk first; also compressed, or in archives (ARCHIVE!NAME). Wildcards are allowed.
    /// </summary>
    [Parameter(ParameterSetName = DiskSet, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Disk { get; set; } = [];

    /// <summary>Name of the guest that the disks belong to. The first disk's file name when it is left out.</summary>
    [Parameter(ParameterSetName = DiskSet)]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>Folder for what has to be unpacked to be read. The system's folder for temporary files when it is left out.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? TemporaryDirectory { get; set; }

    protected override void ProcessRecord()
    {
        if (ParameterSetName == DiskSet)
        {
            var disks = Disk.Select(ResolveWildcards).ToList();
            var options = new SourceOptions { TemporaryDirectory = TemporaryDirectory is null ? null : ResolveLiteral(TemporaryDirectory) };
            // A guest without one of its disks would be another guest.
            if (disks.All(found => found.Count > 0) && Try(null, () => DiskSource.FromDisks([.. disks.SelectMany(d => d)], Name, options), out var guest))
            {
                WriteWarnings(guest.Name, guest.Concerns);
                WriteObject(guest);
            }

            return;
        }

        WriteObject(OpenGuests(Path, LiteralPath, AllowDiskFolder, TemporaryDirectory), enumerateCollection: true);
    }
}
