using System.Collections;
using System.Management.Automation;
using V2V.Engine;
using V2V.Engine.Profiles;
using V2V.Engine.Profiles.VirtV2VConf;
using V2V.Engine.Targets;

namespace V2V.PowerShell.Commands;

/// <summary>
/// Stores settings for Invoke-V2VConversion under a name, as a JSON file of the user's or the machine's configuration; or takes over profiles of
/// virt-v2v's configuration files.
/// </summary>
[Cmdlet(VerbsCommon.New, "V2VProfile", DefaultParameterSetName = LibvirtSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(ConversionProfile))]
public sealed class NewV2VProfileCommand : V2VCommand
{
    private const string LibvirtSet = "Libvirt";
    private const string DirectorySet = "Directory";
    private const string ImportSet = "VirtV2VConfig";
    private const string ImportToDirectorySet = "VirtV2VConfigToDirectory";

    /// <summary>The profile's name: letters, digits, '-', '_' and '.'. That of the imported one when it is left out.</summary>
    [Parameter(ParameterSetName = LibvirtSet, Mandatory = true, Position = 0)]
    [Parameter(ParameterSetName = DirectorySet, Mandatory = true, Position = 0)]
    [Parameter(ParameterSetName = ImportSet, Position = 0)]
    [Parameter(ParameterSetName = ImportToDirectorySet, Position = 0)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ProfileNameCompleter))]
    public string? Name { get; set; }

    /// <summary>Configuration files of virt-v2v 0.9 to take profiles from. What is in an earlier one comes before what is in a later one.</summary>
    [Parameter(ParameterSetName = ImportSet, Mandatory = true)]
    [Parameter(ParameterSetName = ImportToDirectorySet, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string[] FromVirtV2VConfig { get; set; } = [];

    /// <summary>Which profiles of the files; all of them when neither this nor -Name is given.</summary>
    [Parameter(ParameterSetName = ImportSet)]
    [Parameter(ParameterSetName = ImportToDirectorySet)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(ProfileNameCompleter))]
    public string? ProfileName { get; set; }

    /// <summary>Whose profile it is: the user's own, or all users' of this machine.</summary>
    [Parameter]
    public ProfileScope Scope { get; set; }

    /// <summary>What the profile is for.</summary>
    [Parameter]
    public string? Description { get; set; }

    /// <summary>libvirt URI of the host that will run the guests.</summary>
    [Parameter(ParameterSetName = LibvirtSet)]
    [Parameter(ParameterSetName = ImportSet)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConnectionCompleter))]
    public string? Connection { get; set; }

    /// <summary>libvirt storage pool that takes the disks.</summary>
    [Parameter(ParameterSetName = LibvirtSet)]
    [Parameter(ParameterSetName = ImportSet)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(StoragePoolCompleter))]
    public string? StoragePool { get; set; }

    /// <summary>Folder that takes disks and descriptions, in place of libvirt.</summary>
    [Parameter(ParameterSetName = DirectorySet, Mandatory = true)]
    [Parameter(ParameterSetName = ImportToDirectorySet, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string? OutputDirectory { get; set; }

    /// <summary>What the guests in the folder are meant for.</summary>
    [Parameter(ParameterSetName = DirectorySet)]
    [Parameter(ParameterSetName = ImportToDirectorySet)]
    public GuestPlatform As { get; set; }

    /// <summary>Type of the libvirt domain: kvm, or qemu for emulation.</summary>
    [Parameter]
    [ValidateSet("kvm", "qemu")]
    public string? DomainType { get; set; }

    /// <summary>Format of the disks.</summary>
    [Parameter]
    public ImageFormat Format { get; set; }

    /// <summary>How much of the disks' space is taken at once.</summary>
    [Parameter]
    public ImageAllocation Allocation { get; set; }

    /// <summary>Compression of qcow2 disks.</summary>
    [Parameter]
    public ImageCompression Compression { get; set; }

    /// <summary>libvirt network for every source network that -NetworkMap does not name; beside -Bridge only for what is no bridge in the source.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NetworkCompleter))]
    public string? Network { get; set; }

    /// <summary>Host bridge for every source network that -NetworkMap does not name; beside -Network only for the source's bridges.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(BridgeCompleter))]
    public string? Bridge { get; set; }

    /// <summary>Source networks and the libvirt networks, or 'bridge:NAME', that replace them.</summary>
    [Parameter]
    [ValidateNotNull]
    public Hashtable? NetworkMap { get; set; }

    /// <summary>MAC addresses of adapters and the libvirt network, or 'bridge:NAME', that each is connected to.</summary>
    [Parameter]
    [ValidateNotNull]
    public Hashtable? MacMap { get; set; }

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

    /// <summary>Folder that paths of software in configurations of virt-v2v start from.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? SoftwareRoot { get; set; }

    /// <summary>Folder for changes that do not fit in memory.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? TemporaryDirectory { get; set; }

    /// <summary>Replaces a profile that has the name already.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    protected override void EndProcessing()
    {
        if (FromVirtV2VConfig.Length > 0)
        {
            Import();
        }
        else
        {
            Store(new ConversionProfile { Name = Name! });
        }
    }

    private void Import()
    {
        var paths = FromVirtV2VConfig.Select(ResolveLiteral).ToArray();
        if (!Try(paths[0], () => VirtV2VConfig.Load(paths), out var config))
        {
            return;
        }

        var names = Choose(config);
        if (Name is not null && names.Count > 1)
        {
            ThrowTerminatingError(ErrorRecords.ParametersConflict($"The name '{Name}' was given, but '{ProfileName}' stands for {names.Count} profiles.", Name));
        }

        var targetIsGiven = (Connection ?? StoragePool ?? OutputDirectory) is not null;
        HashSet<string> warned = [];
        foreach (var name in names)
        {
            if (Try(name, () => config.Import(name, targetIsGiven), out var imported))
            {
                // Of several profiles each would tell anew what the files have beside them.
                foreach (var warning in imported.Warnings.Where(warned.Add))
                {
                    WriteWarning(warning);
                }

                Store(imported.Profile with { Name = Name ?? name });
            }
        }
    }

    /// <summary>A name without wildcards is taken as it is, so that one that is not there is an error.</summary>
    private IReadOnlyList<string> Choose(VirtV2VConfig config)
    {
        var wanted = ProfileName ?? Name ?? "*";
        return WildcardPattern.ContainsWildcardCharacters(wanted)
            ? [.. config.ProfileNames.Where(WildcardPattern.Get(wanted, WildcardOptions.IgnoreCase).IsMatch)]
            : [wanted];
    }

    private void Store(ConversionProfile settings)
    {
        var profile = ApplyParameters(settings);
        if (profile.FindConflict() is { } conflict)
        {
            ThrowTerminatingError(ErrorRecords.ParametersConflict(conflict, profile.Name));
        }

        if (SoftwareRoot is not null && !Directory.Exists(profile.SoftwareRoot))
        {
            WriteWarning($"The software root {profile.SoftwareRoot} is no folder of this machine.");
        }

        var store = ProfileStore.For(Scope);
        if (ShouldProcess($"profile {profile.Name} in {store.Directory}", "Save") && Try(profile.Name, () => store.Save(profile, Force), out var stored))
        {
            WriteVerbose($"Saved as {stored.Path}.");
            WriteObject(stored);
        }
    }
}
