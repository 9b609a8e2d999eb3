using System.Management.Automation;
using V2V.Engine;
using V2V.Engine.Sources;
using Drivers = V2V.Engine.Conversion.Windows.Drivers;

namespace V2V.PowerShell.Commands;

/// <summary>A command that works on source guests: objects of Get-V2VSourceGuest, or the files that describe them.</summary>
public abstract class SourceGuestCommand : SourceCommand
{
    private const string InputObjectSet = "InputObject";

    /// <summary>Guests as Get-V2VSourceGuest returns them.</summary>
    [Parameter(ParameterSetName = InputObjectSet, Mandatory = true, ValueFromPipeline = true)]
    [ValidateNotNull]
    public SourceGuest[] InputObject { get; set; } = [];

    /// <summary>Files that describe guests (.vmx, .ova, .ovf, .xva, .vbox, .vmcx, .box, .xml of libvirt and Hyper-V), folders of such, disk images, or URIs. Wildcards are allowed.</summary>
    [Parameter(ParameterSetName = PathSet, Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Path { get; set; } = [];

    /// <summary>Files that describe guests, taken as they are written.</summary>
    [Parameter(ParameterSetName = LiteralPathSet, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "FullName")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>Folder for changes that do not fit in memory, and for what has to be unpacked. The system's folder for temporary files when it is left out.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? TemporaryDirectory { get; set; }

    /// <summary>
    /// Changes nothing inside the guest and gives it the hardware that it had, or another that it is known to drive: for guests whose file systems
    /// V2V cannot write or not even open.
    /// </summary>
    [Parameter]
    public SwitchParameter AsIs { get; set; }

    /// <summary>
    /// Where Windows guests get their virtio drivers: a virtio-win ISO image, or a folder with what is in it. What this machine has installed
    /// (the environment variable VIRTIO_WIN, /usr/share/virtio-win) when it is left out.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? DriverSource { get; set; }

    /// <summary>The driver that Windows guests start from: viostor for virtio-blk disks, vioscsi for virtio-scsi. viostor when it is left out.</summary>
    [Parameter]
    public StoragePreference BlockDriver { get; set; }

    /// <summary>
    /// Converts a Windows guest also when there are no drivers for it: it gets SATA or IDE disks and an emulated network adapter, which are slower.
    /// </summary>
    [Parameter]
    public SwitchParameter AllowNoDrivers { get; set; }

    /// <summary>
    /// Which operating system is meant when a guest has several: "first", its number in the list that the error gives, UUID=, LABEL=, a /dev name,
    /// a drive letter, or its volume's name.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Root { get; set; }

    private protected override string? UnpackFolder => TemporaryDirectory is null ? null : ResolveLiteral(TemporaryDirectory);

    protected abstract void Process(SourceGuest guest);

    /// <summary>A source of drivers that cannot be one would be an error of every guest: it ends the command once.</summary>
    protected override void BeginProcessing()
    {
        if (DriverSource is null)
        {
            return;
        }

        var path = ResolveLiteral(DriverSource);
        try
        {
            Drivers.DriverSource.Open(path).Dispose();
        }
        catch (DriverSourceException e)
        {
            ThrowTerminatingError(ErrorRecords.From(e, path));
        }
    }

    private SourceGuest WithWarnings(SourceGuest guest)
    {
        WriteWarnings(guest.Name, guest.Concerns);
        return guest;
    }

    protected sealed override void ProcessRecord()
    {
        foreach (var guest in InputObject.Concat(OpenGuests(Path, LiteralPath).Select(WithWarnings)))
        {
            Process(guest);
        }
    }
}
