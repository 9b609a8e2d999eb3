using System.Management.Automation;
using V2V.Engine.Sources;

namespace V2V.PowerShell.Commands;

/// <summary>Reads the descriptions of virtual machines, without reading the contents of their disks.</summary>
[Cmdlet(VerbsCommon.Get, "V2VSourceGuest", DefaultParameterSetName = PathSet)]
[OutputType(typeof(SourceGuest))]
public sealed class GetV2VSourceGuestCommand : SourceCommand
{
    private const string DiskSet = "Disk";
    private const string ConnectionSet = "Connection";
    private const string InputObjectSet = "InputObject";

    /// <summary>
    /// Files that describe guests (.vmx, .ova, .ovf, .xva, .vbox, .vmcx, .box, .xml of libvirt and Hyper-V), folders of such, disk images, or URIs.
    /// Wildcards are allowed.
    /// </summary>
    [Parameter(ParameterSetName = PathSet, Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Path { get; set; } = [];

    /// <summary>Files as in -Path, taken as they are written.</summary>
    [Parameter(ParameterSetName = LiteralPathSet, Mandatory = true)]
    [Alias("PSPath", "FullName")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>Disk images of one guest that has no description, or the folders of Parallels disks (.hdd), the boot disk first. Wildcards are allowed.</summary>
    [Parameter(ParameterSetName = DiskSet, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Disk { get; set; } = [];

    /// <summary>A libvirt connection whose guests are read: qemu:///system, qemu+ssh://root@host/system, xen+ssh://root@host, esx://root@host/.</summary>
    [Parameter(ParameterSetName = ConnectionSet, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConnectionCompleter))]
    public string? Connection { get; set; }

    /// <summary>
    /// Paths, files, or objects of other modules and tables whose properties tell a guest's path or disks. With -Connection they only name the guests.
    /// </summary>
    [Parameter(ParameterSetName = InputObjectSet, Mandatory = true, ValueFromPipeline = true)]
    [Parameter(ParameterSetName = ConnectionSet, ValueFromPipeline = true)]
    [ValidateNotNull]
    public PSObject? InputObject { get; set; }

    /// <summary>Name of the guest, in place of the description's or the first disk's. With -Connection the names of the guests that are read; wildcards are allowed there.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(LibvirtGuestNameCompleter))]
    public string[] Name { get; set; } = [];

    /// <summary>Memory in MiB, in place of the description's.</summary>
    [Parameter]
    [ValidateRange(1L, GuestSize.MaximumMemoryMiB)]
    public long MemoryMiB { get; set; }

    /// <summary>Number of CPUs, in place of the description's.</summary>
    [Parameter]
    [ValidateRange(1, 4096)]
    public int Cpu { get; set; }

    /// <summary>Firmware that starts the guest, in place of the description's or of what its disks make one expect.</summary>
    [Parameter]
    public Firmware Firmware { get; set; }

    private GuestSize _given = GuestSize.AsDescribed;

    protected override void BeginProcessing()
    {
        _given = new GuestSize(IsGiven(nameof(MemoryMiB)) ? MemoryMiB : null, IsGiven(nameof(Cpu)) ? Cpu : null, IsGiven(nameof(Firmware)) ? Firmware : null);
        if (Name.Length > 1 && Connection is null)
        {
            ThrowTerminatingError(ErrorRecords.ParametersConflict("-Name has several names; one guest has one.", null));
        }
    }

    protected override void ProcessRecord()
    {
        switch (ParameterSetName)
        {
            case DiskSet:
                Write(OpenDisks(Disk, Name.FirstOrDefault()), Name.FirstOrDefault(), _given);
                break;
            case ConnectionSet:
                Write(OpenConnection(Connection!, InputObject is null ? Name : [PipedGuest.NameOf(InputObject) ?? ""]), name: null, _given);
                break;
            case InputObjectSet:
                Write(OpenInput(InputObject!), Name.FirstOrDefault(), _given);
                break;
            default:
                Write(OpenGuests(Path, LiteralPath), Name.FirstOrDefault(), _given);
                break;
        }
    }

    private void Write(IEnumerable<SourceGuest> guests, string? name, GuestSize size)
    {
        foreach (var guest in guests)
        {
            var result = size.ApplyTo(name is null ? guest : guest with { Name = name });
            Streams.WriteWarnings(result.Name, result.Concerns);
            WriteObject(result);
        }
    }

    private bool IsGiven(string parameter) => MyInvocation.BoundParameters.ContainsKey(parameter);
}
