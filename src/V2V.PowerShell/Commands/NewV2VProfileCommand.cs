using System.Collections;
using System.Management.Automation;
using V2V.Engine;
using V2V.Engine.Profiles;
using V2V.Engine.Targets;

namespace V2V.PowerShell.Commands;

/// <summary>Stores settings for Invoke-V2VConversion under a name, as a JSON file in the user's configuration folder.</summary>
[Cmdlet(VerbsCommon.New, "V2VProfile", DefaultParameterSetName = LibvirtSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(ConversionProfile))]
public sealed class NewV2VProfileCommand : V2VCommand
{
    private const string LibvirtSet = "Libvirt";
    private const string DirectorySet = "Directory";

    /// <summary>The profile's name: letters, digits, '-', '_' and '.'.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = "";

    /// <summary>What the profile is for.</summary>
    [Parameter]
    public string? Description { get; set; }

    /// <summary>libvirt URI of the host that will run the guests.</summary>
    [Parameter(ParameterSetName = LibvirtSet)]
    [ValidateNotNullOrEmpty]
    public string? Connection { get; set; }

    /// <summary>libvirt storage pool that takes the disks.</summary>
    [Parameter(ParameterSetName = LibvirtSet)]
    [ValidateNotNullOrEmpty]
    public string? StoragePool { get; set; }

    /// <summary>Folder that takes disks and domain XML, in place of libvirt.</summary>
    [Parameter(ParameterSetName = DirectorySet, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string? OutputDirectory { get; set; }

    /// <summary>Format of the disks.</summary>
    [Parameter]
    public ImageFormat Format { get; set; }

    /// <summary>Compression of qcow2 disks.</summary>
    [Parameter]
    public ImageCompression Compression { get; set; }

    /// <summary>libvirt network for every source network that -NetworkMap does not name.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Network { get; set; }

    /// <summary>Host bridge for every source network that -NetworkMap does not name.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Bridge { get; set; }

    /// <summary>Source networks and the libvirt networks, or 'bridge:NAME', that replace them.</summary>
    [Parameter]
    [ValidateNotNull]
    public Hashtable? NetworkMap { get; set; }

    /// <summary>A virtio-win ISO image, or a folder with what is in it, that Windows guests get their drivers from.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? DriverSource { get; set; }

    /// <summary>The driver that Windows guests start from: viostor for virtio-blk disks, vioscsi for virtio-scsi.</summary>
    [Parameter]
    public StoragePreference BlockDriver { get; set; }

    /// <summary>Converts Windows guests also when there are no drivers for them, to slower hardware.</summary>
    [Parameter]
    public SwitchParameter AllowNoDrivers { get; set; }

    /// <summary>Folder for changes that do not fit in memory.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? TemporaryDirectory { get; set; }

    /// <summary>Replaces a profile that has the name already.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    protected override void EndProcessing()
    {
        var profile = ApplyParameters(new ConversionProfile { Name = Name, Description = Description });
        if (profile.FindConflict() is { } conflict)
        {
            ThrowTerminatingError(ErrorRecords.ParametersConflict(conflict, Name));
        }

        var store = ProfileStore.ForUser();
        if (ShouldProcess($"profile {Name} in {store.Directory}", "Save") && Try(Name, () => store.Save(profile, Force), out var path))
        {
            WriteVerbose($"Saved as {path}.");
            WriteObject(profile);
        }
    }
}
