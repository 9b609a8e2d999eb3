using System.Management.Automation;
using V2V.Engine;
using V2V.Engine.Sources;
using V2V.PowerShell.Fleet;
using Drivers = V2V.Engine.Conversion.Windows.Drivers;

namespace V2V.PowerShell.Commands;

/// <summary>A command that works on source guests: objects of Get-V2VSourceGuest, or the files that describe them.</summary>
public abstract class SourceGuestCommand : SourceCommand
{
    private const string InputObjectSet = "InputObject";

    /// <summary>
    /// Guests as Get-V2VSourceGuest returns them or Test-V2VGuest assessed them, also such that were stored; and what Get-V2VSourceGuest takes: paths,
    /// files, objects of other modules and tables.
    /// </summary>
    [Parameter(ParameterSetName = InputObjectSet, Mandatory = true, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public PSObject[] InputObject { get; set; } = [];

    /// <summary>Files that describe guests (.vmx, .ova, .ovf, .xva, .vbox, .vmcx, .box, .xml of libvirt and Hyper-V), folders of such, disk images, or URIs. Wildcards are allowed.</summary>
    [Parameter(ParameterSetName = PathSet, Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Path { get; set; } = [];

    /// <summary>Files that describe guests, taken as they are written.</summary>
    [Parameter(ParameterSetName = LiteralPathSet, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "FullName")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

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
    [ArgumentCompleter(typeof(RootCompleter))]
    public string? Root { get; set; }

    /// <summary>How many guests are worked on at a time.</summary>
    [Parameter]
    [ValidateRange(1, 64)]
    public int ThrottleLimit { get; set; } = 2;

    /// <summary>
    /// File that the record of the run is appended to, a JSON object a line: each guest's start, phases, changes, concerns, errors and end, with the time.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? LogPath { get; set; }

    /// <summary>The record of the run; null when none was asked for.</summary>
    private RunLog? _log;

    /// <summary>Whether what is worth a warning about a guest is written to the warning stream.</summary>
    private protected virtual bool TellsConcerns => true;

    protected abstract void Process(SourceGuest guest);

    /// <summary>What every guest would fail for ends the command once: a source of drivers that cannot be one, a record that cannot be written.</summary>
    protected override void BeginProcessing()
    {
        if (DriverSource is not null)
        {
            CheckDriverSource(ResolveLiteral(DriverSource));
        }
    }

    private protected override GuestRunner CreateRunner(CancellationToken cancellation) =>
        new(MyInvocation.MyCommand.Name, ThrottleLimit, Streams, _log, cancellation);

    private protected override void Report(ErrorRecord error)
    {
        _log?.Refused(error);
        base.Report(error);
    }

    protected sealed override void ProcessRecord()
    {
        for (var i = 0; i < InputObject.Length; i++)
        {
            Runner.Upcoming = InputObject.Length - 1 - i;
            ProcessAll(OpenInput(InputObject[i]), isOpened: InputObject[i].BaseObject is not (SourceGuest or GuestAssessment));
        }

        ProcessAll(OpenGuests(Path, LiteralPath), isOpened: true);
        WriteRuns();
    }

    /// <param name="guests">The guests.</param>
    /// <param name="isOpened">They were opened by this command, so that nobody has told yet what is worth a warning about them.</param>
    private void ProcessAll(IEnumerable<SourceGuest> guests, bool isOpened)
    {
        foreach (var guest in guests)
        {
            if (isOpened && TellsConcerns)
            {
                Streams.WriteWarnings(guest.Name, guest.Concerns);
            }

            Process(guest);
        }
    }

    /// <summary>Begins the record of the run, if one is wanted.</summary>
    /// <param name="target">Where guests go; null when nowhere.</param>
    private protected void OpenLog(string? target)
    {
        if (LogPath is null)
        {
            return;
        }

        var path = ResolveLiteral(LogPath);
        try
        {
            _log = RunLog.Open(path, MyInvocation.MyCommand.Name, target);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            ThrowTerminatingError(ErrorRecords.LogUnavailable(path, e));
        }
    }

    /// <summary>The record of the run, for who ends it in place of this command.</summary>
    private protected RunLog? HandOverLog()
    {
        var log = _log;
        _log = null;
        return log;
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
        {
            _log?.Dispose();
        }
    }

    private void CheckDriverSource(string path)
    {
        try
        {
            Drivers.DriverSource.Open(path).Dispose();
        }
        catch (DriverSourceException e)
        {
            ThrowTerminatingError(ErrorRecords.From(e, path));
        }
    }
}
