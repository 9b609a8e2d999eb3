using System.Collections;
using System.Management.Automation;
using V2V.Engine;
using V2V.Engine.Profiles;
using V2V.Engine.Profiles.VirtV2VConf;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Directory;
using V2V.Engine.Targets.Libvirt;
using V2V.Engine.Targets.Nowhere;

namespace V2V.PowerShell.Commands;

/// <summary>A command that takes guests and knows where they go: the target and everything else that a profile decides too.</summary>
public abstract class TargetCommand : SourceGuestCommand
{
    /// <summary>libvirt URI of the host that will run the guests: qemu:///system when nothing else is said.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConnectionCompleter))]
    public string? Connection { get; set; }

    /// <summary>libvirt storage pool that takes the disks: default when nothing else is said.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(StoragePoolCompleter))]
    public string? StoragePool { get; set; }

    /// <summary>Folder that takes disks and descriptions, in place of libvirt. It is made if need be.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? OutputDirectory { get; set; }

    /// <summary>What the guests in -OutputDirectory are meant for: it decides which descriptions lie beside the disks. Libvirt when nothing else is said.</summary>
    [Parameter]
    public GuestPlatform As { get; set; }

    /// <summary>Runs everything and keeps nothing.</summary>
    [Parameter]
    public SwitchParameter NoOutput { get; set; }

    /// <summary>Format of the disks: Qcow2 when nothing else is said.</summary>
    [Parameter]
    public ImageFormat Format { get; set; }

    /// <summary>How much of the disks' space is taken at once: Sparse when nothing else is said.</summary>
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

    /// <summary>Type of the libvirt domain: kvm, or qemu for emulation. The best that the host says it has when it is left out.</summary>
    [Parameter]
    [ValidateSet("kvm", "qemu")]
    public string? DomainType { get; set; }

    /// <summary>
    /// Settings stored by New-V2VProfile, or with -ConfigPath a profile of those files. Parameters that are given win over it.
    /// </summary>
    [Parameter]
    [Alias("ProfileName")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ProfileNameCompleter))]
    public string? Profile { get; set; }

    /// <summary>
    /// Configuration files of virt-v2v 0.9 whose mappings of networks and software are used, and one profile if -Profile names it. What is in an earlier file
    /// comes before what is in a later one.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] ConfigPath { get; set; } = [];

    /// <summary>Folder that relative paths of packages in those files start from: theirs, else /var/lib/virt-v2v/software, when nothing else is said.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? SoftwareRoot { get; set; }

    /// <summary>
    /// Ids of critical concerns that shall not refuse a guest, with * and ? for many. They stay in the report, as warnings. Only what docs/concerns.md
    /// marks can be ignored.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(ConcernIdCompleter))]
    public string[] IgnoreConcern { get; set; } = [];

    /// <summary>Somebody said where guests go; otherwise it would be the default pool of this host.</summary>
    private protected bool NamesTarget => (Settings.Connection ?? Settings.StoragePool ?? Settings.OutputDirectory) is not null || Settings.NoOutput;

    /// <summary>The profile with every parameter put in that was given.</summary>
    private protected ConversionProfile Settings { get; private set; } = new();

    /// <summary>Who decided about each of <see cref="Settings"/>.</summary>
    private protected IReadOnlyList<ConversionSetting> SettingOrigins { get; private set; } = [];

    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        if (IgnoreConcern.FirstOrDefault(IsNoConcern) is { } unknown)
        {
            ThrowTerminatingError(ErrorRecords.ConcernUnknown(unknown));
        }

        var given = ApplyParameters(new ConversionProfile());
        var stored = LoadProfile(given);
        Settings = stored.With(given);
        SettingOrigins = ProfileSettings.Describe(stored, given);
        foreach (var setting in SettingOrigins)
        {
            WriteVerbose($"Setting: {setting}");
        }

        if (Settings.FindConflict() is { } conflict)
        {
            ThrowTerminatingError(ErrorRecords.ParametersConflict(conflict, Profile));
        }

        OpenLog(Settings.TargetDescription);
    }

    private static bool IsNoConcern(string pattern) =>
        WildcardPattern.Get(pattern, WildcardOptions.IgnoreCase) is var wildcard && !ConcernCatalogue.All.Any(kind => wildcard.IsMatch(kind.Id));

    /// <summary>The target that the settings name. Each conversion has its own: it remembers what it made.</summary>
    private protected ConversionTarget OpenTarget() => Settings.NoOutput ? new NowhereTarget()
        : Settings.OutputDirectory is { } folder ? new DirectoryTarget(folder, Settings.As ?? GuestPlatform.Libvirt)
        : new LibvirtTarget(Settings.Connection ?? ConversionProfile.DefaultConnection, Settings.StoragePool ?? ConversionProfile.DefaultStoragePool)
        {
            DomainType = Settings.DomainType,
        };

    private ConversionProfile LoadProfile(ConversionProfile given)
    {
        try
        {
            return ConfigPath.Length > 0 ? ImportProfile(given) : Profile is null ? new ConversionProfile() : ProfileStores.Load(Profile).WithSoftware();
        }
        catch (ProfileException e)
        {
            ThrowTerminatingError(ErrorRecords.From(e, Profile));
            throw;
        }
    }

    private ConversionProfile ImportProfile(ConversionProfile given)
    {
        var config = VirtV2VConfig.Load(ConfigPath.Select(ResolveLiteral));
        var imported = Profile is null
            ? config.ImportNetworks()
            : config.Import(Profile, targetIsGiven: given.NoOutput || (given.Connection ?? given.StoragePool ?? given.OutputDirectory) is not null);
        foreach (var warning in imported.Warnings)
        {
            WriteWarning(warning);
        }

        return imported.Profile;
    }
}
