using System.Management.Automation;
using V2V.Engine;
using V2V.Engine.Sources;

namespace V2V.PowerShell;

/// <summary>Every ErrorRecord that the module writes: its id, its category, its target, and the advice as recommended action.</summary>
public static class ErrorRecords
{
    private static readonly Dictionary<V2VError, ErrorCategory> Categories = new()
    {
        [V2VError.SourceNotFound] = ErrorCategory.ObjectNotFound,
        [V2VError.SourceInvalid] = ErrorCategory.InvalidData,
        [V2VError.SourceUnsupported] = ErrorCategory.NotImplemented,
        [V2VError.SourceChecksumMismatch] = ErrorCategory.InvalidData,
        [V2VError.GuestRunning] = ErrorCategory.ResourceBusy,
        [V2VError.DiskImageNotFound] = ErrorCategory.ObjectNotFound,
        [V2VError.DiskImageCorrupt] = ErrorCategory.InvalidData,
        [V2VError.DiskImageUnsupported] = ErrorCategory.NotImplemented,
        [V2VError.DiskImageOutsideFolder] = ErrorCategory.SecurityError,
        [V2VError.DiskImageReadFailed] = ErrorCategory.ReadError,
        [V2VError.RemoteUnavailable] = ErrorCategory.ConnectionError,
        [V2VError.AuthenticationFailed] = ErrorCategory.AuthenticationError,
        [V2VError.PartitionTableCorrupt] = ErrorCategory.InvalidData,
        [V2VError.VolumeCorrupt] = ErrorCategory.InvalidData,
        [V2VError.VolumeUnsupported] = ErrorCategory.NotImplemented,
        [V2VError.FileSystemCorrupt] = ErrorCategory.InvalidData,
        [V2VError.FileSystemUnsupported] = ErrorCategory.NotImplemented,
        [V2VError.FileSystemNotClean] = ErrorCategory.ResourceBusy,
        [V2VError.FileSystemFull] = ErrorCategory.LimitsExceeded,
        [V2VError.RegistryCorrupt] = ErrorCategory.InvalidData,
        [V2VError.RegistryNotClean] = ErrorCategory.ResourceBusy,
        [V2VError.RegistryUnsupported] = ErrorCategory.NotImplemented,
        [V2VError.GuestPathNotFound] = ErrorCategory.ObjectNotFound,
        [V2VError.GuestPathExists] = ErrorCategory.ResourceExists,
        [V2VError.GuestPathInvalid] = ErrorCategory.InvalidData,
        [V2VError.NoOperatingSystem] = ErrorCategory.ObjectNotFound,
        [V2VError.SeveralOperatingSystems] = ErrorCategory.InvalidData,
        [V2VError.GuestUnsupported] = ErrorCategory.NotImplemented,
        [V2VError.ConversionFailed] = ErrorCategory.InvalidResult,
        [V2VError.VerificationFailed] = ErrorCategory.InvalidResult,
        [V2VError.DriverSourceNotFound] = ErrorCategory.ObjectNotFound,
        [V2VError.DriverSourceInvalid] = ErrorCategory.InvalidData,
        [V2VError.DriversMissing] = ErrorCategory.ObjectNotFound,
        [V2VError.TargetExists] = ErrorCategory.ResourceExists,
        [V2VError.TargetFull] = ErrorCategory.LimitsExceeded,
        [V2VError.TemporaryFolderFull] = ErrorCategory.LimitsExceeded,
        [V2VError.TargetUnavailable] = ErrorCategory.ResourceUnavailable,
        [V2VError.TargetUnsupported] = ErrorCategory.NotImplemented,
        [V2VError.TargetWriteFailed] = ErrorCategory.WriteError,
        [V2VError.TargetDiffers] = ErrorCategory.InvalidResult,
        [V2VError.LibvirtUnavailable] = ErrorCategory.ConnectionError,
        [V2VError.LibvirtFailed] = ErrorCategory.InvalidOperation,
        [V2VError.ProfileNotFound] = ErrorCategory.ObjectNotFound,
        [V2VError.ProfileInvalid] = ErrorCategory.InvalidData,
        [V2VError.ProfileExists] = ErrorCategory.ResourceExists,
        [V2VError.ProfileUnsupported] = ErrorCategory.NotImplemented,
        [V2VError.ProfileWriteFailed] = ErrorCategory.WriteError,
        [V2VError.SoftwareNotFound] = ErrorCategory.ObjectNotFound,
        [V2VError.SoftwareMissing] = ErrorCategory.ObjectNotFound,
        [V2VError.SoftwareInvalid] = ErrorCategory.InvalidData,
    };

    /// <summary>An error of the engine, or of the system below it, that ended the work on <paramref name="target"/>.</summary>
    public static ErrorRecord From(Exception exception, object? target) => exception switch
    {
        V2VException known => Create(known, known.Error.ToString(), Categories.GetValueOrDefault(known.Error), target ?? known.Path, Advice(known)),
        UnauthorizedAccessException => Create(exception, "AccessDenied", ErrorCategory.PermissionDenied, target, "Check who may read or write it."),
        IOException => Create(exception, "InputOutputFailed", ErrorCategory.DeviceError, target, null),
        _ => Create(exception, "Unexpected", ErrorCategory.NotSpecified, target, "This is a defect of V2V: please report it with $Error[0].Exception."),
    };

    /// <summary>Parameters, or a parameter and the profile, that exclude each other.</summary>
    public static ErrorRecord ParametersConflict(string message, object? target) =>
        Create(new PSArgumentException(message), nameof(ParametersConflict), ErrorCategory.InvalidArgument, target, null);

    /// <summary>An object of the pipeline that says nothing of a guest, or nothing that makes sense.</summary>
    public static ErrorRecord InputNotUnderstood(object input, string message) => Create(
        new PSArgumentException(message), nameof(InputNotUnderstood), ErrorCategory.InvalidData, input,
        "Put the properties that tell of the guest in with Select-Object: Path or Disk, and Name, MemoryMiB, Cpu, Firmware if need be.");

    /// <summary>-IgnoreConcern names what no concern has as its id.</summary>
    public static ErrorRecord ConcernUnknown(string id) => Create(
        new PSArgumentException($"No concern has the id '{id}'."),
        nameof(ConcernUnknown), ErrorCategory.InvalidArgument, id, "Take an id from the property Concerns of what Test-V2VGuest returns.");

    /// <summary>An object of the pipeline that a report has no place for.</summary>
    public static ErrorRecord NotForReport(PSObject input) => Create(
        new PSArgumentException($"A {input.TypeNames[0]} is no result of Test-V2VGuest or Invoke-V2VConversion, nor an error."),
        "InputNotUnderstood", ErrorCategory.InvalidData, input, "Pipe what these commands return; 2>&1 after them adds their errors.");

    /// <summary>-Name was given and there is more than one guest to give it to.</summary>
    public static ErrorRecord NameForSeveralGuests(string name) => Create(
        new PSArgumentException($"The name '{name}' was given, but there is more than one guest to convert."),
        nameof(NameForSeveralGuests), ErrorCategory.InvalidArgument, name, "Convert the guests one by one, or leave out -Name.");

    /// <summary>A second guest of a name that an earlier one of the same run has.</summary>
    public static ErrorRecord NameUsedTwice(SourceGuest guest) => Create(
        new PSArgumentException($"Another guest of this run is called {guest.Name} too; it comes from elsewhere or was given twice, and both would take the same disks and domain."),
        nameof(NameUsedTwice), ErrorCategory.ResourceExists, guest, "Convert it on its own with -Name, or rename it on its way: Get-V2VSourceGuest PATH -Name OTHER.");

    /// <summary>The record of the run cannot be written.</summary>
    public static ErrorRecord LogUnavailable(string path, Exception why) => Create(
        new IOException($"The record of the run cannot be written to {path}: {why.Message}", why), nameof(LogUnavailable), ErrorCategory.OpenError, path,
        "Check that its folder is there and may be written to, and give runs at the same time files of their own.");

    /// <summary>A path of a provider other than the file system.</summary>
    public static ErrorRecord NotAFileSystemPath(string path) => Create(
        new PSArgumentException($"'{path}' is not a path of the file system."),
        nameof(NotAFileSystemPath), ErrorCategory.InvalidArgument, path, "Use a path of a folder or file.");

    /// <summary>The guest was converted and its domain defined, but it does not run as was asked for.</summary>
    public static ErrorRecord NotStarted(string domain, Concern concern) => Create(
        new InvalidOperationException(concern.Message), nameof(NotStarted), ErrorCategory.ResourceUnavailable, domain, concern.Advice);

    /// <summary>The dry run found what would refuse the conversion.</summary>
    public static ErrorRecord Blocked(GuestAssessment assessment) =>
        From(ConversionException.FromCritical(assessment.Concerns, assessment.Source.Path)!, assessment.Source);

    private static string? Advice(V2VException exception) => exception.LeftBehind.Count == 0
        ? exception.Advice
        : string.Join(' ', exception.LeftBehind.Select(concern => concern.ToString()).Prepend(exception.Advice).OfType<string>());

    private static ErrorRecord Create(Exception exception, string id, ErrorCategory category, object? target, string? advice) =>
        new(exception, id, category, target)
        {
            ErrorDetails = new ErrorDetails(target is SourceGuest guest ? $"{guest.Name}: {exception.Message}" : exception.Message)
            {
                RecommendedAction = string.IsNullOrEmpty(advice) ? null : advice,
            },
        };
}
