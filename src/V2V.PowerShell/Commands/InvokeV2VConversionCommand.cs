using System.Collections;
using System.Management.Automation;
using V2V.Engine;
using V2V.Engine.Profiles;
using V2V.Engine.Profiles.VirtV2VConf;
using V2V.Engine.Sources;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Directory;
using V2V.Engine.Targets.Libvirt;

namespace V2V.PowerShell.Commands;

/// <summary>
/// Converts guests so that they run on KVM: writes their disks to a libvirt storage pool or a folder and defines the domain. The source is
/// never written. A conversion that fails or is stopped leaves nothing behind.
/// </summary>
[Cmdlet(VerbsLifecycle.Invoke, "V2VConversion", DefaultParameterSetName = "Path", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(ConversionResult))]
public sealed class InvokeV2VConversionCommand : SourceGuestCommand
{
    private ConversionProfile _settings = new();
    private IReadOnlyList<ConversionSetting> _origins = [];
    private SourceGuest? _named;

    /// <summary>libvirt URI of the host that will run the guests: qemu:///system when nothing else is said.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Connection { get; set; }

    /// <summary>libvirt storage pool that takes the disks: default when nothing else is said.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? StoragePool { get; set; }

    /// <summary>Folder that takes disks and domain XML, in place of libvirt. It is made if need be.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? OutputDirectory { get; set; }

    /// <summary>Format of the disks: Qcow2 when nothing else is said.</summary>
    [Parameter]
    public ImageFormat Format { get; set; }

    /// <summary>How much of the disks' space is taken at once: Sparse when nothing else is said.</summary>
    [Parameter]
    public ImageAllocation Allocation { get; set; }

    /// <summary>Compression of qcow2 disks.</summary>
    [Parameter]
    public ImageCompression Compression { get; set; }

    /// <summary>Name of the converted guest; only for a single guest. The source's name when it is left out.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>libvirt network for every source network that -NetworkMap does not name; beside -Bridge only for what is no bridge in the source.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Network { get; set; }

    /// <summary>Host bridge for every source network that -NetworkMap does not name; beside -Network only for the source's bridges.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
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
    /// Configuration files of virt-v2v 0.9 whose mappings of networks are used, and one profile if -Profile names it. What is in an earlier file
    /// comes before what is in a later one.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] ConfigPath { get; set; } = [];

    /// <summary>Replaces disks and a domain that have the guest's name already.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        var given = ApplyParameters(new ConversionProfile());
        var stored = LoadProfile(given);
        _settings = stored.With(given);
        _origins = ProfileSettings.Describe(stored, given);
        foreach (var setting in _origins)
        {
            WriteVerbose($"Setting: {setting}");
        }

        if (_settings.FindConflict() is { } conflict)
        {
            ThrowTerminatingError(ErrorRecords.ParametersConflict(conflict, Profile));
        }
    }

    protected override void Process(SourceGuest guest)
    {
        if (Name is null)
        {
            Convert(guest);
        }
        else if (_named is null)
        {
            // One name is for one guest, and only the pipeline's end tells that there is no second.
            _named = guest;
        }
        else
        {
            ThrowTerminatingError(ErrorRecords.NameForSeveralGuests(Name));
        }
    }

    protected override void EndProcessing()
    {
        if (_named is not null)
        {
            Convert(_named);
        }
    }

    private void Convert(SourceGuest guest)
    {
        var conversion = new GuestConversion(guest, _settings.ToOptions(Name, Force) with { Root = Root, AsIs = AsIs });
        var activity = $"Converting {guest.Name}";
        var action = $"Convert {guest.Name} ({guest.SourceKind} {guest.Path}) to {_settings.TargetDescription}";
        if (ShouldProcess(action, action + "?", "Convert guest", out var reason))
        {
            if (TryWithProgress(activity, guest, (progress, cancellation) => ConvertTo(conversion, progress, cancellation), out var result))
            {
                WriteWarnings(result.Name, result.Assessment.Concerns.Except(guest.Concerns));
                WriteVerbose($"{result.Name}: {string.Join(", ", result.Phases)}");
                WriteObject(result with { Settings = _origins });
            }
        }
        else if (reason == ShouldProcessReason.WhatIf && TryWithProgress(activity, guest, (progress, cancellation) => Rehearse(conversion, progress, cancellation), out var assessment))
        {
            ShowPlan(guest, assessment);
        }
    }

    private ConversionResult ConvertTo(GuestConversion conversion, IProgress<ConversionProgress> progress, CancellationToken cancellation)
    {
        using var target = OpenTarget();
        return conversion.Convert(target, progress, cancellation);
    }

    private GuestAssessment Rehearse(GuestConversion conversion, IProgress<ConversionProgress> progress, CancellationToken cancellation)
    {
        using var target = OpenTarget();
        return conversion.Assess(progress, target, cancellation);
    }

    private ConversionTarget OpenTarget() => _settings.OutputDirectory is { } folder
        ? new DirectoryTarget(folder)
        : new LibvirtTarget(_settings.Connection ?? ConversionProfile.DefaultConnection, _settings.StoragePool ?? ConversionProfile.DefaultStoragePool)
        {
            DomainType = _settings.DomainType,
        };

    /// <summary>What -WhatIf shows: everything that the rehearsed conversion did, and what it would have gone on to do.</summary>
    private void ShowPlan(SourceGuest guest, GuestAssessment assessment)
    {
        void WhatIf(string what) => ShouldProcess(what, what, "Convert guest");

        WriteWarnings(guest.Name, assessment.Concerns.Except(guest.Concerns).Where(concern => concern.Severity == ConcernSeverity.Warning));
        if (!assessment.CanConvert)
        {
            WriteError(ErrorRecords.Blocked(assessment));
            return;
        }

        foreach (var change in assessment.Changes)
        {
            WhatIf($"{change.Kind} in the guest: {change} ({change.Why})");
        }

        foreach (var disk in guest.Disks)
        {
            WhatIf($"Copy {disk.Path} ({Formatting.Size(disk.Capacity)}) as {_settings.Format ?? ImageFormat.Qcow2} to {_settings.TargetDescription}");
        }

        if (assessment.Hardware?.DirectBoot is { } boot)
        {
            WhatIf($"Copy {string.Join(" and ", new[] { boot.KernelPath, boot.InitramfsPath }.OfType<string>())} out of the guest, for its domain to start");
        }

        WhatIf($"Define domain {Name ?? guest.Name} with {guest.CpuCount} CPU and {Formatting.Memory(guest.MemoryMiB)} of memory");
    }

    private ConversionProfile LoadProfile(ConversionProfile given)
    {
        try
        {
            return ConfigPath.Length > 0 ? ImportProfile(given) : Profile is null ? new ConversionProfile() : ProfileStores.Load(Profile);
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
            : config.Import(Profile, targetIsGiven: (given.Connection ?? given.StoragePool ?? given.OutputDirectory) is not null);
        foreach (var warning in imported.Warnings)
        {
            WriteWarning(warning);
        }

        return imported.Profile;
    }
}
